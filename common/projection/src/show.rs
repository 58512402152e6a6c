//! What the projection shows of itself: metrics, and its progress in Kafka for lag tools.

use std::time::Instant;

use orderlog_kafka::connection::StalledLso;
use orderlog_kafka::log_reader::LogReader;
use orderlog_registry::Reachability;
use orderlog_runtime::crash_point::{self, Point};

use super::part::Part;
use super::rejections::RejectionHandler;
use super::run::Runner;
use crate::store::Counters;

impl<U: RejectionHandler> Runner<U> {
    pub(super) fn count(&self, before: &Counters, after: &Counters) {
        let outcomes = [
            ("applied", before.applied, after.applied),
            ("duplicate", before.duplicate, after.duplicate),
            ("superseded", before.superseded, after.superseded),
            ("ignored", before.ignored, after.ignored),
            ("unusable", before.dead_lettered, after.dead_lettered),
        ];
        for (outcome, before, after) in outcomes.into_iter().filter(|(_, before, after)| after > before) {
            metrics::counter!("orderlog_records_total", "service" => self.settings.service, "outcome" => outcome)
                .increment(after - before);
        }
    }

    pub(super) fn show(&mut self, reader: &LogReader) {
        self.shown = Instant::now();
        if !self.halted {
            crash_point::reached(Point::ProgressNotReported);
            reader.commit_progress(
                (0..)
                    .zip(&self.parts)
                    .map(|(partition, part)| (partition, part.row.next)),
            );
            crash_point::reached(Point::ProgressReported);
        }
        for (partition, part) in (0..).zip(&self.parts) {
            let still = self.connection.stalled_lso(partition).filter(|_| part.is_at_end());
            let still = still.filter(StalledLso::is_long);
            let lag = if part.is_at_end() && still.is_none() {
                0
            } else {
                self.connection
                    .end_offset(partition)
                    .map_or(0, |end| (end - part.row.next).max(0))
            };
            let blocked = still.map_or(0.0, |still| still.since.elapsed().as_secs_f64());
            let labels = [
                ("service", self.settings.service.to_owned()),
                ("partition", partition.to_string()),
            ];
            metrics::gauge!("orderlog_lag_records", &labels).set(lag as f64);
            metrics::gauge!("orderlog_open_transaction_seconds", &labels).set(blocked);
            metrics::gauge!("orderlog_partition_paused", &labels).set(f64::from(u8::from(part.hold.is_some())));
        }
        self.tell_of_link();
        let registry = match self.lookup.registry().reachability() {
            Reachability::Disconnected => 0.0,
            Reachability::Connected | Reachability::Unknown => 1.0,
        };
        metrics::gauge!("orderlog_registry_connected", "service" => self.settings.service).set(registry);
        if self.settings.most_keys > 0 {
            let keys = self.store.key_count();
            metrics::gauge!("orderlog_idempotency_keys", "service" => self.settings.service).set(keys as f64);
        }
        let orders: u64 = self.parts.iter().map(|part| part.row.counters.orders).sum();
        metrics::gauge!("orderlog_orders", "service" => self.settings.service).set(orders as f64);
    }

    /// Logs once that the topic was read to its end.
    pub(super) fn tell_when_caught_up(&mut self) {
        if self.told_caught_up || !self.parts.iter().all(Part::is_caught_up) {
            return;
        }
        self.told_caught_up = true;
        let (orders, records) = self.parts.iter().fold((0, 0), |(orders, records), part| {
            (orders + part.row.counters.orders, records + part.row.counters.records())
        });
        tracing::info!(
            kafka.topic = self.settings.topic.name,
            partitions = self.parts.len(),
            orders,
            records,
            "caught up with the topic"
        );
    }

    /// Logs once that the broker fell silent, and once that it is heard again.
    fn tell_of_link(&mut self) {
        let heard = self.connection.is_connected();
        if std::mem::replace(&mut self.heard, heard) == heard {
            return;
        }
        if heard {
            tracing::info!("a kafka broker is heard");
        } else {
            let reason = self.connection.last_error();
            tracing::warn!(reason, "no kafka broker is heard");
        }
    }
}
