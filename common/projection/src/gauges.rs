//! The gauges of what a projection knows, set on every scrape: a gauge that the projection's thread sets would keep its last
//! value while that thread waits for a broker.

use metrics::gauge;
use orderlog_runtime::clock;
use orderlog_runtime::metrics::{LAG, LAST_RECORD_AGE, OPEN_TRANSACTION, ORDERS, PARTITION_PAUSED};

use crate::progress::PartitionProgress;
use crate::view::View;

impl View {
    /// Sets the gauges of the orders and of each partition; there are none until the topic has been found.
    pub fn set_gauges(&self) {
        let progress = self.progress();
        let is_stopped = progress.stop_reason().is_some();
        for (partition, read) in (0..).zip(&progress.partitions) {
            self.set_partition_gauges(partition, read, is_stopped);
        }
        if !progress.partitions.is_empty() {
            let orders: u64 = progress
                .partitions
                .iter()
                .map(|partition| partition.counters.orders)
                .sum();
            gauge!(ORDERS, "service" => self.service()).set(orders as f64);
        }
    }

    fn set_partition_gauges(&self, partition: i32, read: &PartitionProgress, is_stopped: bool) {
        let labels = [
            ("service", self.service().to_owned()),
            ("partition", partition.to_string()),
        ];
        let lag = self.lag(partition, read).records;
        gauge!(LAG, &labels).set(lag.map_or(f64::NAN, |records| records as f64));
        let open = self.open_transaction(partition);
        gauge!(OPEN_TRANSACTION, &labels).set(open.map_or(0.0, |open| open.open_for.as_secs_f64()));
        let paused = is_stopped || read.paused.is_some();
        gauge!(PARTITION_PAUSED, &labels).set(f64::from(u8::from(paused)));
        if let (Some(written), Ok(now)) = (read.last_timestamp, clock::now_ms()) {
            // Below 0 where the writer's clock is ahead of ours.
            let age = now.saturating_sub(written).max(0);
            gauge!(LAST_RECORD_AGE, &labels).set(age as f64 / 1_000.0);
        }
    }
}
