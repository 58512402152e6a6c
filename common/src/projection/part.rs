//! One partition, as the projection's thread keeps it between batches.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

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
    rechecks: Vec<oneshot::Sender<()>>,
}

impl Part {
    pub fn new(begin: Begin) -> Self {
        Self {
            row: begin.row,
            hold: None,
            held_since: Instant::now(),
            logged: None,
            paused: None,
            unverified: begin.verify,
            caught_up: false,
            at_end: false,
            rechecks: Vec::new(),
        }
    }

    pub fn share<'a>(&self, partition: i32, partitions: i32) -> Share<'a> {
        Share::new(Place { partition, partitions }, &self.row)
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

    pub fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// Notes what a share of a batch brought: records, and whether the end came after them.
    pub fn met(&mut self, records: bool, end: bool) {
        if records {
            self.logged = None;
        }
        if end {
            self.at_end = true;
            self.caught_up = true;
            for waiting in self.rechecks.drain(..) {
                // Whoever has given up is not interested any more.
                let _ = waiting.send(());
            }
        } else if records {
            self.at_end = false;
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
        // Dropping the senders tells those who wait that there is no answer.
        self.rechecks.clear();
        self.position()
    }

    /// Whether the wait is more than the round trip that a first record of a schema costs, and so worth telling.
    pub fn waits_long(&self) -> bool {
        self.held_since.elapsed() > Duration::from_millis(500)
    }

    pub fn release(&mut self) {
        self.hold = None;
        self.paused = None;
    }

    /// Notes who waits for the next end. Returns the offset to read on from.
    pub fn recheck(&mut self, done: oneshot::Sender<()>) -> i64 {
        self.rechecks.push(done);
        self.position()
    }

    /// The offset to read next: as long as the last record was not compared, that one.
    fn position(&self) -> i64 {
        let last = self.row.last.as_ref().filter(|_| self.unverified);
        last.map_or(self.row.next, |last| last.offset)
    }

    pub fn progress(&self) -> PartitionProgress {
        PartitionProgress {
            next: self.row.next,
            counters: self.row.counters,
            caught_up: self.caught_up,
            at_end: self.at_end,
            paused: self.paused.clone(),
        }
    }
}
