//! The one difference between the services: what happens to a rejected record, and what else is kept of a record.

use orderlog_contract::rejection::Rejection;
use orderlog_kafka::partition::Partitioning;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use crate::folded_record::FoldedRecord;
use crate::store::BatchChanges;

/// A record that breaks the contract.
pub struct RejectedRecord<'a> {
    /// The record.
    pub record: &'a BorrowedMessage<'a>,
    /// Why.
    pub rejection: &'a Rejection,
    /// How the topic is partitioned.
    pub partitioning: Partitioning,
    /// The order's version before this record, 0 if none. Set only for unknown schemas; `None` also if the stored state is
    /// newer (re-read).
    pub version_before: Option<i32>,
}

impl RejectedRecord<'_> {
    /// Whether the record is in its key's partition.
    pub fn is_in_its_partition(&self) -> bool {
        let key = self.record.key();
        key.is_some_and(|key| self.partitioning.of_key(key) == self.record.partition())
    }
}

/// A record that was skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedRecord {
    /// The order that its key names.
    pub order_id: String,
    /// Its offset.
    pub offset: i64,
}

/// A rejected record that could not be handled.
#[derive(Debug)]
pub struct Unhandled {
    /// Its index among those that were to be handled.
    pub index: usize,
    /// Why, for operators.
    pub reason: anyhow::Error,
}

/// What a service does with rejected records. Called on the projection's thread only, so it may block, for a bounded time.
pub trait RejectionHandler: Send + 'static {
    /// Called before the log is read, and again after a failure.
    ///
    /// # Errors
    /// Why it is not ready; nothing is read until it is.
    fn prepare(&mut self) -> anyhow::Result<()>;

    /// Handles the records. Returns those that it could not handle: the offset moves past all others.
    fn handle(&mut self, rejected: &[RejectedRecord<'_>]) -> Vec<Unhandled>;

    /// These records, which were handled before, will be re-read once the changes are committed: adds what the service
    /// has to undo. A service that never rewinds has nothing to do.
    fn on_rewind(&mut self, _changes: &mut BatchChanges, _records: &[SkippedRecord]) {}

    /// Whether a record that is rejected counts for its partition's breaker. Asked about rejected records only.
    fn counts_for_breaker(&self, _record: &BorrowedMessage<'_>) -> bool {
        true
    }

    /// Whether [`Self::extend`] and [`Self::committed`] are called.
    fn keeps_records(&self) -> bool {
        false
    }

    /// Adds what the service keeps about the records of a batch to its changes, which are committed together. Each record
    /// comes with its message, of which only headers are of interest: everything else was read already.
    fn extend(&mut self, _changes: &mut BatchChanges, _records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {}

    /// The changes of these records were committed.
    fn committed(&mut self, _records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {}

    /// Called between batches, several times a second.
    fn tick(&mut self);

    /// Called about twice a second while the log cannot be read yet, whatever the reason.
    fn idle(&mut self) {}
}
