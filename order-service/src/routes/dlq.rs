//! `GET /dlq/info` and `GET /dlq/messages`: the dead-letter topic, from its index.

use std::collections::BTreeMap;

use actix_web::web;
use orderlog_contract::rejection::Code;
use orderlog_contract::timestamp;
use orderlog_projection::rfc3339_of;
use orderlog_projection::store::blocking;
use orderlog_web::{Problem, Query, Reply, openapi};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::limit;
use crate::dead_letter::headers::Position;
use crate::dead_letter::{Completeness, DeadLetterId, DeadLetterRow, Filter, Page, key_text};
use crate::state::State;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// Summary of the dead-letter topic.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// The dead-letter topic.
    #[schema(example = "order-events-dlq")]
    topic: String,
    /// Number of dead letters; duplicates left behind by a killed process are not counted.
    count: u64,
    /// Number of dead letters by code. Records that others wrote to the topic have no code, and are only in `count`.
    by_code: BTreeMap<&'static str, u64>,
    /// Whether every dead letter that is on the topic is counted. False until the topic was read to its end after a start,
    /// and while its broker is away.
    complete: bool,
    /// When everything was last known to be counted (RFC 3339, UTC); null: not since the service's start.
    #[schema(format = DateTime)]
    as_of: Option<String>,
    /// Always closed: there is no circuit breaker yet. The field is kept for clients.
    breaker: Breaker,
}

/// State of the circuit breaker: always closed, as there is none yet. Kept for clients.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Breaker {
    /// Always false.
    open: bool,
    /// Always null.
    reason: Option<String>,
}

/// Summary of the dead-letter topic
#[utoipa::path(get, path = "/dlq/info", tag = "dead letters", responses((status = 200, description = "The summary", body = Info)))]
pub async fn info(state: web::Data<State>) -> Result<Reply<Info>, Problem> {
    let index = state.dead_letters.clone();
    // Before the summary is read: it has at least what there was then.
    let completeness = state.dlq_status.completeness();
    let summary = blocking(move || index.summary()).await.map_err(Problem::internal)?;
    let info = Info {
        topic: state.dead_letters.topic().to_owned(),
        count: summary.count,
        by_code: summary
            .by_code
            .iter()
            .map(|(code, count)| (code.as_str(), *count))
            .collect(),
        complete: completeness.is_complete,
        as_of: completeness.as_of.and_then(rfc3339_of),
        breaker: Breaker {
            open: false,
            reason: None,
        },
    };
    Ok(Reply::ok("Dead letters", info))
}

/// Filters and paging.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Maximum number of dead letters on the page; default 100.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
    /// Only dead letters before this id: `next` of the previous page.
    #[param(example = "0-17", pattern = "^[0-9]{1,9}-[0-9]{1,18}$")]
    before: Option<String>,
    /// Only dead letters with this code.
    #[param(value_type = CodeName, inline, required = false)]
    code: Option<String>,
    /// Only dead letters whose record was originally in this partition.
    #[param(minimum = 0)]
    partition: Option<i32>,
    /// Only dead letters whose record had exactly this key; ids of digits only are not prefixed.
    #[serde(alias = "order_id")]
    order_id: Option<String>,
}

/// The OpenAPI schema of a code.
struct CodeName;

impl PartialSchema for CodeName {
    fn schema() -> RefOr<Schema> {
        openapi::one_of(Code::ALL.map(Code::as_str)).into()
    }
}

impl ToSchema for CodeName {}

/// One page of dead letters, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// The dead letters. With a filter, a page may be short or empty even though there are more pages.
    messages: Vec<Message>,
    /// Value of `before` for the next page; null on the last page.
    #[schema(example = "0-17")]
    next: Option<String>,
    /// Whether every dead letter that is on the topic is listed. False until the topic was read to its end after a start,
    /// and while its broker is away.
    complete: bool,
    /// When everything was last known to be listed (RFC 3339, UTC); null: not since the service's start.
    #[schema(format = DateTime)]
    as_of: Option<String>,
}

