//! What the projection shows of itself: metrics, the log's milestones, and its progress in Kafka for lag tools.

use std::time::{Duration, Instant};

use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::connection::StalledLso;
use orderlog_kafka::log_reader::LogReader;
use orderlog_registry::Reachability;
use orderlog_runtime::crash_point::{self, Point};

use crate::partition_state::PartitionState;
use crate::partitions::Partitions;
use crate::store::Counters;

const REPORT_INTERVAL: Duration = Duration::from_secs(2);

/// Reports progress, and remembers what it has logged.
pub(crate) struct ProgressReporter {
    service: &'static str,
    topic: String,
    last_report: Instant,
    caught_up_logged: bool,
    /// Whether any broker was connected at the last report.
    connected: bool,
}

impl ProgressReporter {
    pub fn new(service: &'static str, topic: String) -> Self {
        Self {
            service,
            topic,
            last_report: Instant::now(),
            caught_up_logged: false,
            connected: false,
        }
    }

    /// Counts the records that were committed since.
    pub fn count(&self, before: &Counters, after: &Counters) {
        let outcomes = [
            ("applied", before.applied, after.applied),
            ("duplicate", before.duplicate, after.duplicate),
            ("superseded", before.superseded, after.superseded),
            ("ignored", before.ignored, after.ignored),
            ("unusable", before.dead_lettered, after.dead_lettered),
        ];
        for (outcome, before, after) in outcomes.into_iter().filter(|(_, before, after)| after > before) {
            metrics::counter!("orderlog_records_total", "service" => self.service, "outcome" => outcome)
                .increment(after - before);
        }
    }

    /// Whether it is time for a report.
    pub fn is_due(&self) -> bool {
        self.last_report.elapsed() > REPORT_INTERVAL
    }

    /// Reports how far all partitions are. `keys`: how many idempotency keys are kept, if any are.
    pub fn report(
        &mut self,
        partitions: &Partitions,
        connection: &ConnectionState,
        registry: Reachability,
        keys: Option<u64>,
    ) {
        self.last_report = Instant::now();
        for (partition, state) in partitions.iter() {
            self.report_partition(partition, state, connection);
        }
        self.log_connection_change(connection);
        let registry = match registry {
            Reachability::Disconnected => 0.0,
            Reachability::Connected | Reachability::Unknown => 1.0,
        };
        metrics::gauge!("orderlog_registry_connected", "service" => self.service).set(registry);
        if let Some(keys) = keys {
            metrics::gauge!("orderlog_idempotency_keys", "service" => self.service).set(keys as f64);
        }
        let orders: u64 = partitions.iter().map(|(_, state)| state.row().counters.orders).sum();
        metrics::gauge!("orderlog_orders", "service" => self.service).set(orders as f64);
    }

    fn report_partition(&self, partition: i32, state: &PartitionState, connection: &ConnectionState) {
        let still = connection.stalled_lso(partition).filter(|_| state.is_at_end());
        let still = still.filter(StalledLso::is_long);
        let next = state.row().next;
        let lag = if state.is_at_end() && still.is_none() {
            0
        } else {
            connection.end_offset(partition).map_or(0, |end| (end - next).max(0))
        };
        let blocked = still.map_or(0.0, |still| still.since.elapsed().as_secs_f64());
        let paused = f64::from(u8::from(state.pause().is_some()));
        let labels = [
            ("service", self.service.to_owned()),
            ("partition", partition.to_string()),
        ];
        metrics::gauge!("orderlog_lag_records", &labels).set(lag as f64);
        metrics::gauge!("orderlog_open_transaction_seconds", &labels).set(blocked);
        metrics::gauge!("orderlog_partition_paused", &labels).set(paused);
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
