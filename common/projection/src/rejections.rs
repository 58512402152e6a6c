//! The one thing in which the services differ: what happens to a record that cannot be used.

use orderlog_contract::rejection::Rejection;
use orderlog_kafka::partition::Partitioning;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use super::reread::PassedOver;
use crate::store::BatchChanges;

/// A record that cannot be used, and why.
pub struct Refused<'a> {
    /// The record.
    pub record: &'a BorrowedMessage<'a>,
    /// Why.
    pub why: &'a Rejection,
    /// How the topic is divided.
    pub partitioning: Partitioning,
    /// The version that the order of its key had before it; 0 where there was none. Looked up only of a record whose schema
    /// is not known, and `None` also where the order's state comes from a later record, as this one is read again.
    pub version: Option<i32>,
}

impl Refused<'_> {
    /// Whether the record lies in its key's partition.
    pub fn is_at_home(&self) -> bool {
        let key = self.record.key();
        key.is_some_and(|key| self.partitioning.of_key(key) == self.record.partition())
    }
}

/// What a service does with records that cannot be used. Called on the projection's thread only, so it may block, for
/// a bounded time.
pub trait RejectionHandler: Send + 'static {
    /// Called before the log is read, and again after a failure.
    ///
    /// # Errors
    /// Why it is not ready; nothing is read until it is.
    fn prepare(&mut self) -> anyhow::Result<()>;

    /// Disposes of the records. One result for each: the offset moves past a record only when it was disposed of. An
    /// error is a sentence for operators.
    fn dispose(&mut self, refused: &[Refused<'_>]) -> Vec<Result<(), String>>;

    /// These records, which were disposed of before, will be re-read once the changes are committed: adds what the service
    /// has to undo then. A service that never re-reads has nothing to do.
    fn read_again(&mut self, _changes: &mut BatchChanges, _records: &[PassedOver]) {}

    /// Called between batches, several times a second.
    fn tick(&mut self);
}
