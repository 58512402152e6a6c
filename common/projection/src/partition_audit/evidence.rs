//! What a topic's oldest records say about how many partitions it had when they were written. Pure.
//!
//! A record shows two partitions: the one that it is in, and the one that its key belongs to now. If they differ, it
//! may have been written before partitions were added, or by a producer with another partitioner or a bug, and chance
//! alone puts some of the latter where a smaller topic would have them. So for each smaller partition count, the
//! records are processed in the order in which they were written, each key once: a record that is where that count
//! would place it counts in favor, any other counts against it, several times over. A count is accepted when more
//! records are in favor than chance would explain, and when enough of them belong elsewhere now. As partitions are only
//! ever added, the records in favor come first, and no producer can write anything in front of them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use orderlog_kafka::partition::{Partitioner, Partitioning};

/// With fewer records there is no verdict.
pub(super) const MIN_RECORDS: i64 = 3;
/// Minimum number of keys that must belong elsewhere now: a single one may be a producer's bug.
const MIN_MOVED: i32 = 2;
/// And at least one in this many of all keys in favor: if the topic did have that count, half or more belong elsewhere.
const MIN_MOVED_OF: i32 = 4;
/// A producer that places its records at random is mistaken for a smaller topic once in this many cases.
const ODDS: i64 = 1_000;
/// How many records in favor are canceled by one against.
const PENALTY: i32 = 3;
/// A count is discarded when its score falls this low: what later producers write no longer matters.
const MIN_SCORE: i32 = -9;

/// One of the oldest records of a partition.
pub(super) struct OldRecord {
    /// When it was written, in milliseconds.
    pub timestamp: i64,
    pub offset: i64,
    pub key: Vec<u8>,
}

/// The oldest records of a partition, in order.
pub(super) struct PartitionHead {
    pub records: Vec<OldRecord>,
    /// Whether the partition has no others.
    pub is_whole: bool,
}

/// The finding that a topic had fewer partitions, and a record that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FewerPartitions {
    /// How many it had.
    pub before: i32,
    /// Where the record is.
    pub partition: i32,
    pub offset: i64,
    /// The partition that its key belongs to now.
    pub home: i32,
}

/// The evidence for a smaller number of partitions.
struct Hypothesis {
    before: i32,
    score: i32,
    best: i32,
    moved: i32,
    accepted: bool,
    shown_by: Option<FewerPartitions>,
}

/// Whether the topic had fewer partitions when its oldest records were written. One head for each partition.
pub(super) fn added_partitions(now: Partitioning, heads: &[PartitionHead]) -> Option<FewerPartitions> {
    let evidence = min_evidence(now.partitions);
    let new = |before| Hypothesis {
        before,
        score: 0,
        best: 0,
        moved: 0,
        accepted: false,
        shown_by: None,
    };
    let mut hypotheses: Vec<Hypothesis> = (1..now.partitions).map(new).collect();
    let mut keys = HashSet::new();
    for (partition, record) in in_order(heads) {
        if keys.insert(&record.key) {
            hypotheses
                .iter_mut()
                .for_each(|hypothesis| hypothesis.take(now, partition, record, evidence));
            hypotheses.retain(|hypothesis| hypothesis.score > MIN_SCORE || hypothesis.accepted);
        }
    }
    let accepted = hypotheses.into_iter().filter(|hypothesis| hypothesis.accepted);
    accepted.max_by_key(|hypothesis| hypothesis.best)?.shown_by
}

/// Minimum number of keys that must be where another partitioner places them and ours does not.
const MIN_MISPLACED: usize = 10;
/// How many of those there must be for each key that is where neither places it: placed at random, they would be fewer.
const MIN_MISPLACED_OF: usize = 9;

/// The partitioner of most of the oldest records, where that is not ours. Producers with another partitioner are told
/// from producers with a bug; the partitioner of most keys wins.
pub(super) fn other_partitioner(now: Partitioning, heads: &[PartitionHead]) -> Option<Partitioner> {
    let mut keys = HashSet::new();
    let mut placed = Vec::new();
    for (partition, head) in (0..).zip(heads) {
        let first = head.records.iter().filter(|record| keys.insert(&record.key));
        placed.extend(first.map(|record| (partition, &record.key)));
    }
    Partitioner::ALL.into_iter().find(|&other| {
        let (mut ours, mut theirs, mut nobodys) = (0, 0, 0);
        for (partition, key) in &placed {
            let ours_too = now.of_key(key) == *partition;
            match (ours_too, other.of_key(key, now.partitions) == *partition) {
                (true, false) => ours += 1,
                (false, true) => theirs += 1,
                (false, false) => nobodys += 1,
                // This is not evidence.
                (true, true) => {}
            }
        }
        theirs >= MIN_MISPLACED && theirs > ours && theirs >= nobodys * MIN_MISPLACED_OF
    })
}

impl Hypothesis {
    fn take(&mut self, now: Partitioning, partition: i32, record: &OldRecord, min_evidence: i32) {
        let Partitioning { partitioner, .. } = now;
        if partitioner.of_key(&record.key, self.before) != partition {
            self.score -= PENALTY;
            return;
        }
        self.score += 1;
        self.best = self.best.max(self.score);
        let home = now.of_key(&record.key);
        if home != partition {
            self.moved += 1;
            self.shown_by.get_or_insert(FewerPartitions {
                before: self.before,
                partition,
                offset: record.offset,
                home,
            });
        }
        self.accepted |=
            self.score >= min_evidence && self.moved >= MIN_MOVED && self.moved * MIN_MOVED_OF >= self.score;
    }
}

/// How many records are enough: placed at random, this many match one of the smaller topics once in [`ODDS`] cases.
fn min_evidence(partitions: i32) -> i32 {
    let partitions = i64::from(partitions);
    let mut evidence = 1;
    let mut one_in = partitions;
    while one_in < ODDS * (partitions - 1) {
        one_in *= partitions;
        evidence += 1;
    }
    evidence.max(3)
}

/// The records in the order in which they were written: by offset within a partition, by timestamp across partitions.
/// Ends as soon as some partition's next record is unknown.
fn in_order(heads: &[PartitionHead]) -> Vec<(i32, &OldRecord)> {
    let entry = |partition: usize, n: usize| {
        let record = heads.get(partition)?.records.get(n)?;
        Some(Reverse((record.timestamp, partition, n)))
    };
    let mut next: BinaryHeap<_> = (0..heads.len()).filter_map(|partition| entry(partition, 0)).collect();
    let mut ordered = Vec::new();
    while let Some(Reverse((_, partition, n))) = next.pop() {
        let head = &heads[partition];
        ordered.push((i32::try_from(partition).unwrap_or(i32::MAX), &head.records[n]));
        match entry(partition, n + 1) {
            Some(entry) => next.push(entry),
            None if head.is_whole => {}
            None => break,
        }
    }
    ordered
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
