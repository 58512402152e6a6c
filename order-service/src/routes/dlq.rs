//! `GET /dlq/info` and `GET /dlq/messages`: what is on the dead-letter topic, from its index.

use std::collections::BTreeMap;

use actix_web::web;
use orderlog_contract::rejection::Code;
use orderlog_contract::timestamp;
use orderlog_web::{Problem, Query, Reply, openapi};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::{limit, read};
use crate::app::State;
use crate::dead_letter::headers::Origin;
use crate::dead_letter::{Filter, LetterId, LetterRow, Page, key_text};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1_000;

/// What is on the dead-letter topic.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// The dead-letter topic.
    #[schema(example = "order-events-dlq")]
    topic: String,
    /// Letters on it; a copy that a killed process left behind does not count.
    count: u64,
    /// Letters by code. Records that somebody else wrote there have no code, and count only in `count`.
    by_code: BTreeMap<&'static str, u64>,
    /// Whether reading was stopped because too much could not be used.
    breaker: Breaker,
}

/// Whether reading was stopped because too much could not be used.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Breaker {
    /// Whether it was.
    open: bool,
    /// Why.
    reason: Option<String>,
}

/// What is on the dead-letter topic.
///
/// # Errors
/// A 500 when the disk fails.
#[utoipa::path(get, path = "/dlq/info", tag = "dead letters", responses((status = 200, description = "The numbers", body = Info)))]
pub async fn info(state: web::Data<State>) -> Result<Reply<Info>, Problem> {
    let index = state.dead_letters.clone();
    let summary = read(move || index.summary()).await?;
    let info = Info {
        topic: state.dead_letters.topic().to_owned(),
        count: summary.count,
        by_code: summary
            .by_code
            .iter()
            .map(|(code, count)| (code.as_str(), *count))
            .collect(),
        breaker: Breaker {
            open: false,
            reason: None,
        },
    };
    Ok(Reply::ok("Dead letters", info))
}

/// Which page of which letters.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Most letters of the page; 100 when not given.
    #[param(minimum = 1, maximum = 1_000)]
    limit: Option<u32>,
    /// Only letters before this id: `next` of the page before.
    #[param(example = "0-17", pattern = "^[0-9]{1,9}-[0-9]{1,18}$")]
    before: Option<String>,
    /// Only letters of that code.
    #[param(value_type = CodeName, inline, required = false)]
    code: Option<String>,
    /// Only letters whose record first lay in that partition.
    #[param(minimum = 0)]
    partition: Option<i32>,
    /// Only letters whose record had just that key; nothing is put before one of digits.
    #[serde(alias = "order_id")]
    order_id: Option<String>,
}

/// How a code is described in the document.
struct CodeName;

impl PartialSchema for CodeName {
    fn schema() -> RefOr<Schema> {
        openapi::one_of(Code::ALL.map(Code::as_str)).into()
    }
}

impl ToSchema for CodeName {}

/// One page of dead letters, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Messages {
    /// The letters. With a filter a page may be short, or empty, although there is a next one.
    messages: Vec<Message>,
    /// What to give as `before` for the next page; null on the last.
    #[schema(example = "0-17")]
    next: Option<String>,
}

/// One dead letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Where it lies in the dead-letter topic: partition and offset.
    #[schema(example = "0-17")]
    id: String,
    /// When it was written: RFC 3339, UTC.
    #[schema(format = DateTime)]
    timestamp: Option<String>,
    /// The record's key: text as it is; other bytes, and text that begins with `hex:`, as `hex:` and the bytes in hex;
    /// null when it has none. Above 1,024 bytes it is cut, with `…` at the end.
    key: Option<String>,
    /// What kind of fault it is; null for a record that somebody else wrote to the topic.
    #[schema(example = "undecodable")]
    code: Option<&'static str>,
    /// Why, in words.
    reason: Option<String>,
    /// The schema id in the record's frame.
    schema_id: Option<u32>,
    /// Length of the record's value, in bytes.
    size: u64,
    /// How often the record was sent back to its topic.
    replays: u32,
    /// Where the record first lay.
    origin: Option<Place>,
}

/// Where a record first lay.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Place {
    /// Its topic.
    topic: String,
    /// Its partition.
    partition: i32,
    /// Its offset.
    offset: i64,
    /// Its timestamp: RFC 3339, UTC.
    #[schema(format = DateTime)]
    timestamp: Option<String>,
}

/// Dead letters, the newest first, page by page.
///
/// # Errors
/// 400, or a 500 when the disk fails.
#[utoipa::path(
    get, path = "/dlq/messages", tag = "dead letters", params(Parameters),
    responses(
        (status = 200, description = "One page of letters", body = Messages),
        (status = 400, description = "Not valid; errors names the parameters", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn messages(state: web::Data<State>, Query(query): Query<Parameters>) -> Result<Reply<Messages>, Problem> {
    let limit = limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before = query.before.as_deref().map(str::parse::<LetterId>).transpose();
    let before = before.map_err(|message| Problem::invalid_field("before", message))?;
    let filter = query.filter()?;
    let index = state.dead_letters.clone();
    let page = read(move || index.page(before, limit, &filter)).await?;
    Ok(Reply::ok("Dead letters", Messages::from(page)))
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

impl From<Page> for Messages {
    fn from(page: Page) -> Self {
        let messages = page.letters.into_iter().map(|(id, row)| message(id, row)).collect();
        Self {
            messages,
            next: page.next.map(|id| id.to_string()),
        }
    }
}

fn message(id: LetterId, row: LetterRow) -> Message {
    let text = |millis: Option<i64>| millis.and_then(timestamp::rfc3339);
    let place = |origin: Origin| Place {
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
