//! What order-service does with the records of a batch besides folding them: the rejected ones become dead letters, and
//! what became of each is kept.

use orderlog_kafka::headers;
use orderlog_projection::store::BatchChanges;
use orderlog_projection::{FoldedRecord, RejectedRecord, RejectionHandler, Unhandled};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use crate::dead_letter::DeadLetters;
use crate::dead_letter::replay_headers::replay_of;
use crate::history::History;
use crate::recent::Recent;
use crate::replay::ReplayOutcomes;

/// Handles the records of order-service's projection.
pub struct RecordHandler {
    dead_letters: DeadLetters,
    history: History,
    recent: Recent,
    replays: ReplayOutcomes,
}

impl RecordHandler {
    /// A handler of those parts.
    pub fn new(dead_letters: DeadLetters, history: History, recent: Recent, replays: ReplayOutcomes) -> Self {
        Self {
            dead_letters,
            history,
            recent,
            replays,
        }
    }
}

impl RejectionHandler for RecordHandler {
    fn prepare(&mut self) -> anyhow::Result<()> {
        self.dead_letters.prepare()
    }

    fn handle(&mut self, rejected: &[RejectedRecord<'_>]) -> Vec<Unhandled> {
        self.dead_letters.handle(rejected)
    }

    /// A replayed record that is rejected again is no sign of a faulty producer: who replays many dead letters whose cause is
    /// not gone must not pause everybody's partitions.
    fn counts_for_breaker(&self, record: &BorrowedMessage<'_>) -> bool {
        record
            .headers()
            .is_none_or(|headers| replay_of(&headers::list(headers)).is_none())
    }

    fn keeps_records(&self) -> bool {
        true
    }

    fn extend(&mut self, changes: &mut BatchChanges, records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {
        self.history.extend(changes, records);
        self.replays.extend(changes, records);
    }

    fn committed(&mut self, records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {
        self.recent.committed(records.iter().map(|(_, record)| record));
        self.replays.committed();
    }

    fn tick(&mut self) {
        self.dead_letters.tick();
    }

    fn idle(&mut self) {
        self.dead_letters.idle();
    }
}
