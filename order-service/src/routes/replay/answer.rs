//! What is told of replays.

use orderlog_contract::rejection::Code;
use orderlog_contract::timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::replay::{DryRun, Forecast, ForecastLetter, Job, LetterResult, Selection};

/// What a replay would do, or the replay that was started.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ReplayAnswer {
    /// What it would do.
    DryRun(DryRunAnswer),
    /// The replay.
    Job(Box<Replay>),
}

/// What a replay would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRunAnswer {
    /// How many dead letters are selected.
    #[schema(example = 1)]
    total: u64,
    /// How many of them were examined, the oldest ones: at most 1000, and what can be done in ten seconds.
    #[schema(example = 1)]
    examined: u64,
    /// What would become of those that were examined.
    by_outcome: ForecastCounts,
    /// The same for each of them, in the order in which they would be sent.
    messages: Vec<ForecastAnswer>,
}

/// Dead letters by what would become of them.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForecastCounts {
    /// Their events would be applied to their orders.
    #[schema(example = 1)]
    would_apply: u64,
    /// Their orders have these very events already.
    #[schema(example = 0)]
    would_duplicate: u64,
    /// Their orders are newer.
    #[schema(example = 0)]
    would_supersede: u64,
    /// They would be rejected again, or cannot be sent.
    #[schema(example = 0)]
    would_fail: u64,
}

/// What would become of one dead letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ForecastAnswer {
    /// The dead letter.
    #[schema(example = "0-17")]
    id: String,
    /// The key of its record.
    #[schema(example = "ORD-1001")]
    key: Option<String>,
    /// `wouldApply`, `wouldDuplicate`, `wouldSupersede` or `wouldFail`.
    #[schema(example = "wouldApply")]
    outcome: &'static str,
    /// The code that its record would be rejected with.
    #[schema(example = "undecodable")]
    code: Option<&'static str>,
    /// Why, in a sentence.
    reason: Option<String>,
}

impl From<DryRun> for DryRunAnswer {
    fn from(dry_run: DryRun) -> Self {
        let mut by_outcome = ForecastCounts::default();
        for letter in &dry_run.letters {
            *match letter.forecast {
                Forecast::WouldApply => &mut by_outcome.would_apply,
                Forecast::WouldDuplicate => &mut by_outcome.would_duplicate,
                Forecast::WouldSupersede => &mut by_outcome.would_supersede,
                Forecast::WouldFail => &mut by_outcome.would_fail,
            } += 1;
        }
        let message = |letter: ForecastLetter| ForecastAnswer {
            id: letter.id,
            key: letter.key,
            outcome: letter.forecast.as_str(),
            code: letter.code.map(Code::as_str),
            reason: letter.reason,
        };
        Self {
            total: dry_run.total,
            examined: dry_run.letters.len() as u64,
            by_outcome,
            messages: dry_run.letters.into_iter().map(message).collect(),
        }
    }
}

/// A replay.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// Its id.
    #[schema(example = "019b7e30-5f5d-7cc0-a8b0-6ab3a7c7e1f2", format = Uuid)]
    id: String,
    /// `running`, `done`, `stopped` or `failed`.
    #[schema(example = "running")]
    state: &'static str,
    /// Who started it.
    #[schema(example = "127.0.0.1")]
    by: String,
    /// When it was started (RFC 3339, UTC).
    #[schema(format = DateTime, example = "2026-01-02T03:04:05.006Z")]
    started_at: Option<String>,
    /// When it ended (RFC 3339, UTC).
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// What it replays.
    selection: SelectionAnswer,
    /// How many records it sends in a second at most.
    #[schema(example = 2000)]
    rate_per_second: u32,
    /// How many dead letters were selected when it was started.
    #[schema(example = 2)]
    total: u64,
    /// How many records it has written to the event topic.
    #[schema(example = 2)]
    sent: u64,
    /// What became of the dead letters, as far as that is known.
    outcomes: OutcomesAnswer,
    /// What it waits for.
    waiting: Option<String>,
    /// Why it has failed, or what is missing.
    error: Option<String>,
    /// The last 100 dead letters of which it is known what became of them; left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    messages: Option<Vec<ReplayedDeadLetter>>,
}

