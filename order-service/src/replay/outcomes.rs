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
use super::jobs::Jobs;
use crate::dead_letter::replay_headers::{ReplayOf, replay_of};
use crate::dead_letter::{DeadLetterId, key_text};

/// Notes what became of replayed records, on the projection's thread.
pub struct ReplayOutcomes {
    jobs: Jobs,
    /// Of the batch that is being committed: the job, what was known before, and what is known now.
    pending: Vec<(Uuid, Option<LetterResult>, LetterResult)>,
}

impl ReplayOutcomes {
    /// For those jobs.
    pub fn new(jobs: Jobs) -> Self {
        Self {
            jobs,
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
            let before = match in_batch.get(&(replay.job, replay.dead_letter)) {
                Some(before) => Some(before.clone()),
                None => self.jobs.letter(replay.job, replay.dead_letter).unwrap_or_default(),
            };
            match self.jobs.letter_row(replay.job, replay.dead_letter, &result) {
                Ok(row) => changes.rows.push(row),
                Err(error) => tracing::error!(error = format!("{error:#}"), "outcome of a replay not stored"),
            }
            in_batch.insert((replay.job, replay.dead_letter), result.clone());
            self.pending.push((replay.job, before, result));
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
