//! What order-service answers about replays, as far as the commands show it.

use serde::Deserialize;

/// What a replay would do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// How many dead letters are selected.
    pub total: u64,
    /// How many were looked into.
    pub examined: Option<u64>,
    /// What would become of them.
    pub by_outcome: WouldBe,
    /// One by one.
    #[serde(default)]
    pub messages: Vec<MessageOutcome>,
}

/// What would become of dead letters, counted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WouldBe {
    /// They would change their order.
    pub would_apply: u64,
    /// Their event was applied already.
    pub would_duplicate: u64,
    /// Their order has moved on.
    pub would_supersede: u64,
    /// They would be rejected again.
    pub would_fail: u64,
}

/// What would become, or became, of one dead letter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MessageOutcome {
    /// Its id.
    pub id: String,
    /// The record's key.
    pub key: Option<String>,
    /// What.
    pub outcome: Option<String>,
    /// The code of the rejection.
    pub code: Option<String>,
    /// The code of the first rejection.
    pub first_code: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A replay.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Its id.
    pub id: String,
    /// `running`, `done`, `stopped` or `failed`.
    pub state: String,
    /// Who started it.
    pub by: Option<String>,
    /// When.
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// How many dead letters are selected.
    #[serde(default)]
    pub total: u64,
    /// How many have been written to the event topic.
    #[serde(default)]
    pub sent: u64,
    /// What became of them.
    #[serde(default)]
    pub outcomes: Outcomes,
    /// What it waits for.
    pub waiting: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// The last dead letters, one by one.
    #[serde(default)]
    pub messages: Vec<MessageOutcome>,
}

/// What became of replayed dead letters, counted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Outcomes {
    /// They changed their order.
    pub applied: u64,
    /// Their event had been applied already.
    pub duplicate: u64,
    /// Their order had moved on.
    pub superseded: u64,
    /// They were rejected again.
    pub dead_lettered: u64,
    /// They have been replayed too often.
    pub parked: u64,
    /// They could not be replayed.
    pub failed: u64,
}

impl Outcomes {
    /// How many dead letters have an outcome.
    pub fn sum(&self) -> u64 {
        self.applied + self.duplicate + self.superseded + self.bad()
    }

    /// How many are dead letters still, or again.
    pub fn bad(&self) -> u64 {
        self.dead_lettered + self.parked + self.failed
    }
}

/// All replays.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Jobs {
    /// In an object.
    Listed {
        /// The replays, newest first.
        replays: Vec<Job>,
    },
    /// Alone.
    Alone(Vec<Job>),
}

impl Jobs {
    /// The replays.
    pub fn into_vec(self) -> Vec<Job> {
        match self {
            Self::Listed { replays } => replays,
            Self::Alone(jobs) => jobs,
        }
    }
}
