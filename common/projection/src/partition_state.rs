//! One partition, as the consumer loop keeps it between batches. Pure: what it decides is carried out elsewhere.

use crate::batch::{AwaitedSchemas, Ending};
use crate::breaker::{Breaker, BreakerProgress};
use crate::pause::{Pause, PauseReason};
use crate::prepare::PartitionStart;
use crate::progress::PartitionProgress;
use crate::schema_wait::SchemaWait;
use crate::store::PartitionRow;
use crate::topic_conflict::OtherTopic;

/// A partition that is read.
pub(crate) struct PartitionState {
    /// What the store has.
    row: PartitionRow,
    /// Why it is not read for now.
    pause: Option<Pause>,
    /// The registry's answers to the last wait for schemas, until the records that waited are read.
    schema_answers: Option<SchemaWait>,
    /// Records below this offset had their grace period: a schema may take that long to appear.
    grace_expired_below: i64,
    /// The failure that was logged last; the same one is not logged again.
    logged_failure: Option<String>,
    /// Timestamp of the last record that was read since startup.
    last_timestamp: Option<i64>,
    /// Whether the record at the stored offset is still to be compared.
    unverified: bool,
    /// Whether its end was reached since startup, or its breaker has been open.
    caught_up: bool,
    at_end: bool,
    has_breaker: bool,
    /// Whether the end was reached since the offsets before it were last skipped.
    end_pending: bool,
    /// The end offset that was reached last.
    end: i64,
}

impl PartitionState {
    /// A partition that starts there. `caught_up`: its end has already been reached since the service started.
    pub fn new(start: PartitionStart, caught_up: bool) -> Self {
        // One whose breaker is open gets no further until an operator acts; the service answers with what it has read.
        let caught_up = caught_up || start.row.is_breaker_open();
        Self {
            has_breaker: start.has_breaker,
            row: start.row,
            pause: None,
            schema_answers: None,
            grace_expired_below: 0,
            logged_failure: None,
            last_timestamp: None,
            unverified: start.verify,
            caught_up,
            at_end: false,
            end_pending: false,
            end: 0,
        }
    }

    /// How far it was read, according to the store.
    pub fn row(&self) -> &PartitionRow {
        &self.row
    }

    /// Takes what the registry answered about the schemas of the next records.
    pub fn take_schema_answers(&mut self) -> Option<SchemaWait> {
        self.schema_answers.take()
    }

    /// Compares the first record after startup with the last one that the store remembers.
    ///
    /// # Errors
    /// When they differ.
    pub fn verify(&mut self, offset: i64, hash: impl FnOnce() -> String) -> Result<(), OtherTopic> {
        if !std::mem::take(&mut self.unverified) {
            return Ok(());
        }
        match &self.row.last {
            Some(last) if offset != last.offset || hash() != last.hash => {
                Err(OtherTopic::OtherRecord { offset: last.offset })
            }
            _ => Ok(()),
        }
    }

    /// Checks that the partition does not end before that record.
    ///
    /// # Errors
    /// When it does.
    pub fn verify_end(&self) -> Result<(), OtherTopic> {
        if self.unverified {
            return Err(OtherTopic::RecordMissing);
        }
        Ok(())
    }

    /// Whether its end was reached since the service started.
    pub fn is_caught_up(&self) -> bool {
        self.caught_up
    }

    /// Whether it is being read: it is neither paused nor waiting to be compared with the store.
    pub fn is_read(&self) -> bool {
        self.pause.is_none() && !self.unverified
    }

    /// Applies what was committed of a batch. Returns the wait for the schemas that must be known before reading
    /// continues.
    pub fn commit(&mut self, row: PartitionRow, ending: Ending) -> Option<SchemaWait> {
        self.row = row;
        self.caught_up |= self.row.is_breaker_open();
        self.schema_answers = ending.schema_answers;
        if ending.had_records {
            self.logged_failure = None;
            self.last_timestamp = ending.last_timestamp;
            self.at_end = false;
        }
        if let Some(end) = ending.end {
            self.at_end = ending.at_end;
            self.end_pending = ending.at_end;
            self.caught_up = true;
            self.end = end;
        }
        let awaited = ending.awaited?;
        let AwaitedSchemas { first, further, to, .. } = awaited;
        Some(SchemaWait::new(
            first,
            further,
            self.row.next,
            to,
            self.grace_expired_below,
        ))
    }

