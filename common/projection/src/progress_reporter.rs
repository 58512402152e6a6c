//! What the projection reports as it runs: counters, milestones in the log output, and its progress in Kafka for lag tools.

use std::time::{Duration, Instant};

use metrics::{Counter, Gauge, counter, gauge};
use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::log_reader::LogReader;
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::metrics::{IDEMPOTENCY_KEYS, RECORDS};

use crate::partitions::Partitions;
use crate::settings::Settings;
use crate::store::{Counters, Store};

const REPORT_INTERVAL: Duration = Duration::from_secs(2);

/// Reports progress, and remembers what it has logged.
pub(crate) struct ProgressReporter {
    topic: String,
    last_report: Instant,
    caught_up_logged: bool,
    /// Whether any broker was connected at the last report.
    connected: bool,
    /// Counters of records, by outcome.
    applied: Counter,
    duplicate: Counter,
    superseded: Counter,
    ignored: Counter,
    unusable: Counter,
    /// `None` where no keys are kept.
    idempotency_keys: Option<Gauge>,
}

impl ProgressReporter {
    pub fn new(settings: &Settings) -> Self {
        let service = settings.service;
        let records = |outcome| counter!(RECORDS, "service" => service, "outcome" => outcome);
        Self {
            topic: settings.topic.name.clone(),
            last_report: Instant::now(),
            caught_up_logged: false,
            connected: false,
            applied: records("applied"),
            duplicate: records("duplicate"),
            superseded: records("superseded"),
            ignored: records("ignored"),
            unusable: records("unusable"),
            idempotency_keys: (settings.max_idempotency_keys > 0)
                .then(|| gauge!(IDEMPOTENCY_KEYS, "service" => service)),
        }
    }

    /// Counts the records that have been committed since the last call.
    pub fn count(&self, before: &Counters, after: &Counters) {
        for (counter, before, after) in [
            (&self.applied, before.applied, after.applied),
            (&self.duplicate, before.duplicate, after.duplicate),
            (&self.superseded, before.superseded, after.superseded),
            (&self.ignored, before.ignored, after.ignored),
            (&self.unusable, before.dead_lettered, after.dead_lettered),
        ] {
            counter.increment(after.saturating_sub(before));
        }
    }

    /// Whether it is time for a report.
    pub fn is_due(&self) -> bool {
        self.last_report.elapsed() > REPORT_INTERVAL
    }

    /// Reports the state of the connection, and how many idempotency keys the store keeps.
    pub fn report(&mut self, connection: &ConnectionState, store: &Store) {
        self.last_report = Instant::now();
        self.log_connection_change(connection);
        if let Some(gauge) = &self.idempotency_keys {
            gauge.set(store.key_count() as f64);
        }
    }

    /// Logs once that the topic was read to its end.
    pub fn log_caught_up(&mut self, partitions: &Partitions) {
        if self.caught_up_logged || !partitions.iter().all(|(_, state)| state.is_caught_up()) {
            return;
        }
        self.caught_up_logged = true;
        let (mut orders, mut records) = (0, 0);
        for (_, state) in partitions.iter() {
            let counters = &state.row().counters;
            orders += counters.orders;
            records += counters.records();
        }
        if records == 0 {
            tracing::info!(
                kafka.topic = self.topic,
                "caught up with the topic, which has no records yet"
            );
            return;
        }
        tracing::info!(
            kafka.topic = self.topic,
            partitions = partitions.count(),
            orders,
            records,
            "caught up with the topic"
        );
    }

    /// Logs once that no broker is connected, and once that one is again.
    fn log_connection_change(&mut self, connection: &ConnectionState) {
        let connected = connection.is_connected();
        if connected == self.connected {
            return;
        }
        self.connected = connected;
        if connected {
            tracing::info!("connected to Kafka");
        } else {
            let reason = connection.last_error();
            tracing::warn!(reason, "lost connection to Kafka");
        }
    }
}

/// Commits the offsets to Kafka, for lag tools; nothing depends on it.
pub(crate) fn commit_offsets(partitions: &Partitions, reader: &LogReader) {
    crash_point::reached(Point::ProgressNotReported);
    reader.commit_progress(
        partitions
            .iter()
            .map(|(partition, state)| (partition, state.row().next)),
    );
    crash_point::reached(Point::ProgressReported);
}
