//! Notes what became of replayed records, in the commit that folds them: so an outcome is never lost, and a record that is
//! read again counts once.

use std::collections::HashMap;

use orderlog_contract::order::Outcome;
use orderlog_kafka::headers::list;
use orderlog_projection::FoldedRecord;
use orderlog_projection::store::BatchChanges;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use uuid::Uuid;

use super::job::{LetterOutcome, LetterResult};
use super::jobs::{Folded, Jobs};
use crate::dead_letter::replay_headers::{ReplayOf, replay_of};
use crate::dead_letter::{DeadLetterId, Index, key_text};

/// Notes what became of replayed records, on the projection's thread.
pub struct ReplayOutcomes {
    jobs: Jobs,
    index: Index,
    /// Of the batch that is being committed.
    pending: Vec<Folded>,
}

impl ReplayOutcomes {
    /// For those jobs, which replay the dead letters of that index.
    pub fn new(jobs: Jobs, index: Index) -> Self {
        Self {
            jobs,
            index,
            pending: Vec::new(),
        }
    }

    /// As [`extend`](orderlog_projection::RejectionHandler::extend).
    pub fn extend(&mut self, changes: &mut BatchChanges, records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {
        self.pending.clear();
        if !self.jobs.is_any_awaiting() {
            return;
        }
        // A record may be in the batch twice, after a rewind.
        let mut in_batch: HashMap<(Uuid, DeadLetterId), LetterResult> = HashMap::new();
        for (message, record) in records {
            let Some(replay) = message.headers().and_then(|own| replay_of(&list(own))) else {
                continue;
            };
            if !self.jobs.awaits(replay.job) {
                continue;
            }
            let result = result(message, record, &replay);
            let (job, letter) = (replay.job, replay.dead_letter);
            let before = match in_batch.get(&(job, letter)) {
                Some(before) => Some(before.clone()),
                None => self.jobs.letter(job, letter).unwrap_or_default(),
            };
            if !self.is_ours(&replay, before.as_ref(), &result) {
                continue;
            }
            match self.jobs.letter_row(job, letter, &result) {
                Ok(row) => changes.rows.push(row),
                Err(error) => tracing::error!(error = format!("{error:#}"), "outcome of a replay not stored"),
            }
            in_batch.insert((job, letter), result.clone());
            self.pending.push(Folded {
                job,
                letter,
                before,
                now: result,
            });
        }
    }

    /// Whether a record is what it says it is, which anyone can say: the job has sent that dead letter, and this is the record
    /// whose outcome was noted before, if any was.
    fn is_ours(&self, replay: &ReplayOf, before: Option<&LetterResult>, now: &LetterResult) -> bool {
        match before {
            Some(before) => before.sent_to == now.sent_to,
            None => {
                // The index may not have the mark yet: it comes with the same transaction, but in another topic.
                let ReplayOf { job, dead_letter, .. } = replay;
                self.jobs.has_sent(*job, *dead_letter)
                    || self.index.is_replayed_by(*job, *dead_letter).unwrap_or_default()
            }
        }
    }

    /// As [`committed`](orderlog_projection::RejectionHandler::committed).
    pub fn committed(&mut self) {
        if !self.pending.is_empty() {
            self.jobs.note_folded(std::mem::take(&mut self.pending));
        }
    }
}

fn result(message: &BorrowedMessage<'_>, record: &FoldedRecord, replay: &ReplayOf) -> LetterResult {
    let rejection = match &record.outcome {
        Outcome::Rejected(rejection) => Some(rejection),
        _ => None,
    };
    LetterResult {
        id: replay.dead_letter.to_string(),
        key: message.key().map(key_text),
        outcome: LetterOutcome::of(&record.outcome, replay.replays),
        code: rejection.map(|rejection| rejection.code),
        first_code: replay.first_code,
        reason: rejection.map(|rejection| rejection.reason.clone()),
        sent_to: Some((record.partition, record.offset)),
    }
}