    /// Goes back to that row; from then on, the end has to be reached again.
    pub fn rewind(&mut self, row: PartitionRow) {
        self.row = row;
        self.schema_answers = None;
        self.caught_up = false;
        self.at_end = false;
        self.end = 0;
    }

    /// Reading was interrupted: records may have followed its end, and be dropped.
    pub fn interrupt(&mut self) {
        self.at_end = false;
    }

    /// Whether there may be offsets to [skip](Self::skip_markers).
    pub fn has_pending_end(&self) -> bool {
        self.end_pending && self.at_end
    }

    /// The row of a partition that is at its end: offsets between its last record and the end are never delivered.
    /// `None` when there are none, or there are newer records, or it is to be read from elsewhere. Call it once per
    /// end.
    pub fn skip_markers(&mut self) -> Option<PartitionRow> {
        let at_end = std::mem::take(&mut self.end_pending) && self.at_end && self.is_read();
        let next = Some(self.end).filter(|end| at_end && *end > self.row.next)?;
        Some(PartitionRow {
            next,
            ..self.row.clone()
        })
    }

    /// Notes that those offsets were skipped.
    pub fn skipped_to(&mut self, row: PartitionRow) {
        self.row = row;
    }

    /// Takes the row of a partition whose breaker was reset. Returns whether the breaker's pause has ended.
    pub fn reset_breaker(&mut self, row: PartitionRow) -> bool {
        self.row = row;
        let is_paused = matches!(&self.pause, Some(pause) if matches!(pause.reason, PauseReason::Breaker(_)));
        if is_paused {
            self.resume();
        }
        is_paused
    }

    /// How close its breaker is to opening; `None` without one.
    pub fn breaker(&self) -> Option<BreakerProgress> {
        let breaker = self.row.breaker.as_deref();
        let unused = || Breaker::default().progress();
        self.has_breaker.then(|| breaker.map_or_else(unused, Breaker::progress))
    }

    /// Whether that failure differs from the last one; if so, it counts as logged.
    pub fn is_new_failure(&mut self, failure: &str) -> bool {
        let is_new = self.logged_failure.as_deref() != Some(failure);
        self.logged_failure = Some(failure.to_owned());
        is_new
    }

    /// Why it is not read for now.
    pub fn pause(&self) -> Option<&Pause> {
        self.pause.as_ref()
    }

    /// The pause, to be advanced.
    pub fn pause_mut(&mut self) -> Option<&mut Pause> {
        self.pause.as_mut()
    }

    /// Pauses it. Returns the offset at which it will continue.
    pub fn pause_for(&mut self, pause: Pause) -> i64 {
        self.pause = Some(pause);
        self.at_end = false;
        self.position()
    }

    /// Ends its pause.
    pub fn resume(&mut self) {
        if let Some(Pause {
            reason: PauseReason::Schema(answers),
            ..
        }) = self.pause.take()
        {
            self.grace_expired_below = answers.grace_expired_below();
            self.schema_answers = Some(answers);
        }
    }

    /// The offset to read next: that of the last record until it has been compared.
    pub fn position(&self) -> i64 {
        let last = self.row.last.as_ref().filter(|_| self.unverified);
        last.map_or(self.row.next, |last| last.offset)
    }

    /// Its progress, as others see it.
    pub fn progress(&self) -> PartitionProgress {
        PartitionProgress {
            next: self.row.next,
            read_to: self.row.next.max(self.end),
            counters: self.row.counters,
            last_timestamp: self.last_timestamp,
            caught_up: self.caught_up,
            at_end: self.at_end,
            paused: self.pause.as_ref().and_then(Pause::shown),
            breaker: self.breaker(),
        }
    }
}

#[cfg(test)]
#[path = "partition_state_tests.rs"]
mod tests;
