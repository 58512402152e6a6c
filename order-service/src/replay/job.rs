//! A replay as a job: what it is to do, how far it is, and what became of the records. Pure.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use super::letter_result::{LetterOutcome, LetterResult, Outcomes};
use super::selection::Selection;
use crate::dead_letter::DeadLetterId;

/// How many dead letters a job shows, the last ones.
pub const MAX_SHOWN: usize = 100;

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// It waits for its turn, sends records, or waits for what becomes of them.
    Running,
    /// It is known of every dead letter what became of it.
    Done,
    /// Somebody stopped it.
    Stopped,
    /// It cannot go on; the error says why.
    Failed,
}

impl JobState {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// A replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// Its place among all jobs of the store: jobs run in this order. The clock may be set back.
    #[serde(default)]
    pub(super) sequence: u64,
    /// Who started it.
    pub by: String,
    /// Its state.
    pub state: JobState,
    /// When it was started: milliseconds since 1970-01-01 UTC.
    pub started_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// What it replays.
    pub selection: Selection,
    /// How many records it sends in a second at most.
    pub rate: u32,
    /// Only dead letters below these offsets, by partition: what is rejected later is not its business.
    pub(super) below: BTreeMap<i32, i64>,
    /// How many dead letters were selected.
    pub total: u64,
    /// How many records were sent.
    pub sent: u64,
    /// What became of the dead letters, as far as that is known.
    pub outcomes: Outcomes,
    /// Every dead letter up to this one was dealt with.
    cursor: Option<(i32, i64)>,
    /// Whether every dead letter was dealt with, so that only outcomes are missing.
    pub(super) all_sent: bool,
    /// By partition of the event topic, the offset behind the last record that was sent.
    pub(super) sent_to: BTreeMap<i32, i64>,
    /// The dead letters of a transaction of which it is not known whether it was committed.
    #[serde(default)]
    sending: Vec<(i32, i64)>,
    /// Whether it is to be stopped.
    pub(super) stopping: bool,
    /// Whether all is known of its records: then the outcomes here are the last word, and no others are noted.
    #[serde(default)]
    pub(super) is_final: bool,
    /// Of how many records that were sent the outcome was read. While it awaits outcomes, their rows say it.
    pub(super) folded: u64,
    /// What it waits for.
    #[serde(skip)]
    pub waiting: Option<String>,
    /// Why it cannot go on.
    pub error: Option<String>,
    /// The last [`MAX_SHOWN`] dead letters of which it is known what became of them.
    pub messages: VecDeque<LetterResult>,
}

impl Job {
    /// A job that has not begun.
    pub(super) fn new(id: Uuid, by: String, started_at: i64, selection: Selection, rate: u32) -> Self {
        Self {
            id,
            sequence: 0,
            by,
            state: JobState::Running,
            started_at,
            ended_at: None,
            selection,
            rate,
            below: BTreeMap::new(),
            total: 0,
            sent: 0,
            outcomes: Outcomes::default(),
            cursor: None,
            all_sent: false,
            sent_to: BTreeMap::new(),
            sending: Vec::new(),
            stopping: false,
            is_final: false,
            folded: 0,
            waiting: None,
            error: None,
            messages: VecDeque::new(),
        }
    }

    /// A job whose row cannot be read; `row` is what JSON there is.
    pub(super) fn unreadable(id: Uuid, row: &serde_json::Value) -> Self {
        let by = row["by"].as_str().unwrap_or("unknown").to_owned();
        let started_at = row["startedAt"].as_i64().unwrap_or(0);
        let none = Selection::Ids(BTreeSet::new());
        let error =
            "its row in the store cannot be read: another release has written it. What it has sent is on the topic";
        Self {
            sequence: row["sequence"].as_u64().unwrap_or(0),
            state: JobState::Failed,
            is_final: true,
            error: Some(error.to_owned()),
            ..Self::new(id, by, started_at, none, 1)
        }
    }

    /// Every dead letter up to this one was dealt with.
    pub(super) fn cursor(&self) -> Option<DeadLetterId> {
        self.cursor
            .map(|(partition, offset)| DeadLetterId { partition, offset })
    }

