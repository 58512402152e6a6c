//! A replay as a job: what it is to do, how far it is, and what became of the records. Pure.

use std::collections::{BTreeMap, VecDeque};

use orderlog_contract::order::Outcome;
use orderlog_contract::rejection::Code;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::selection::Selection;
use crate::dead_letter::{DeadLetterId, MAX_REPLAYS};

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

/// What became of a dead letter that was to be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LetterOutcome {
    /// Its event was applied.
    Applied,
    /// Its event is the one that the order has already.
    Duplicate,
    /// Its order is newer.
    Superseded,
    /// Rejected again.
    DeadLettered,
    /// Rejected again and not replayed any more; or that was so before, and it was not sent.
    Parked,
    /// It was not sent, or was not found where it was sent to.
    Failed,
}

impl LetterOutcome {
    /// What became of a record that was replayed for the n-th time.
    pub(super) fn of(outcome: &Outcome, replays: u32) -> Self {
        match outcome {
            Outcome::Applied { .. } => Self::Applied,
            Outcome::Duplicate => Self::Duplicate,
            Outcome::Superseded => Self::Superseded,
            Outcome::Rejected(_) if replays >= MAX_REPLAYS => Self::Parked,
            Outcome::Rejected(_) => Self::DeadLettered,
            // Nothing without a value is sent; somebody else's record may say that it is a replay.
            Outcome::Ignored => Self::Failed,
        }
    }

    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Duplicate => "duplicate",
            Self::Superseded => "superseded",
            Self::DeadLettered => "deadLettered",
            Self::Parked => "parked",
            Self::Failed => "failed",
        }
    }
}

/// A dead letter of a job, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LetterResult {
    /// The dead letter.
    pub id: String,
    /// The key of its record, as [`key_text`](crate::dead_letter::key_text) shows it.
    pub key: Option<String>,
    /// What became of it.
    pub outcome: LetterOutcome,
    /// Why it was rejected again.
    pub code: Option<Code>,
    /// Why it was rejected the first time.
    pub first_code: Option<Code>,
    /// Why it was rejected again, or not sent, as a sentence.
    pub reason: Option<String>,
    /// Partition and offset of the record that was sent, once it was read.
    pub sent_to: Option<(i32, i64)>,
}

/// Dead letters by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// [`LetterOutcome::Applied`].
    pub applied: u64,
    /// [`LetterOutcome::Duplicate`].
    pub duplicate: u64,
    /// [`LetterOutcome::Superseded`].
    pub superseded: u64,
    /// [`LetterOutcome::DeadLettered`].
    pub dead_lettered: u64,
    /// [`LetterOutcome::Parked`].
    pub parked: u64,
    /// [`LetterOutcome::Failed`].
    pub failed: u64,
}

impl Outcomes {
    /// The counter of that outcome.
    pub(super) fn of(&mut self, outcome: LetterOutcome) -> &mut u64 {
        match outcome {
            LetterOutcome::Applied => &mut self.applied,
            LetterOutcome::Duplicate => &mut self.duplicate,
            LetterOutcome::Superseded => &mut self.superseded,
            LetterOutcome::DeadLettered => &mut self.dead_lettered,
            LetterOutcome::Parked => &mut self.parked,
            LetterOutcome::Failed => &mut self.failed,
        }
    }
}

/// A replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id, a UUID v7: ids sort by the time of the start.
    pub id: Uuid,
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
    /// The [generation](crate::dead_letter::Index::generation) of the index whose dead letters it is about.
    #[serde(default)]
    pub(super) generation: Uuid,
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
    /// Whether it is to be stopped.
    pub(super) stopping: bool,
    /// Whether it has had its turn since the service was started, so that the runner has to end it.
    #[serde(skip)]
    pub(super) has_turn: bool,
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
            by,
            state: JobState::Running,
            started_at,
            ended_at: None,
            selection,
            rate,
            below: BTreeMap::new(),
            generation: Uuid::nil(),
            total: 0,
            sent: 0,
            outcomes: Outcomes::default(),
            cursor: None,
            all_sent: false,
            stopping: false,
            has_turn: false,
            folded: 0,
            waiting: None,
            error: None,
            messages: VecDeque::new(),
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

    /// Whether outcomes of its records may still be read. A stopped job has them, too.
    pub(super) fn awaits_outcomes(&self) -> bool {
        self.is_running() || self.folded < self.sent
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
