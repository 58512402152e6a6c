//! What became of a dead letter. Pure.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How often a record is replayed at most: a dead letter of one that was replayed that often is parked.
pub const MAX_REPLAYS: u32 = 3;

/// The state of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterState {
    /// Nothing has been done about it.
    Open,
    /// Its record was written back to its topic.
    Replayed,
    /// Nothing has been done about it, and it is not replayed any more: that was tried [`MAX_REPLAYS`] times.
    Parked,
    /// Somebody has decided that its record is not needed.
    Discarded,
}

impl DeadLetterState {
    /// Every state. Those that a dead letter may leave come first: a reader that looks at one state after the other does not
    /// miss a letter that changes meanwhile.
    pub const ALL: [Self; 4] = [Self::Open, Self::Parked, Self::Replayed, Self::Discarded];

    /// The states of dead letters that count: those that nobody has settled.
    pub const UNSETTLED: [Self; 2] = [Self::Open, Self::Parked];

    /// The state as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Replayed => "replayed",
            Self::Parked => "parked",
            Self::Discarded => "discarded",
        }
    }

    /// The state with that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// The state of a dead letter that no mark names.
    pub(super) fn unmarked(replays: u32) -> Self {
        if replays >= MAX_REPLAYS {
            Self::Parked
        } else {
            Self::Open
        }
    }

    /// Whether a dead letter in this state counts.
    pub(super) fn is_unsettled(self) -> bool {
        Self::UNSETTLED.contains(&self)
    }
}

/// What a mark says about a dead letter that it settles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// When: milliseconds since 1970-01-01 UTC.
    pub at: Option<i64>,
    /// Who.
    pub by: Option<String>,
    /// Why it was discarded.
    pub reason: Option<String>,
    /// The job that replayed it.
    pub job: Option<Uuid>,
    /// Partition and offset of the mark: of several, the first counts, whichever is read first. Several copies of a dead letter
    /// may be in several partitions, each with marks of its own.
    pub(super) mark: (i32, i64),
}

/// A dead letter's new state, and the mark that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settlement {
    pub state: DeadLetterState,
    pub settled: Settled,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_name() {
        for state in DeadLetterState::ALL {
            assert_eq!(DeadLetterState::parse(state.as_str()), Some(state));
            assert_eq!(
                serde_json::to_value(state).expect("JSON"),
                serde_json::Value::from(state.as_str())
            );
        }
        assert_eq!(DeadLetterState::parse("any"), None);
    }

    #[test]
    fn what_was_replayed_three_times_is_parked() {
        let states = [0, 2, 3, u32::MAX].map(DeadLetterState::unmarked);
        use DeadLetterState::{Open, Parked};
        assert_eq!(states, [Open, Open, Parked, Parked]);
    }
}
