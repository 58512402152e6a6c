//! How far the projection is, as others see it.

use crate::breaker::BreakerProgress;
use crate::store::Counters;

/// Why a projection that is reading is behind its topic: it has not reached the end since startup.
pub const CATCHING_UP: &str = "still catching up with the topic after startup";

/// How far the projection is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Why nothing is read yet; `None` once reading has begun.
    pub starting: Option<String>,
    /// Why nothing is read until an operator acts.
    pub halted: Option<String>,
    /// Why nothing is read for now: the schema registry contradicts the store. It passes when the right one is back.
    pub suspended: Option<String>,
    /// Why nothing can be written to the store for now; it passes when the disk has space again.
    pub unwritable: Option<String>,
    /// What an operator should know about the topic's settings.
    pub warnings: Vec<String>,
    /// Schema ids that records use and the registry no longer knows.
    pub lost_schemas: Vec<u32>,
    /// How often a partition was rewound, to read skipped records again. Counted after the partition shows that it is not
    /// caught up, and before any order is forgotten.
    pub rewinds: u64,
    /// One for each partition, in order; empty until the topic was found.
    pub partitions: Vec<PartitionProgress>,
}

/// How far one partition is.
#[derive(Clone, Debug, Default)]
pub struct PartitionProgress {
    /// Offset of the next record to read.
    pub next: i64,
    /// Every offset below this has been read: `next`, or the partition's end if that was reached after it. (A transaction
    /// marker takes an offset, but is never delivered.)
    pub read_to: i64,
    /// What was counted.
    pub counters: Counters,
    /// Timestamp of the last record that was read since startup, in milliseconds since 1970; `None` if it has none, or none
    /// was read.
    pub last_timestamp: Option<i64>,
    /// Whether its end was reached since startup, or its breaker has been open: it got no further then.
    pub caught_up: bool,
    /// Whether its end was reached after its last record. Nothing clears it while consumption is halted or suspended.
    pub at_end: bool,
    /// Why it is paused.
    pub paused: Option<String>,
    /// How close its breaker is to opening; `None` in a service without one, and, until the topic was found, while there is
    /// nothing to tell.
    pub breaker: Option<BreakerProgress>,
}

impl Progress {
    /// Whether the end of every partition was reached since startup.
    pub fn is_caught_up(&self) -> bool {
        !self.partitions.is_empty() && self.partitions.iter().all(|partition| partition.caught_up)
    }

    /// How many partitions the topic has; `None` until it was found.
    pub fn partition_count(&self) -> Option<i32> {
        i32::try_from(self.partitions.len()).ok().filter(|count| *count > 0)
    }

    /// One partition.
    pub fn partition(&self, partition: i32) -> Option<&PartitionProgress> {
        self.partitions.get(usize::try_from(partition).ok()?)
    }

    /// Why nothing is read, for now or until an operator acts.
    pub fn stop_reason(&self) -> Option<&String> {
        self.halted.as_ref().or(self.suspended.as_ref())
    }

    /// Why nothing is read now: as [`Self::stop_reason`], or it has not started.
    pub fn not_reading(&self) -> Option<&String> {
        self.stop_reason().or(self.starting.as_ref())
    }

    /// Whatever an operator should know, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let paused = self
            .partitions
            .iter()
            .enumerate()
            .filter_map(|(n, partition)| Some(format!("partition {n} is paused: {}", partition.paused.as_ref()?)));
        let lost = self.lost_schemas.first().map(|first| {
            format!(
                "the schema registry no longer knows schema id {first}{}: other consumers cannot read records that use it",
                match self.lost_schemas.len() {
                    1 => String::new(),
                    more => format!(" and {} more", more - 1),
                }
            )
        });
        self.halted
            .iter()
            .chain(&self.suspended)
            .cloned()
            .chain(self.starting.iter().cloned())
            .chain(self.unwritable.iter().cloned())
            .chain(paused)
            .chain(lost)
            .chain(self.warnings.iter().cloned())
            .collect()
    }
}
