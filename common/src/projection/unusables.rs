//! The one thing in which the services differ: what happens to a record that cannot be used.

use rdkafka::message::BorrowedMessage;

use crate::unusable::Unusable;

/// A record that cannot be used, and why.
pub struct Refused<'a> {
    /// The record.
    pub record: &'a BorrowedMessage<'a>,
    /// Why.
    pub why: &'a Unusable,
}

/// What a service does with records that cannot be used. Called on the projection's thread only, so it may block, for
/// a bounded time.
pub trait Unusables: Send + 'static {
    /// Called before the log is read, and again after a failure.
    ///
    /// # Errors
    /// Why it is not ready; nothing is read until it is.
    fn prepare(&mut self) -> anyhow::Result<()>;

    /// Disposes of the records. One result for each: the offset moves past a record only when it was disposed of.
    fn dispose(&mut self, refused: &[Refused<'_>]) -> Vec<Result<(), String>>;

    /// Called between batches, several times a second.
    fn tick(&mut self);
}
