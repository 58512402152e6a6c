//! `GET /dlq/info`: the dead letters, counted.

use std::collections::BTreeMap;

use actix_web::web;
use orderlog_contract::timestamp;
use orderlog_projection::rfc3339_of;
use orderlog_projection::store::{StoreError, blocking};
use orderlog_runtime::clock;
use orderlog_web::{Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::breaker::Breaker;
use crate::dead_letter::{DeadLetterState, HOUR_MS, Summary};
use crate::state::State;

/// How many hours are counted one by one.
const HOURS: i64 = 48;

/// The dead letters, counted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// The dead-letter topic.
    #[schema(example = "order-events-dlq")]
    topic: String,
    /// Number of dead letters that are open or parked. A record that was copied twice, because a service was killed in between, counts once.
    #[schema(example = 2)]
    count: u64,
    /// The same by code. Records that other programs wrote to the dead-letter topic have no code, and count only in `count`.
    #[schema(example = json!({"undecodable": 1, "wrong_partition": 1}))]
    by_code: BTreeMap<&'static str, u64>,
    /// Number of dead letters by state.
    by_state: ByState,
    /// Number of dead letters that are open or parked, by the hour in which they were written: the last 48 hours, the current one last.
    #[schema(max_items = 48)]
    by_hour: Vec<Hour>,
    /// Whether every dead letter that is on the topic is counted. False until the topic has been read to its end after
    /// startup, and while its broker is away.
    complete: bool,
    /// When everything was last known to be counted (RFC 3339, UTC); null if never since the service started.
    #[schema(format = DateTime)]
    as_of: Option<String>,
    /// Which partitions are not read, because too many of their last records are dead letters.
    breaker: Breaker,
}

/// Number of dead letters by state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ByState {
    /// Nothing has been done about them.
    #[schema(example = 2)]
    open: u64,
    /// Their records were replayed three times and rejected again; they are not replayed any more.
    #[schema(example = 0)]
    parked: u64,
    /// Their records were written back to the event topic.
    #[schema(example = 17)]
    replayed: u64,
    /// Somebody decided that their records are not needed.
    #[schema(example = 1)]
    discarded: u64,
}

/// Number of dead letters that were written in one hour.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Hour {
    /// When it began (RFC 3339, UTC).
    #[schema(format = DateTime, example = "2026-01-02T03:00:00.000Z")]
    hour: String,
    /// Number of dead letters.
    #[schema(example = 2)]
    count: u64,
}

/// Returns the counts.
#[utoipa::path(
    get, path = "/dlq/info", tag = "dead letters",
    summary = "Count the dead letters",
    description = "Returns how many dead letters there are: rejected records that were copied to the dead-letter topic. `count`, `byCode` and `byHour` leave out those \
        that were replayed or discarded.",
    responses((status = 200, description = "The counts.", body = Info))
)]
pub async fn info(state: web::Data<State>) -> Result<Reply<Info>, Problem> {
    Ok(Reply::ok("Dead letters", Info::of(&state).await?))
}

impl Info {
    /// The counts as of now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn of(state: &State) -> Result<Self, Problem> {
        let index = state.dead_letters.clone();
        // Before the summary is read: it has at least what there was then.
        let completeness = state.dlq_status.completeness();
        // A clock that is wrong beyond measure has no last hours.
        let this_hour = clock::now_ms().map_or(i64::MAX / HOUR_MS, |now| now.div_euclid(HOUR_MS));
        let first = this_hour - HOURS + 1;
        let read = blocking(move || Ok::<_, StoreError>((index.summary()?, index.by_hour(first, this_hour)?))).await;
        let (summary, counted) = read.map_err(Problem::internal)?;
        let breaker = Breaker::of(&state.view.known_partitions().await.map_err(Problem::internal)?);
        let by_hour = (first..=this_hour).filter_map(|hour| {
            Some(Hour {
                hour: timestamp::rfc3339(hour * HOUR_MS)?,
                count: counted.get(&hour).copied().unwrap_or(0),
            })
        });
        Ok(Self {
            topic: state.dead_letters.topic().to_owned(),
            count: summary.count,
            by_code: summary
                .by_code
                .iter()
                .map(|(code, count)| (code.as_str(), *count))
                .collect(),
            by_state: ByState::of(&summary),
            by_hour: by_hour.collect(),
            complete: completeness.is_complete,
            as_of: completeness.as_of.and_then(rfc3339_of),
            breaker,
        })
    }
}

impl ByState {
    fn of(summary: &Summary) -> Self {
        let count = |state| summary.by_state.get(&state).copied().unwrap_or(0);
        Self {
            open: count(DeadLetterState::Open),
            parked: count(DeadLetterState::Parked),
            replayed: count(DeadLetterState::Replayed),
            discarded: count(DeadLetterState::Discarded),
        }
    }
}
