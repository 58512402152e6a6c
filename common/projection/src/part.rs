//! One partition, as the projection's thread keeps it between batches.

use std::time::{Duration, Instant};

use orderlog_kafka::partition::Partitioning;

use super::judge::Place;
use super::lookup::Lookup;
use super::prepare::Begin;
use super::progress::PartitionProgress;
use super::schema_wait::SchemaWait;
use super::share::{Awaited, Share};
use crate::store::PartitionRow;

/// Why a partition is not read for now.
pub(super) enum Hold {
    /// Its next record's schema is being asked for.
    Schema(SchemaWait),
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
    /// What the registry said when a schema was last waited for, as long as the records are not read that it was asked for.
    asked: Option<SchemaWait>,
    /// Records below this offset had their grace: so long a schema may take to appear.
    graced_to: i64,
    held_since: Instant,
    /// The failure that was logged last; the same one again is no news.
    logged: Option<String>,
    /// Why it is on hold, for people; a short wait is not told.
    pub paused: Option<String>,
    /// Whether the record at the stored offset is still to be compared.
    unverified: bool,
    caught_up: bool,
    at_end: bool,
    /// Whether the end was met since it was last looked what lies between the last record and it.
    new_end: bool,
    /// Where its end was met last.
    end: i64,
}

impl Part {
    /// A partition that begins there. `caught_up`: its end was met before, since the service's start.
    pub fn new(begin: Begin, caught_up: bool) -> Self {
        Self {
            row: begin.row,
            hold: None,
            asked: None,
            graced_to: 0,
            held_since: Instant::now(),
            logged: None,
            paused: None,
            unverified: begin.verify,
            caught_up,
            at_end: false,
            new_end: false,
            end: 0,
        }
    }

    pub fn share<'a>(&mut self, partition: i32, partitioning: Partitioning, keeps_keys: bool) -> Share<'a> {
        let place = Place {
            partition,
            partitioning,
        };
        Share::new(place, &self.row, self.asked.take(), keeps_keys)
    }

    /// Keeps what the registry said for the records that were not read yet.
    pub fn keep_asked(&mut self, asked: Option<SchemaWait>) {
        self.asked = asked;
    }

    /// The wait for schemas at the next record.
    pub fn await_schemas(&self, awaited: Awaited) -> SchemaWait {
        SchemaWait::new(
            awaited.first,
            awaited.further,
            self.row.next,
            awaited.to,
            self.graced_to,
        )
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
        self.asked = None;
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
            self.new_end = at_end;
            self.caught_up = true;
            self.end = end;
        }
    }

    /// Whether there may be something to [pass over](Self::passed_over).
    pub fn has_new_end(&self) -> bool {
        self.new_end && self.at_end
    }

    /// The row of a partition that was read to its end, which stands there: what lies between its last record and the end is
    /// never handed out. `None` when there is nothing, or more has come, or it is to be read from elsewhere. Call it once
    /// for an end.
    pub fn passed_over(&mut self) -> Option<PartitionRow> {
        let at_end = std::mem::take(&mut self.new_end) && self.at_end && self.is_read();
        let next = Some(self.end).filter(|end| at_end && *end > self.row.next)?;
        Some(PartitionRow {
            next,
            ..self.row.clone()
        })
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

    /// Says why it waits for schemas, if that is worth telling. Returns whether that is another reason than before.
    pub fn tell_of_schemas(&mut self, lookup: &Lookup) -> bool {
        let Some(Hold::Schema(wait)) = &self.hold else {
            return false;
        };
        let outage = lookup.outage(wait.first());
        let why = outage.or_else(|| self.waits_long().then(|| wait.reason()));
        if why.is_none() || self.paused == why {
            return false;
        }
        self.paused = why;
        true
    }

    pub fn release(&mut self) {
        if let Some(Hold::Schema(asked)) = self.hold.take() {
            self.graced_to = asked.graced_to();
            self.asked = Some(asked);
        }
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
    fn what_lies_behind_the_last_record_is_passed_over_once_the_end_was_met() {
        let row = PartitionRow {
            next: 5,
            ..PartitionRow::default()
        };
        let mut part = part(row, false);
        assert_eq!(part.passed_over(), None, "no end was met");
        part.met(true, Some(8), true);
        assert!(part.has_new_end());
        assert_eq!(part.passed_over().map(|row| row.next), Some(8));
        assert!(!part.has_new_end());
        part.met(false, Some(5), true);
        assert_eq!(part.passed_over(), None, "there is nothing behind it");
        part.met(false, Some(8), true);
        part.met(true, None, false);
        assert_eq!(part.passed_over(), None, "a record has come");
        part.met(false, Some(8), true);
        part.begin_again(PartitionRow::default());
        assert_eq!(
            part.passed_over(),
            None,
            "it is read again, and that end is one of before"
        );
        part.met(false, Some(8), true);
        part.put_on_hold(Hold::backoff("why".to_owned()), None);
        assert_eq!(part.passed_over(), None, "it is put back to where it was");
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
