//! `POST /dlq/replay`, `GET /dlq/replays`, `GET /dlq/replays/{job}`, `POST /dlq/replays/{job}/stop` and `POST /dlq/discard`.

mod answer;
mod request;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web;
pub use answer::Replay;
use answer::ReplayAnswer;
use orderlog_projection::store::StoreError;
use orderlog_web::{Problem, ProblemKind, Reply};
use request::{DiscardRequest, ReplayRequest};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::admin::{Admin, AdminJson};
use crate::dead_letter::DeadLetterId;
use crate::replay::ReplayError;
use crate::routes::ready;
use crate::state::State;

/// Replays dead letters, or tells what that would do.
#[utoipa::path(
    post, path = "/dlq/replay", tag = "dead letters", security((), ("adminKey" = [])),
    summary = "Replay dead letters",
    description = "Writes the records of dead letters back to the event topic, once each, to the partitions of their keys. That takes a while: the response \
        names a job that can be watched and stopped, and that goes on after a restart. With `dryRun`, nothing is written; the response tells what would \
        become of the records, and needs the admin key as well. Filters select open dead letters only, and none that are written after the request.",
    request_body(content = ReplayRequest, description = "Which dead letters.", example = json!({"ids": ["0-17"], "dryRun": true})),
    responses(
        (status = 200, description = "With `dryRun`: what would become of the records.", body = answer::DryRunAnswer),
        (status = 202, description = "The replay has been started, or waits for those before it.", body = Replay,
            headers(("Location" = String, description = "Where to watch it."))),
        (status = 503, description = "`/problems/not-ready` or `/problems/unavailable`: the service is starting, the dead letters cannot be read now, the schema registry does not answer a dry run, or ten replays are waiting already. Nothing was written."),
    )
)]
pub async fn replay(
    AdminJson { admin, value: request }: AdminJson<ReplayRequest>,
    state: web::Data<State>,
) -> Result<Reply<ReplayAnswer>, Problem> {
    let (selection, rate) = (request.selection()?, request.rate()?);
    ready(&state).await?;
    if request.dry_run {
        let dry_run = state.replays.dry_run(selection).await.map_err(problem)?;
        return Ok(Reply::ok(
            "What a replay would do",
            ReplayAnswer::DryRun(dry_run.into()),
        ));
    }
    let job = state.replays.start(selection, rate, admin.by).await.map_err(problem)?;
    let answer = ReplayAnswer::Job(Box::new(Replay::of(&job)));
    let reply = Reply::new(StatusCode::ACCEPTED, "Replay started", answer);
    Ok(match HeaderValue::from_str(&format!("/dlq/replays/{}", job.id)) {
        Ok(location) => reply.header(header::LOCATION, location),
        Err(_) => reply,
    })
}

/// Replays, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Replays {
    /// Those that are running, and the last 100 that have ended.
    replays: Vec<Replay>,
}

/// Lists the replays.
#[utoipa::path(
    get, path = "/dlq/replays", tag = "dead letters",
    summary = "List the replays",
    description = "Returns the replays that this instance has run, newest first: who started each and when, what it was to do, and how many records it sent.",
    responses((status = 200, description = "The replays.", body = Replays))
)]
pub async fn replays(state: web::Data<State>) -> Reply<Replays> {
    let jobs = state.replays.newest(usize::MAX);
    let replays = jobs.iter().map(|job| Replay::without_messages(job)).collect();
    Reply::ok("Replays", Replays { replays })
}

/// Returns a replay.
#[utoipa::path(
    get, path = "/dlq/replays/{job}", tag = "dead letters",
    summary = "Watch a replay",
    description = "Returns how far a replay is, and what became of its last 100 dead letters.",
    params(("job" = Uuid, Path, description = "Id of the replay.", example = "019b7e30-5f5d-7cc0-a8b0-6ab3a7c7e1f2")),
    responses(
        (status = 200, description = "The replay.", body = Replay),
        (status = 404, description = "`/problems/replay-not-found`: this instance has no replay with this id, or no longer."),
    )
)]
pub async fn replay_job(state: web::Data<State>, job: web::Path<String>) -> Result<Reply<Replay>, Problem> {
    let found = job.parse().ok().and_then(|id| state.replays.get(id));
    let found = found.ok_or_else(|| unknown(&job))?;
    Ok(Reply::ok("Replay", Replay::of(&found)))
}

