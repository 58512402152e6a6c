//! How far a partition was read, and what was counted there. JSON on disk.

use orderlog_contract::order::Outcome;
use serde::{Deserialize, Serialize};

use crate::breaker::Breaker;

/// How far one partition was read, and what was counted there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRow {
    /// Offset of the next record to read.
    pub next: i64,
    /// Records below this offset were counted before a rewind.
    #[serde(default)]
    pub counted_to: i64,
    /// The last record that was read: proves at startup that the topic is still the same one.
    pub last: Option<LastRecord>,
    /// What was counted.
    #[serde(flatten)]
    pub counters: Counters,
    /// Its breaker; `None` while there is nothing to keep of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) breaker: Option<Box<Breaker>>,
}

impl PartitionRow {
    /// Counts the next record for the breaker. Returns whether it opens it: no record after it is to be read.
    pub(crate) fn count_for_breaker(&mut self, offset: i64, is_dead_letter: bool) -> bool {
        if self.breaker.is_none() && !is_dead_letter {
            return false;
        }
        let breaker = self.breaker.get_or_insert_default();
        let opens = breaker.count(offset, is_dead_letter);
        if breaker.is_default() {
            self.breaker = None;
        }
        opens
    }

    /// The same row with another breaker.
    pub(crate) fn with_breaker(&self, breaker: Breaker) -> Self {
        Self {
            breaker: (!breaker.is_default()).then(|| Box::new(breaker)),
            ..self.clone()
        }
    }

    /// Whether its breaker is open, so that the partition is not read until it is resumed.
    pub(crate) fn is_breaker_open(&self) -> bool {
        self.breaker.as_ref().is_some_and(|breaker| breaker.is_open())
    }
}

/// Offset and content of the last record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRecord {
    /// Its offset.
    pub offset: i64,
    /// SHA-256 of its key and value, hex.
    pub hash: String,
}

/// Outcomes of a partition's records since the first. Each record is counted in exactly one of the first five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// The event became its order's state.
    pub applied: u64,
    /// The event that produced the current state, seen again.
    pub duplicate: u64,
    /// Lost a race, or is older than the state.
    pub superseded: u64,
    /// Null values.
    pub ignored: u64,
    /// Rejected.
    pub dead_lettered: u64,
    /// Applied events that were not based on the state before them.
    pub gaps: u64,
    /// Orders that exist.
    pub orders: u64,
}

impl Counters {
    /// All records counted.
    pub fn records(&self) -> u64 {
        self.applied + self.duplicate + self.superseded + self.ignored + self.dead_lettered
    }

    /// Counts an outcome.
    pub fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Applied { gap } => {
                self.applied += 1;
                self.gaps += u64::from(*gap);
            }
            Outcome::Duplicate => self.duplicate += 1,
            Outcome::Superseded => self.superseded += 1,
            Outcome::Ignored => self.ignored += 1,
            Outcome::Rejected(_) => self.dead_lettered += 1,
        }
    }

    /// Adds another partition's counts.
    pub fn add(&mut self, other: &Self) {
        self.applied += other.applied;
        self.duplicate += other.duplicate;
        self.superseded += other.superseded;
        self.ignored += other.ignored;
        self.dead_lettered += other.dead_lettered;
        self.gaps += other.gaps;
        self.orders += other.orders;
    }
}
