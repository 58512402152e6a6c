//! Partitions that another producer's transaction blocks, as both services report it. No record after its first can be read
//! until it ends: its own producer, the broker after the transaction's timeout, or an operator ends it.

use std::fmt;
use std::time::Duration;

use orderlog_kafka::connection::StalledLso;

use crate::since::rfc3339_of;

/// A transaction that blocks a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// The partition.
    pub partition: i32,
    /// Offset of its first record.
    pub offset: i64,
    /// For how long it was seen there.
    pub open_for: Duration,
    /// Since when, as RFC 3339; `None` while this machine's clock shows no time.
    pub since: Option<String>,
}

impl OpenTransaction {
    pub(crate) fn of(partition: i32, still: StalledLso) -> Self {
        Self {
            partition,
            offset: still.offset,
            open_for: still.since.elapsed(),
            since: rfc3339_of(still.since),
        }
    }
}

impl fmt::Display for OpenTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, offset, .. } = self;
        write!(
            f,
            "partition {partition} is blocked by another producer's open transaction at offset {offset}, since {} ({} s): no record after it can be read, and cart-service rejects writes to it, until the transaction is committed or aborted",
            self.since.as_deref().unwrap_or("an unknown time"),
            self.open_for.as_secs()
        )
    }
}