/// Stops a replay.
#[utoipa::path(
    post, path = "/dlq/replays/{job}/stop", tag = "dead letters", security((), ("adminKey" = [])),
    summary = "Stop a replay",
    description = "Ends a replay. Records that it has written stay, and what becomes of them is still counted. The state of one that has ended stays as it is.",
    params(("job" = Uuid, Path, description = "Id of the replay.", example = "019b7e30-5f5d-7cc0-a8b0-6ab3a7c7e1f2")),
    responses(
        (status = 200, description = "The replay. If it is still `running`, it ends with the records that are being written.", body = Replay),
        (status = 404, description = "`/problems/replay-not-found`: this instance has no replay with this id, or no longer."),
    )
)]
pub async fn stop(admin: Admin, state: web::Data<State>, job: web::Path<String>) -> Result<Reply<Replay>, Problem> {
    let id: Uuid = job.parse().map_err(|_| unknown(&job))?;
    let stopped = state.replays.stop(id, &admin.by).await.map_err(problem)?;
    let stopped = stopped.ok_or_else(|| unknown(&job))?;
    Ok(Reply::ok("Replay stopped", Replay::of(&stopped)))
}

/// What was discarded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Discarded {
    /// How many dead letters were discarded.
    #[schema(example = 1)]
    discarded: u64,
    /// Those that were asked for by id and were not discarded; at most 100.
    skipped: Vec<SkippedLetter>,
}

/// A dead letter that was not discarded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SkippedLetter {
    /// Its id.
    #[schema(example = "0-18")]
    id: String,
    /// Why it was not.
    #[schema(example = "it was replayed already")]
    reason: &'static str,
}

/// Discards dead letters.
#[utoipa::path(
    post, path = "/dlq/discard", tag = "dead letters", security((), ("adminKey" = [])),
    summary = "Discard dead letters",
    description = "Notes that the records of dead letters are not needed, and why. They are no longer listed and counted as open, and are not replayed; they \
        stay on the dead-letter topic. Filters select open and parked dead letters; ids of others are listed in `skipped`.",
    request_body(content = DiscardRequest, description = "Which dead letters, and why.", example = json!({"ids": ["0-17"], "reason": "written by a test"})),
    responses(
        (status = 200, description = "They were discarded.", body = Discarded),
        (status = 503, description = "`/problems/not-ready` or `/problems/unavailable`: the service is starting, or the dead-letter topic cannot be read or written now. Some of the dead letters may have been discarded; ask again."),
    )
)]
pub async fn discard(
    AdminJson { admin, value: request }: AdminJson<DiscardRequest>,
    state: web::Data<State>,
) -> Result<Reply<Discarded>, Problem> {
    let (selection, reason) = (request.selection()?, request.reason()?);
    ready(&state).await?;
    let discarded = state
        .replays
        .discard(selection, reason, admin.by)
        .await
        .map_err(problem)?;
    let skipped = |(id, reason): (DeadLetterId, _)| SkippedLetter {
        id: id.to_string(),
        reason,
    };
    let answer = Discarded {
        discarded: discarded.count,
        skipped: discarded.skipped.into_iter().map(skipped).collect(),
    };
    Ok(Reply::ok("Dead letters discarded", answer))
}

fn unknown(job: &str) -> Problem {
    let id: Option<Uuid> = job.parse().ok();
    let detail = match id {
        Some(id) => format!(
            "this instance has no replay {id}: it knows those that it has run, and of those that have ended the last 100"
        ),
        None => "the id of a replay is a UUID, as in the answer to POST /dlq/replay".to_owned(),
    };
    Problem::new(ProblemKind::ReplayNotFound, detail)
}

fn problem(error: ReplayError) -> Problem {
    match error {
        ReplayError::Store(StoreError::DiskFull(full)) => Problem::new(ProblemKind::Unavailable, full.to_string()),
        ReplayError::Store(error) => Problem::internal(error),
        error @ (ReplayError::Read(_)
        | ReplayError::Registry(_)
        | ReplayError::NotCurrent(_)
        | ReplayError::NotMarked(_)
        | ReplayError::Recreated
        | ReplayError::TooMany
        | ReplayError::Stopping) => Problem::new(ProblemKind::Unavailable, error.to_string()),
    }
}
