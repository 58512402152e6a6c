//! What the operator asked order-service for, and was told: replays, discards and resumes, and what became of them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The key that the operator shows: with three brokers, it is not on order-service's machine.
pub const ADMIN_KEY: &str = "torture-operator";

/// A request of the operator and its answer. Times are those of [`crate::history`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Managed {
    pub path: String,
    pub body: Value,
    pub begun: u64,
    pub ended: u64,
    /// `None` if there was no complete answer.
    pub status: Option<u16>,
    /// The body; null if there is none, or it is not JSON.
    pub answer: Value,
}

/// A replay, as order-service last showed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    pub id: String,
    pub state: String,
    /// What it was to replay.
    pub selection: Value,
    pub total: u64,
    pub sent: u64,
    pub outcomes: JobOutcomes,
    pub waiting: Option<String>,
    pub error: Option<String>,
}

/// Its dead letters by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobOutcomes {
    pub applied: u64,
    pub duplicate: u64,
    pub superseded: u64,
    pub dead_lettered: u64,
    pub parked: u64,
    pub failed: u64,
}

impl JobOutcomes {
    /// How many are known.
    pub fn sum(&self) -> u64 {
        self.applied + self.duplicate + self.superseded + self.dead_lettered + self.parked + self.failed
    }
}

/// A schema that was registered when records with its id had been rejected already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateSchema {
    pub id: u32,
    /// When its registration was requested first, in milliseconds since 1970-01-01 UTC: everything that had been written
    /// before had been read before.
    pub registered: i64,
}

/// A partition that got too many dead letters, and what order-service said about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flooding {
    pub partition: i32,
    /// Where it was paused: the position read to.
    pub paused: Option<i64>,
    /// The same after order-service was killed and restarted.
    pub after_kill: Option<i64>,
    /// What the resume was told.
    pub resumed: Vec<i32>,
    /// The position after the last record of the flood.
    pub end: i64,
    /// The position read to at last.
    pub reached: i64,
}
