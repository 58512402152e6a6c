//! `POST /dlq/resume`: reads on in partitions that were paused because they had too many dead letters.

use actix_web::web;
use orderlog_projection::store::StoreError;
use orderlog_projection::{BreakerLimit, ResumeError};
use orderlog_web::problem::FieldError;
use orderlog_web::whole_number::WholeNumber;
use orderlog_web::{Problem, ProblemKind, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::admin::AdminJson;
use crate::state::State;

/// Which partitions to resume.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resume {
    /// The partition to resume; by default all that are paused by their breaker.
    #[schema(value_type = Option<i32>, minimum = 0, example = 2)]
    partition: Option<WholeNumber>,
    /// How many dead letters among the partition's last 2,000 records are tolerated from now on; with 2000, it is never paused
    /// because of them. By default the limit stays as it is: 1000, unless it was changed.
    #[schema(value_type = Option<i32>, minimum = 1_000, maximum = 2_000, example = 1_500)]
    max_dead_letters: Option<WholeNumber>,
}

/// What was resumed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Resumed {
    /// The partitions that are read again; empty if none was paused by its breaker.
    #[schema(example = json!([2]))]
    resumed: Vec<i32>,
}

/// Resumes partitions.
#[utoipa::path(
    post, path = "/dlq/resume", tag = "dead letters",
    summary = "Resume paused partitions",
    description = "A partition is paused if more than 1,000 of its last 2,000 records are dead letters; `breaker` in `/dlq/info` shows it. This reads \
        on after the last of them, and counts anew: after as many further dead letters, it pauses again. To let more of them pass, also set \
        `maxDeadLetters`, which stays set for that partition, also if it is not paused now.",
    request_body(content = Resume, description = "The partition and its new limit; `{}` resumes all paused partitions once.", examples(
        ("all" = (summary = "All partitions, once", value = json!({}))),
        ("one" = (summary = "One partition, with a higher limit", value = json!({"partition": 2, "maxDeadLetters": 1500}))),
    )),
    security((), ("adminKey" = [])),
    responses(
        (status = 200, description = "The partitions that are read again.", body = Resumed),
        (status = 503, description = "`/problems/not-ready` or `/problems/unavailable`: nothing is read now, or the store's disk is full; `detail` says why. Nothing was changed."),
    )
)]
pub async fn resume(
    AdminJson { admin, value }: AdminJson<Resume>,
    state: web::Data<State>,
) -> Result<Reply<Resumed>, Problem> {
    let (partition, limit) = value.parse()?;
    let bound = limit.map(BreakerLimit::get);
    // Before it is done, too: whoever asked may be gone when it is.
    tracing::info!(
        by = admin.by,
        kafka.topic = state.topic,
        partition,
        limit = bound,
        "resuming partitions"
    );
    let resumed = state.view.resume(partition, limit).await.map_err(problem)?;
    tracing::info!(
        by = admin.by,
        kafka.topic = state.topic,
        partition,
        limit = bound,
        resumed = ?resumed,
        "partitions resumed"
    );
    Ok(Reply::ok("Partitions resumed", Resumed { resumed }))
}

impl Resume {
    /// The partition and the limit.
    fn parse(&self) -> Result<(Option<i32>, Option<BreakerLimit>), Problem> {
        let mut errors = Vec::new();
        let mut invalid = |field: &str, message: String| {
            let field = field.to_owned();
            errors.push(FieldError { field, message });
        };
        let number = |number: WholeNumber| number.get().and_then(|number| u32::try_from(number).ok());
        let partition = self
            .partition
            .map(|partition| number(partition).and_then(|n| i32::try_from(n).ok()));
        if partition == Some(None) {
            invalid("partition", format!("must be a whole number from 0 to {}", i32::MAX));
        }
        let limit = self
            .max_dead_letters
            .map(|limit| number(limit).and_then(BreakerLimit::new));
        if limit == Some(None) {
            let (min, max) = (BreakerLimit::MIN, BreakerLimit::MAX);
            invalid("maxDeadLetters", format!("must be a whole number from {min} to {max}"));
        }
        match errors.is_empty() {
            true => Ok((partition.flatten(), limit.flatten())),
            false => Err(Problem::invalid(errors)),
        }
    }
}

fn problem(error: ResumeError) -> Problem {
    match error {
        ResumeError::NoPartition(_) => Problem::invalid_field("partition", error.to_string()),
        ResumeError::NotReading(_) => Problem::new(ProblemKind::NotReady, error.to_string()),
        ResumeError::Store(StoreError::DiskFull(full)) => Problem::new(ProblemKind::Unavailable, full.to_string()),
        ResumeError::Store(StoreError::Failed(error)) => Problem::internal(error),
    }
}