/// One dead letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Partition and offset in the dead-letter topic.
    #[schema(example = "0-17")]
    id: String,
    /// When it was written (RFC 3339, UTC).
    #[schema(format = DateTime)]
    timestamp: Option<String>,
    /// The record's key, or null. Keys that are not UTF-8, or that begin with `hex:`, are shown as `hex:` and the bytes in
    /// hexadecimal. Keys longer than 1,024 bytes are truncated and end with `…`.
    key: Option<String>,
    /// Code of the rejection; null for records that others wrote to the topic.
    #[schema(example = "undecodable")]
    code: Option<&'static str>,
    /// Why the record was rejected.
    reason: Option<String>,
    /// Schema id in the record's frame.
    schema_id: Option<u32>,
    /// Length of the record's value in bytes.
    size: u64,
    /// Replays before this rejection.
    replays: u32,
    /// Original coordinates of the record.
    origin: Option<Place>,
}

/// Original coordinates of a record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Place {
    /// Topic.
    topic: String,
    /// Partition.
    partition: i32,
    /// Offset.
    offset: i64,
    /// Timestamp (RFC 3339, UTC).
    #[schema(format = DateTime)]
    timestamp: Option<String>,
}

/// List dead letters, newest first
#[utoipa::path(
    get, path = "/dlq/messages", tag = "dead letters", params(Parameters),
    responses(
        (status = 200, description = "One page of dead letters", body = Messages),
    )
)]
pub async fn messages(state: web::Data<State>, Query(query): Query<Parameters>) -> Result<Reply<Messages>, Problem> {
    let limit = limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before = query.before.as_deref().map(str::parse::<DeadLetterId>).transpose();
    let before = before.map_err(|message| Problem::invalid_field("before", message))?;
    let filter = query.filter()?;
    let index = state.dead_letters.clone();
    // Before the page is read: it has at least what there was then.
    let completeness = state.dlq_status.completeness();
    let page = blocking(move || index.page(before, limit, &filter)).await;
    let page = page.map_err(Problem::internal)?;
    Ok(Reply::ok("Dead letters", Messages::of(page, completeness)))
}

impl Parameters {
    fn filter(&self) -> Result<Filter, Problem> {
        let code = match self.code.as_deref() {
            None => None,
            Some(name) => Some(Code::parse(name).ok_or_else(|| {
                let names = Code::ALL.map(Code::as_str).join(", ");
                Problem::invalid_field("code", format!("must be one of {names}"))
            })?),
        };
        if self.partition.is_some_and(|partition| partition < 0) {
            return Err(Problem::invalid_field("partition", "must be at least 0"));
        }
        let key = self.order_id.as_ref().map(|order_id| key_text(order_id.as_bytes()));
        Ok(Filter {
            code,
            partition: self.partition,
            key,
        })
    }
}

impl Messages {
    fn of(page: Page, completeness: Completeness) -> Self {
        let messages = page
            .dead_letters
            .into_iter()
            .map(|(id, row)| message(id, row))
            .collect();
        Self {
            messages,
            next: page.next.map(|id| id.to_string()),
            complete: completeness.is_complete,
            as_of: completeness.as_of.and_then(rfc3339_of),
        }
    }
}

fn message(id: DeadLetterId, row: DeadLetterRow) -> Message {
    let text = |millis: Option<i64>| millis.and_then(timestamp::rfc3339);
    let place = |origin: Position| Place {
        topic: origin.topic,
        partition: origin.partition,
        offset: origin.offset,
        timestamp: text(origin.timestamp),
    };
    Message {
        id: id.to_string(),
        timestamp: text(row.timestamp),
        key: row.key,
        code: row.code.map(Code::as_str),
        reason: row.reason,
        schema_id: row.schema_id,
        size: row.size,
        replays: row.replays,
        origin: row.origin.map(place),
    }
}
