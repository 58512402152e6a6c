//! When a partition has so many dead letters that reading on would do harm: a faulty release of a producer, or of a reader, must
//! not turn a whole topic into dead letters. Pure: what is decided here is carried out by the consumer loop.
//!
//! More than [`DEFAULT_LIMIT`] dead letters among a partition's last [`RECORDS`] records open its breaker; that partition is not
//! read then until an operator resumes it. Part of a partition's row, so it outlives a restart.

mod window;

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use window::{RECORDS, Window};

/// How many dead letters among the last [`RECORDS`] records are tolerated.
pub(crate) const DEFAULT_LIMIT: u32 = 1_000;

/// How many dead letters of a partition's last 2,000 records are tolerated: 1,000 to 2,000. With 2,000, its breaker never opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerLimit(u32);

impl BreakerLimit {
    /// The lowest limit, which is the one of a partition for which none was set.
    pub const MIN: u32 = DEFAULT_LIMIT;
    /// The highest, with which no breaker opens.
    pub const MAX: u32 = RECORDS;

    /// That limit, if it is within these bounds.
    pub fn new(dead_letters: u32) -> Option<Self> {
        (Self::MIN..=Self::MAX)
            .contains(&dead_letters)
            .then_some(Self(dead_letters))
    }

    /// The number of dead letters.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// What is kept of a partition's breaker. The default has nothing to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Breaker {
    #[serde(skip_serializing_if = "is_default")]
    window: Window,
    /// The limit, where an operator has set one.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<NonZeroU32>,
    /// Records below this offset do not count: they were read before the store was rebuilt.
    #[serde(skip_serializing_if = "is_default")]
    off_below: i64,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// How close a partition's breaker is to opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerProgress {
    /// How many of the partition's last [`records`](Self::records) records are dead letters.
    pub dead_letters: u32,
    /// How many records it looks back.
    pub records: u32,
    /// How many dead letters are tolerated.
    pub limit: u32,
    /// Whether there were more, so that the partition is not read until it is resumed.
    pub open: bool,
}

impl Breaker {
    /// A breaker that counts nothing below that offset, for a store that is rebuilt.
    pub(crate) fn off_below(offset: i64) -> Self {
        Self {
            off_below: offset,
            ..Self::default()
        }
    }

    /// Counts the partition's next record. Returns whether it opens the breaker: no record after it is to be read.
    pub(crate) fn count(&mut self, offset: i64, is_dead_letter: bool) -> bool {
        if offset < self.off_below {
            return false;
        }
        self.off_below = 0;
        self.window.push(is_dead_letter);
        self.is_open()
    }

    /// Whether it is open.
    pub(crate) fn is_open(&self) -> bool {
        self.window.dead_letters() > self.limit()
    }

    /// It as it is after an operator has resumed the partition: it counts anew, up to that limit if one is given.
    pub(crate) fn resumed(&self, limit: Option<BreakerLimit>) -> Self {
        let limit = limit.map_or(self.limit(), |limit| limit.0);
        Self {
            limit: NonZeroU32::new(limit).filter(|limit| limit.get() != DEFAULT_LIMIT),
            ..Self::off_below(self.off_below)
        }
    }

    /// Whether there is nothing to keep of it.
    pub(crate) fn is_default(&self) -> bool {
        is_default(self)
    }

    /// How close it is to opening.
    pub(crate) fn progress(&self) -> BreakerProgress {
        BreakerProgress {
            dead_letters: self.window.dead_letters(),
            records: RECORDS,
            limit: self.limit(),
            open: self.is_open(),
        }
    }

    fn limit(&self) -> u32 {
        self.limit.map_or(DEFAULT_LIMIT, NonZeroU32::get)
    }
}

