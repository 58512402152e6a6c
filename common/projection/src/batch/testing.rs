//! Records for tests, without a broker.

use orderlog_contract::frame;
use orderlog_kafka::partition::{Partitioner, Partitioning};

use super::placement::Placement;
use super::record::LogRecord;

pub const SIX: Partitioning = Partitioning {
    partitioner: Partitioner::Murmur2,
    partitions: 6,
};

/// The partition of that key, of six.
pub fn home(key: &str) -> Placement {
    Placement {
        partition: SIX.of_key(key.as_bytes()),
        partitioning: SIX,
    }
}

/// A record at that offset, which is also its index and its timestamp.
pub fn record<'a>(offset: i64, key: Option<&'a [u8]>, value: Option<&'a [u8]>) -> LogRecord<'a> {
    LogRecord {
        index: usize::try_from(offset).expect("an offset"),
        offset,
        timestamp_ms: offset,
        key,
        value,
        framed: value.map(|value| frame::read(value, |_| None)),
        request: None,
    }
}