    /// Every dead letter up to that one was dealt with.
    pub(super) fn advance(&mut self, to: DeadLetterId) {
        self.cursor = Some((to.partition, to.offset));
    }

    /// Whether it is running.
    pub fn is_running(&self) -> bool {
        self.state == JobState::Running
    }

    /// Whether it has ended because nothing was left to do.
    pub(super) fn is_done(&self) -> bool {
        self.state == JobState::Done
    }

    /// Whether outcomes of its records may still be read. A stopped job has them, too.
    pub(super) fn awaits_outcomes(&self) -> bool {
        !self.is_final
    }

    /// Whether it has ended, and all is known of its records. If it ended while it was not known whether a transaction was
    /// committed, that becomes known when one of the records is read, or with the next replay.
    pub(super) fn is_complete(&self) -> bool {
        !self.is_running() && self.folded >= self.sent && self.sending.is_empty()
    }

    /// A transaction with the records of these dead letters is about to be written.
    pub(super) fn begin_sending(&mut self, letters: &[DeadLetterId]) {
        self.sending = letters.iter().map(|id| (id.partition, id.offset)).collect();
    }

    /// It is known how many records were sent; the last transaction is decided.
    pub(super) fn set_sent(&mut self, sent: u64) {
        self.sent = sent;
        self.sending.clear();
    }

    /// The dead letters of a transaction of which it is not known whether it was committed.
    pub(super) fn sending(&self) -> impl Iterator<Item = DeadLetterId> {
        let id = |(partition, offset): &(i32, i64)| DeadLetterId {
            partition: *partition,
            offset: *offset,
        };
        self.sending.iter().map(id)
    }

    /// The transaction that was begun was committed, but without the records of these dead letters.
    pub(super) fn end_sending(&mut self, without: &[DeadLetterId]) {
        self.sent += self.sending().filter(|id| !without.contains(id)).count() as u64;
        self.sending.clear();
    }

    /// The record of that dead letter was read, so that it was sent, whether or not somebody has said so already.
    pub(super) fn note_read(&mut self, letter: DeadLetterId) {
        let place = self.sending().position(|sending| sending == letter);
        if let Some(place) = place {
            self.sending.remove(place);
            self.sent += 1;
        }
    }

    /// What was sent and not read is not there any more.
    pub(super) fn give_up(&mut self) {
        let missing = self.in_flight();
        self.folded += missing;
        self.outcomes.failed += missing;
    }

    /// Before the outcomes are counted again.
    pub(super) fn forget_outcomes(&mut self) {
        self.folded = 0;
        self.outcomes = Outcomes::default();
        self.messages.clear();
    }

    /// Of how many records that were sent the outcome is not known.
    pub(super) fn in_flight(&self) -> u64 {
        self.sent.saturating_sub(self.folded)
    }

    /// Counts what became of a dead letter that was not sent.
    pub(super) fn note_unsent(&mut self, result: LetterResult) {
        *self.outcomes.of(result.outcome) += 1;
        self.show(result);
    }

    /// Counts what became of a record that was sent. `before` is what was counted for it before: its record was read again.
    pub(super) fn note_folded(&mut self, before: Option<LetterOutcome>, result: LetterResult) {
        match before {
            Some(before) => {
                let counter = self.outcomes.of(before);
                *counter = counter.saturating_sub(1);
                self.messages.retain(|shown| shown.id != result.id);
            }
            None => self.folded += 1,
        }
        *self.outcomes.of(result.outcome) += 1;
        self.show(result);
    }

    fn show(&mut self, result: LetterResult) {
        self.messages.push_back(result);
        if self.messages.len() > MAX_SHOWN {
            self.messages.pop_front();
        }
    }

    /// Ends it.
    pub(super) fn end(&mut self, state: JobState, at: i64, error: Option<String>) {
        self.state = state;
        self.ended_at = Some(at);
        self.error = error;
        self.waiting = None;
    }
}

#[cfg(test)]
#[path = "job_tests.rs"]
mod tests;
