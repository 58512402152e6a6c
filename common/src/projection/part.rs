//! One partition, as the projection's thread keeps it between batches.

use std::time::{Duration, Instant};

use super::judge::Place;
use super::prepare::Begin;
use super::progress::PartitionProgress;
use super::share::Share;
use crate::store::PartitionRow;

/// Why a partition is not read for now.
pub(super) enum Hold {
    /// Its next record's schema is being asked for.
    Schema(u32),
    /// Something failed; it is tried again at that time.
    Until { until: Instant, reason: String },
}

impl Hold {
    /// Tries again in a second: long enough to be no load, short enough to be no outage of its own.
    pub fn backoff(reason: String) -> Self {
        Self::Until {
            until: Instant::now() + Duration::from_secs(1),
            reason,
        }
    }
}

pub(super) struct Part {
    /// What the store has.
    pub row: PartitionRow,
    pub hold: Option<Hold>,
    held_since: Instant,
    /// The failure that was logged last; the same one again is no news.
    logged: Option<String>,
    /// Why it is on hold, for people; a short wait is not told.
    pub paused: Option<String>,
    /// Whether the record at the stored offset is still to be compared.
    unverified: bool,
    caught_up: bool,
    at_end: bool,
    /// Where its end was met last.
    end: i64,
}

impl Part {
    /// A partition that begins there. `caught_up`: its end was met before, since the service's start.
    pub fn new(begin: Begin, caught_up: bool) -> Self {
        Self {
            row: begin.row,
            hold: None,
            held_since: Instant::now(),
            logged: None,
            paused: None,
            unverified: begin.verify,
            caught_up,
            at_end: false,
            end: 0,
        }
    }

    pub fn share<'a>(&self, partition: i32, partitions: i32, keeps_keys: bool) -> Share<'a> {
        Share::new(Place { partition, partitions }, &self.row, keeps_keys)
    }

    /// Compares the first record after a start with the last one that the store remembers.
    ///
    /// # Errors
    /// How they differ.
    pub fn verify(&mut self, offset: i64, hash: impl FnOnce() -> String) -> Result<(), String> {
        if !std::mem::take(&mut self.unverified) {
            return Ok(());
        }
        let Some(last) = &self.row.last else { return Ok(()) };
        if offset == last.offset && hash() == last.hash {
            return Ok(());
        }
        Err(format!("another record than before lies at offset {}", last.offset))
    }

    pub fn is_unverified(&self) -> bool {
        self.unverified
    }

    pub fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    pub fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Whether it is being read: neither on hold, nor still to be compared with what the store remembers.
    pub fn is_read(&self) -> bool {
        self.hold.is_none() && !self.unverified
    }

    /// Goes back to what that row says; the end is still to be met then.
    pub fn begin_again(&mut self, row: PartitionRow) {
        self.row = row;
        self.caught_up = false;
        self.at_end = false;
        self.end = 0;
    }

    /// Notes what a share of a batch brought: records, where an end was met, and whether that end came last.
    pub fn met(&mut self, records: bool, end: Option<i64>, at_end: bool) {
        if records {
            self.logged = None;
            self.at_end = false;
        }
        if let Some(end) = end {
            self.at_end = at_end;
            self.caught_up = true;
            self.end = end;
        }
    }

    /// Whether that failure is another one than the last; it counts as told then.
    pub fn is_news(&mut self, reason: &str) -> bool {
        let news = self.logged.as_deref() != Some(reason);
        self.logged = Some(reason.to_owned());
        news
    }

    /// Puts it on hold. Returns the offset at which it will go on.
    pub fn put_on_hold(&mut self, hold: Hold, why: Option<String>) -> i64 {
        self.hold = Some(hold);
        self.held_since = Instant::now();
        self.paused = why;
        self.at_end = false;
        self.position()
    }

    /// Whether the wait is more than the round trip that a first record of a schema costs, and so worth telling.
    pub fn waits_long(&self) -> bool {
        self.held_since.elapsed() > Duration::from_millis(500)
    }

    /// Whether the wait is too long to wait for more than the record at hand needs.
    pub fn waits_too_long(&self) -> bool {
        self.held_since.elapsed() > Duration::from_secs(2)
    }

    pub fn release(&mut self) {
        self.hold = None;
        self.paused = None;
    }

    /// The offset to read next: as long as the last record was not compared, that one.
    pub fn position(&self) -> i64 {
        let last = self.row.last.as_ref().filter(|_| self.unverified);
        last.map_or(self.row.next, |last| last.offset)
    }

    pub fn progress(&self) -> PartitionProgress {
        PartitionProgress {
            next: self.row.next,
            read_to: self.row.next.max(self.end),
            counters: self.row.counters,
            caught_up: self.caught_up,
            at_end: self.at_end,
            paused: self.paused.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::LastRecord;

    fn part(row: PartitionRow, verify: bool) -> Part {
        let from = row.next;
        Part::new(
            Begin {
                row,
                from,
                verify,
                moved: false,
            },
            false,
        )
    }

    #[test]
    fn an_end_behind_the_last_record_was_read_to_until_it_is_read_again() {
        let row = PartitionRow {
            next: 5,
            ..PartitionRow::default()
        };
        let mut part = part(row.clone(), false);
        // A transaction's marker lies there, which is never delivered.
        part.met(false, Some(6), true);
        assert_eq!((part.progress().next, part.progress().read_to), (5, 6));
        part.put_on_hold(Hold::backoff("why".to_owned()), None);
        assert_eq!(part.progress().read_to, 6, "all before it was read all the same");
        part.begin_again(PartitionRow { next: 2, ..row });
        assert_eq!(part.progress().read_to, 2);
    }

    #[test]
    fn an_end_with_a_record_behind_it_was_met_all_the_same() {
        let mut part = part(PartitionRow::default(), false);
        part.met(true, Some(5), false);
        assert!(part.is_caught_up() && !part.is_at_end());
    }

    #[test]
    fn a_part_that_was_not_compared_yet_goes_on_from_the_record_to_compare() {
        let last = LastRecord {
            offset: 6,
            hash: "h".to_owned(),
        };
        let row = PartitionRow {
            next: 8,
            last: Some(last),
            ..PartitionRow::default()
        };
        let mut part = part(row, true);
        assert_eq!(part.put_on_hold(Hold::backoff("why".to_owned()), None), 6);
        assert_eq!(part.verify(6, || "h".to_owned()), Ok(()));
        assert_eq!(part.position(), 8);
    }

    #[test]
    fn another_record_at_the_last_offset_is_found_out() {
        let last = LastRecord {
            offset: 6,
            hash: "h".to_owned(),
        };
        let row = PartitionRow {
            next: 7,
            last: Some(last),
            ..PartitionRow::default()
        };
        assert!(part(row.clone(), true).verify(6, || "other".to_owned()).is_err());
        assert!(part(row, true).verify(7, || "h".to_owned()).is_err());
    }
}