impl BreakerProgress {
    /// Why the partition is not read, and what to do; `None` while the breaker is closed.
    pub fn reason(&self) -> Option<String> {
        let Self {
            dead_letters,
            records,
            limit,
            open,
        } = self;
        open.then(|| format!(
            "{dead_letters} of its last {records} records are dead letters, and at most {limit} are tolerated: a producer may write faulty records, or this release may not read valid ones. GET /dlq/messages shows why. When the cause is gone, continue with POST /dlq/resume"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts that many records of one kind, from offset 0 and up to the one that opens it, whose offset is returned.
    fn count(breaker: &mut Breaker, records: i64, is_dead_letter: bool) -> Option<i64> {
        (0..records).find(|offset| breaker.count(*offset, is_dead_letter))
    }

    #[test]
    fn the_dead_letter_that_is_one_too_many_opens_it() {
        let mut breaker = Breaker::default();
        assert_eq!(count(&mut breaker, 999, false), None);
        assert!(breaker.is_default(), "nothing to keep without a dead letter");
        assert_eq!(count(&mut breaker, 1_001, true), Some(1_000));
        assert!(breaker.is_open());
    }

    #[test]
    fn as_many_dead_letters_as_are_tolerated_do_not_open_it_however_long_that_lasts() {
        let mut breaker = Breaker::default();
        assert!((0..10_000).all(|offset| !breaker.count(offset, offset % 2 == 0)));
        assert_eq!(breaker.progress().dead_letters, 1_000);
        assert!(
            breaker.count(10_000, true) || breaker.count(10_001, true),
            "a little more does"
        );
    }

    #[test]
    fn records_that_were_read_before_a_rebuild_do_not_count() {
        let mut breaker = Breaker::off_below(5_000);
        assert_eq!(count(&mut breaker, 5_000, true), None);
        assert_eq!(breaker, Breaker::off_below(5_000));
        let opens = (5_000..7_000).find(|offset| breaker.count(*offset, true));
        assert_eq!(opens, Some(6_000));
    }

    #[test]
    fn once_resumed_it_counts_anew() {
        let mut breaker = Breaker::default();
        count(&mut breaker, 1_001, true);
        let mut breaker = breaker.resumed(None);
        assert!(breaker.is_default());
        assert_eq!(count(&mut breaker, 1_001, true), Some(1_000));
    }

    #[test]
    fn a_limit_stays_until_another_is_set() {
        let limit = |dead_letters| Some(BreakerLimit::new(dead_letters).expect("within bounds"));
        let mut breaker = Breaker::default().resumed(limit(1_500));
        assert_eq!(count(&mut breaker, 1_501, true), Some(1_500));
        let mut breaker = breaker.resumed(None);
        assert_eq!(count(&mut breaker, 1_501, true), Some(1_500));
        let mut breaker = breaker.resumed(limit(2_000));
        assert_eq!(count(&mut breaker, 5_000, true), None, "2,000 of 2,000 are tolerated");
        assert!(breaker.resumed(limit(1_000)).is_default());
        assert_eq!([999, 2_001].map(BreakerLimit::new), [None, None]);
    }

    #[test]
    fn what_is_kept_is_read_again_and_is_small() {
        let mut breaker = Breaker::off_below(7).resumed(BreakerLimit::new(1_500));
        let stored = serde_json::to_string(&breaker).expect("serializes");
        assert_eq!(stored, r#"{"limit":1500,"offBelow":7}"#);
        breaker.count(7, true);
        breaker.count(8, false);
        let stored = serde_json::to_string(&breaker).expect("serializes");
        assert_eq!(stored, r#"{"window":[2],"limit":1500}"#);
        assert_eq!(serde_json::from_str::<Breaker>(&stored).expect("reads"), breaker);
    }

    #[test]
    fn an_open_breaker_says_how_many_dead_letters_there_were_and_what_to_do() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.progress().reason(), None);
        count(&mut breaker, 1_001, true);
        let reason = breaker.progress().reason().expect("open");
        for part in ["1001 of its last 2000", "at most 1000", "POST /dlq/resume"] {
            assert!(reason.contains(part), "{part} in {reason}");
        }
    }
}
