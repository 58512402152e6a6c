//! The gauges of what a projection knows, set on every scrape: a gauge that the projection's thread sets would keep its last
//! value while that thread waits for a broker.

use std::sync::Arc;

use metrics::gauge;
use orderlog_runtime::clock;
use orderlog_runtime::metrics::{
    BREAKER_OPEN, IDEMPOTENCY_KEYS, LAG, LAST_RECORD_AGE, OPEN_TRANSACTION, ORDERS, PARTITION_PAUSED, STORE_FREE,
};

use crate::progress::PartitionProgress;
use crate::view::View;

impl View {
    /// Sets the gauges of the store, of the orders and of each partition, also of a topic that has not been found since the
    /// start. Blocks no server thread, and waits for the disk for at most a second.
    pub async fn set_gauges(&self) {
        let found = self.found_partitions();
        let figures = self
            .store_reading()
            .figures(self.store(), self.keeps_keys(), found.is_none())
            .await;
        let set = |name: &'static str, value: Option<u64>| {
            gauge!(name, "service" => self.service()).set(value.map_or(f64::NAN, |value| value as f64));
        };
        set(STORE_FREE, figures.free_bytes);
        if self.keeps_keys() {
            set(IDEMPOTENCY_KEYS, figures.keys);
        }
        let is_reading = self.progress().not_reading().is_none();
        let known = found.map(Arc::new).or(figures.partitions);
        for (partition, read) in known.iter().flat_map(|known| known.iter()) {
            self.set_partition_gauges(*partition, read, is_reading);
        }
        set(
            ORDERS,
            known.map(|known| known.iter().map(|(_, read)| read.counters.orders).sum()),
        );
    }

    fn set_partition_gauges(&self, partition: i32, read: &PartitionProgress, is_reading: bool) {
        let labels = [
            ("service", self.service().to_owned()),
            ("partition", partition.to_string()),
        ];
        let lag = self.lag(partition, read).records;
        gauge!(LAG, &labels).set(lag.map_or(f64::NAN, |records| records as f64));
        let open = self.open_transaction(partition);
        gauge!(OPEN_TRANSACTION, &labels).set(open.map_or(0.0, |open| open.open_for.as_secs_f64()));
        let paused = !is_reading || read.paused.is_some();
        gauge!(PARTITION_PAUSED, &labels).set(f64::from(u8::from(paused)));
        if let Some(breaker) = read.breaker {
            gauge!(BREAKER_OPEN, &labels).set(f64::from(u8::from(breaker.open)));
        }
        if let (Some(written), Ok(now)) = (read.last_timestamp, clock::now_ms()) {
            // Below 0 where the writer's clock is ahead of ours.
            let age = now.saturating_sub(written).max(0);
            gauge!(LAST_RECORD_AGE, &labels).set(age as f64 / 1_000.0);
        }
    }
}