/// What a replay was asked for: one of these.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct SelectionAnswer {
    /// Ids of dead letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["0-17"]))]
    ids: Option<Vec<String>>,
    /// Their code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "unknown_schema_id")]
    code: Option<&'static str>,
    /// When they were written, or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-01-02T03:04:05.006Z")]
    since: Option<String>,
    /// Before when they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime, example = "2026-01-02T04:04:05.006Z")]
    until: Option<String>,
    /// True if it was all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = true)]
    all: Option<bool>,
}

/// Dead letters by what became of them.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomesAnswer {
    /// Their events were applied to their orders.
    #[schema(example = 1)]
    applied: u64,
    /// Their orders had these very events already.
    #[schema(example = 0)]
    duplicate: u64,
    /// Their orders were newer.
    #[schema(example = 0)]
    superseded: u64,
    /// Rejected again.
    #[schema(example = 1)]
    dead_lettered: u64,
    /// Rejected for the third time after a replay and not replayed any more; or that was so before.
    #[schema(example = 0)]
    parked: u64,
    /// Not sent, for the reason in `messages`; or deleted from the event topic before they were read.
    #[schema(example = 0)]
    failed: u64,
}

/// What became of a dead letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayedDeadLetter {
    /// The dead letter.
    #[schema(example = "0-17")]
    id: String,
    /// The key of its record.
    #[schema(example = "ORD-1001")]
    key: Option<String>,
    /// `applied`, `duplicate`, `superseded`, `deadLettered`, `parked` or `failed`.
    #[schema(example = "applied")]
    outcome: &'static str,
    /// The code that its record was rejected with this time; if it was not sent, the last one.
    #[schema(example = "undecodable")]
    code: Option<&'static str>,
    /// The code that its record was rejected with the first time.
    #[schema(example = "unknown_schema_id")]
    first_code: Option<&'static str>,
    /// Why it was rejected or not sent, in a sentence.
    reason: Option<String>,
    /// Partition of the event topic that its record was written to.
    #[schema(example = 2)]
    partition: Option<i32>,
    /// Its offset there.
    #[schema(example = 18)]
    offset: Option<i64>,
}

impl Replay {
    /// The job, without its dead letters.
    pub fn without_messages(job: &Job) -> Self {
        let outcomes = &job.outcomes;
        Self {
            id: job.id.to_string(),
            state: job.state.as_str(),
            by: job.by.clone(),
            started_at: timestamp::rfc3339(job.started_at),
            ended_at: job.ended_at.and_then(timestamp::rfc3339),
            selection: SelectionAnswer::from(&job.selection),
            rate_per_second: job.rate,
            total: job.total,
            sent: job.sent,
            outcomes: OutcomesAnswer {
                applied: outcomes.applied,
                duplicate: outcomes.duplicate,
                superseded: outcomes.superseded,
                dead_lettered: outcomes.dead_lettered,
                parked: outcomes.parked,
                failed: outcomes.failed,
            },
            waiting: job.waiting.clone(),
            error: job.error.clone(),
            messages: None,
        }
    }

    /// The job.
    pub fn of(job: &Job) -> Self {
        Self {
            messages: Some(job.messages.iter().map(ReplayedDeadLetter::of).collect()),
            ..Self::without_messages(job)
        }
    }
}

impl ReplayedDeadLetter {
    fn of(result: &LetterResult) -> Self {
        Self {
            id: result.id.clone(),
            key: result.key.clone(),
            outcome: result.outcome.as_str(),
            code: result.code.map(Code::as_str),
            first_code: result.first_code.map(Code::as_str),
            reason: result.reason.clone(),
            partition: result.sent_to.map(|(partition, _)| partition),
            offset: result.sent_to.map(|(_, offset)| offset),
        }
    }
}

impl From<&Selection> for SelectionAnswer {
    fn from(selection: &Selection) -> Self {
        match selection {
            Selection::Ids(ids) => Self {
                ids: Some(ids.iter().map(ToString::to_string).collect()),
                ..Self::default()
            },
            Selection::Code(code) => Self {
                code: Some(code.as_str()),
                ..Self::default()
            },
            Selection::Written { since, until } => Self {
                since: since.and_then(timestamp::rfc3339),
                until: until.and_then(timestamp::rfc3339),
                ..Self::default()
            },
            Selection::All => Self {
                all: Some(true),
                ..Self::default()
            },
        }
    }
}
