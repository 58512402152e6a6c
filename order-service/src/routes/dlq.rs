//! `GET /dlq/info` and `GET /dlq/messages`: the dead-letter topic, from its index.

use std::collections::BTreeMap;

use actix_web::web;
use orderlog_contract::rejection::Code;
use orderlog_contract::timestamp;
use orderlog_projection::rfc3339_of;
use orderlog_projection::store::blocking;
use orderlog_web::{Problem, Query, Reply, openapi, query};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::dead_letter::headers::Position;
use crate::dead_letter::{Completeness, DeadLetterId, DeadLetterRow, Filter, Page, key_text};
use crate::state::State;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: i64 = 1_000;

/// The dead letters, counted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// The dead-letter topic.
    #[schema(example = "order-events-dlq")]
    topic: String,
    /// Number of dead letters. A record that was copied twice, because a service was killed in between, counts once.
    #[schema(example = 2)]
    count: u64,
    /// Number of dead letters by code. Records that other programs wrote to the dead-letter topic have no code, and count only in `count`.
    #[schema(example = json!({"undecodable": 1, "wrong_partition": 1}))]
    by_code: BTreeMap<&'static str, u64>,
    /// Whether every dead letter that is on the topic is counted. False until the topic has been read to its end after
    /// startup, and while its broker is away.
    complete: bool,
    /// When everything was last known to be counted (RFC 3339, UTC); null if never since the service started.
    #[schema(format = DateTime)]
    as_of: Option<String>,
    /// There is no circuit breaker in this release, so this is always `{"open": false, "reason": null}`.
    breaker: Breaker,
}

/// There is no circuit breaker in this release: always `{"open": false, "reason": null}`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Breaker {
    /// Always false in this release.
    #[schema(example = false)]
    open: bool,
    /// Always null in this release.
    reason: Option<String>,
}

/// Returns the counts.
#[utoipa::path(
    get, path = "/dlq/info", tag = "dead letters",
    summary = "Count the dead letters",
    description = "Returns how many records were rejected and copied to the dead-letter topic, in total and by code.",
    responses((status = 200, description = "The counts.", body = Info))
)]
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
    /// Maximum number of dead letters on the page; 100 by default.
    #[serde(default, deserialize_with = "query::within::<1, MAX_LIMIT, _, _>")]
    #[param(minimum = 1, maximum = 1_000, example = 10)]
    limit: Option<usize>,
    /// Only dead letters before this id, `<partition>-<offset>` in the dead-letter topic. For the next page, pass `next` of the previous page.
    #[param(example = "0-17", pattern = "^[0-9]{1,9}-[0-9]{1,18}$")]
    before: Option<String>,
    /// Only dead letters with this code.
    #[param(value_type = CodeName, inline, required = false, example = "undecodable")]
    code: Option<String>,
    /// Only dead letters whose record was in this partition of the event topic.
    #[serde(default, deserialize_with = "query::within::<0, { i32::MAX as i64 }, _, _>")]
    #[param(minimum = 0, example = 2)]
    partition: Option<i32>,
    /// Only dead letters whose record had exactly this key: `1001` does not find `ORD-1001`. The name `order_id` is accepted, too.
    #[serde(alias = "order_id")]
    #[param(example = "ORD-1001")]
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
    /// Whether every dead letter that is on the topic is listed. False until the topic has been read to its end after
    /// startup, and while its broker is away.
    complete: bool,
    /// When everything was last known to be listed (RFC 3339, UTC); null if never since the service started.
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
    #[schema(format = DateTime, example = "2026-01-02T03:04:05.006Z")]
    timestamp: Option<String>,
    /// The record's key, or null if it has none. Keys that are not UTF-8, or that begin with `hex:`, are shown as `hex:` and the bytes in
    /// hexadecimal. Keys longer than 1,024 bytes are truncated and end with `…`.
    #[schema(example = "ORD-1001")]
    key: Option<String>,
    /// Why the record was rejected, as a code for programs; null for records that other programs wrote to the topic.
    #[schema(example = "undecodable")]
    code: Option<&'static str>,
    /// Why the record was rejected, in a sentence for people.
    #[schema(example = "unexpected end of data (at byte 3 of 3)")]
    reason: Option<String>,
    /// Schema id that the record names; null if it names none.
    #[schema(example = 1)]
    schema_id: Option<u32>,
    /// Length of the record's value in bytes.
    #[schema(example = 8)]
    size: u64,
    /// How often the record had been rejected before and written back to the event topic, with its `orderlog.*` headers. This release has no command that writes dead letters back, so this is 0 unless you do it with tools of your own.
    #[schema(example = 0)]
    replays: u32,
    /// Where the record is in the event topic.
    origin: Option<Place>,
}

/// Where a record is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Place {
    /// Its topic.
    #[schema(example = "order-events")]
    topic: String,
    /// Its partition.
    #[schema(example = 2)]
    partition: i32,
    /// Its offset in the partition.
    #[schema(example = 17)]
    offset: i64,
    /// Its timestamp (RFC 3339, UTC); null if it has none.
    #[schema(format = DateTime, example = "2026-01-02T03:04:05.006Z")]
    timestamp: Option<String>,
}

/// Returns a page of dead letters.
#[utoipa::path(
    get, path = "/dlq/messages", tag = "dead letters", params(Parameters),
    summary = "List the dead letters",
    description = "Returns the rejected records, newest first, page by page: where each was in the event topic, and why it was rejected. The records' values \
        are not shown; read the dead-letter topic for them.",
    responses(
        (status = 200, description = "One page of dead letters.", body = Messages),
    )
)]
pub async fn messages(state: web::Data<State>, Query(query): Query<Parameters>) -> Result<Reply<Messages>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
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
                Problem::invalid_field("code", format!("must be one of: {names}"))
            })?),
        };
        let key = self.order_id.as_ref().map(|order_id| key_text(order_id.as_bytes()));
        Ok(Filter {
            code,
            partition: self.partition,
            key,
            ..Filter::default()
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

/// What the list says of a dead letter.
pub(super) fn message(id: DeadLetterId, row: DeadLetterRow) -> Message {
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
