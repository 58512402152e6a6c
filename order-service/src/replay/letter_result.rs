//! What became of a dead letter that was to be replayed. Pure.

use orderlog_contract::order::Outcome;
use orderlog_contract::rejection::Code;
use serde::{Deserialize, Serialize};

use crate::dead_letter::MAX_REPLAYS;

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
