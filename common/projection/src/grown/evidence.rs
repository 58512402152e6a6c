//! What the oldest records of a topic say about the number of partitions that it had when they were written. Pure.
//!
//! A record tells two partitions: the one that it lies in, and the one that its key belongs to now. One that lies elsewhere
//! may be from before, or from a writer with another rule or a fault, and chance alone lays some of those where a smaller
//! topic would have them. So for each smaller number the records are gone through in the order of their writing, each key
//! once: one that lies where that number would have it is counted for it, any other against it, several times over. A
//! number is believed in when so many are for it as chance would hardly bring, and when not too few of them belong elsewhere
//! now. As partitions are only ever added, those for it come first, and nobody can write in front of them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use orderlog_kafka::partition::{Partitioner, Partitioning};

/// With fewer records there is no verdict.
pub(super) const FEWEST: i64 = 3;
/// How many keys at least must belong elsewhere now: one may be anybody's fault.
const MOVED: i32 = 2;
/// And how many of all that are for a number: of those that were laid by it, half or more belong elsewhere.
const MOVED_OF: i32 = 4;
/// A writer that lays its records anywhere is mistaken for a smaller topic once in so many.
const ODDS: i64 = 1_000;
/// How many records in favour one against it takes back.
const AGAINST: i32 = 3;
/// A number that comes so low is not looked at any further: who comes later can write what he wants.
const GIVEN_UP: i32 = -9;

/// One of the oldest records of a partition.
pub(super) struct FirstRecord {
    /// When it was written, in milliseconds.
    pub timestamp: i64,
    pub offset: i64,
    pub key: Vec<u8>,
}

/// The oldest records of a partition, in order.
pub(super) struct Beginning {
    pub records: Vec<FirstRecord>,
    /// Whether these are all that it has.
    pub whole: bool,
}

/// That a topic had fewer partitions, and a record that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grown {
    /// How many it had.
    pub before: i32,
    /// Where the record lies.
    pub partition: i32,
    pub offset: i64,
    /// The partition that its key belongs to now.
    pub home: i32,
}

/// What speaks for a smaller number of partitions.
struct Count {
    before: i32,
    score: i32,
    best: i32,
    moved: i32,
    believed: bool,
    shown_by: Option<Grown>,
}

/// Whether the topic had fewer partitions when its oldest records were written. One beginning for each partition.
pub(super) fn grown(now: Partitioning, beginnings: &[Beginning]) -> Option<Grown> {
    let enough = enough(now.partitions);
    let new = |before| Count {
        before,
        score: 0,
        best: 0,
        moved: 0,
        believed: false,
        shown_by: None,
    };
    let mut counts: Vec<Count> = (1..now.partitions).map(new).collect();
    let mut keys = HashSet::new();
    for (partition, record) in in_order(beginnings) {
        if keys.insert(&record.key) {
            counts
                .iter_mut()
                .for_each(|count| count.take(now, partition, record, enough));
            counts.retain(|count| count.score > GIVEN_UP || count.believed);
        }
    }
    let believed = counts.into_iter().filter(|count| count.believed);
    believed.max_by_key(|count| count.best)?.shown_by
}

/// How many keys at least must lie where another rule lays them, and not where ours does.
const MISPLACED: usize = 10;
/// How many of those there must be for one that lies where neither does: laid anywhere, they would be fewer than such.
const MISPLACED_OF: usize = 9;

/// The rule by which most of the oldest records were laid, where that is not ours. Writers of several rules are told from
/// writers with a fault; among them the most of the keys count.
pub(super) fn other_rule(now: Partitioning, beginnings: &[Beginning]) -> Option<Partitioner> {
    let mut keys = HashSet::new();
    let mut laid = Vec::new();
    for (partition, beginning) in (0..).zip(beginnings) {
        let first = beginning.records.iter().filter(|record| keys.insert(&record.key));
        laid.extend(first.map(|record| (partition, &record.key)));
    }
    Partitioner::ALL.into_iter().find(|&other| {
        let (mut ours, mut theirs, mut nobodys) = (0, 0, 0);
        for (partition, key) in &laid {
            let ours_too = now.of_key(key) == *partition;
            match (ours_too, other.of_key(key, now.partitions) == *partition) {
                (true, false) => ours += 1,
                (false, true) => theirs += 1,
                (false, false) => nobodys += 1,
                // It says nothing.
                (true, true) => {}
            }
        }
        theirs >= MISPLACED && theirs > ours && theirs >= nobodys * MISPLACED_OF
    })
}

impl Count {
    fn take(&mut self, now: Partitioning, partition: i32, record: &FirstRecord, enough: i32) {
        let Partitioning { partitioner, .. } = now;
        if partitioner.of_key(&record.key, self.before) != partition {
            self.score -= AGAINST;
            return;
        }
        self.score += 1;
        self.best = self.best.max(self.score);
        let home = now.of_key(&record.key);
        if home != partition {
            self.moved += 1;
            self.shown_by.get_or_insert(Grown {
                before: self.before,
                partition,
                offset: record.offset,
                home,
            });
        }
        self.believed |= self.score >= enough && self.moved >= MOVED && self.moved * MOVED_OF >= self.score;
    }
}

/// How many records are enough: laid anywhere, so many lie where one of the smaller topics would have them once in
/// [`ODDS`].
fn enough(partitions: i32) -> i32 {
    let partitions = i64::from(partitions);
    let mut enough = 1;
    let mut one_in = partitions;
    while one_in < ODDS * (partitions - 1) {
        one_in *= partitions;
        enough += 1;
    }
    enough.max(3)
}

/// The records in the order of their writing: in a partition as they lie, among partitions by their time. It ends where the
/// next one of some partition is not known.
fn in_order(beginnings: &[Beginning]) -> Vec<(i32, &FirstRecord)> {
    let head = |partition: usize, n: usize| {
        let record = beginnings.get(partition)?.records.get(n)?;
        Some(Reverse((record.timestamp, partition, n)))
    };
    let mut heads: BinaryHeap<_> = (0..beginnings.len())
        .filter_map(|partition| head(partition, 0))
        .collect();
    let mut ordered = Vec::new();
    while let Some(Reverse((_, partition, n))) = heads.pop() {
        let beginning = &beginnings[partition];
        ordered.push((i32::try_from(partition).unwrap_or(i32::MAX), &beginning.records[n]));
        match head(partition, n + 1) {
            Some(next) => heads.push(next),
            None if beginning.whole => {}
            None => break,
        }
    }
    ordered
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
