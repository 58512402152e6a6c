//! What order-service does with the records of a batch besides folding them: the rejected ones become dead letters.

use orderlog_projection::store::BatchChanges;
use orderlog_projection::{FoldedRecord, RejectedRecord, RejectionHandler, Unhandled};
use rdkafka::message::BorrowedMessage;

use crate::dead_letter::DeadLetters;

/// Handles the records of order-service's projection.
pub struct RecordHandler {
    dead_letters: DeadLetters,
}

impl RecordHandler {
    /// A handler of those parts.
    pub fn new(dead_letters: DeadLetters) -> Self {
        Self { dead_letters }
    }
}

impl RejectionHandler for RecordHandler {
    fn prepare(&mut self) -> anyhow::Result<()> {
        self.dead_letters.prepare()
    }

    fn handle(&mut self, rejected: &[RejectedRecord<'_>]) -> Vec<Unhandled> {
        self.dead_letters.handle(rejected)
    }

    fn keeps_records(&self) -> bool {
        true
    }

    fn extend(&mut self, _changes: &mut BatchChanges, _records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {}

    fn committed(&mut self, _records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {}

    fn tick(&mut self) {
        self.dead_letters.tick();
    }

    fn idle(&mut self) {
        self.dead_letters.idle();
    }
}
