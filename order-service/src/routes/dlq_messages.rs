//! `GET /dlq/messages`: the dead letters, listed from their index.

use actix_web::web;
use orderlog_contract::rejection::Code;
use orderlog_projection::rfc3339_of;
use orderlog_projection::store::blocking;
use orderlog_web::{Problem, Query, Reply, openapi, query};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::dlq_item::Message;
use super::fields;
use crate::dead_letter::{Completeness, DeadLetterId, DeadLetterState, Filter, Page, key_text};
use crate::state::State;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: i64 = 1_000;
/// The name that stands for every state.
const ANY: &str = "any";

/// Filters and paging.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Maximum number of dead letters on the page; 100 by default.
    #[serde(default, deserialize_with = "query::within::<1, MAX_LIMIT, _, _>")]
    #[param(minimum = 1, maximum = 1_000, example = 10)]
    limit: Option<usize>,
    /// Only dead letters after this one in the list, that is, older ones: `<partition>-<offset>` in the dead-letter topic. For the next page, pass `next` of the previous page. The former name `before` is accepted, too.
    #[serde(alias = "before")]
    #[param(example = "0-17", pattern = "^[0-9]{1,9}-[0-9]{1,18}$")]
    after: Option<String>,
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
    /// Only dead letters that were written at this time (RFC 3339) or later. In a query, write `+` as `%2B`.
    #[param(format = DateTime, example = "2026-01-02T03:00:00Z")]
    since: Option<String>,
    /// Only dead letters that were written before this time (RFC 3339).
    #[param(format = DateTime, example = "2026-01-02T04:00:00Z")]
    until: Option<String>,
    /// Only dead letters in this state, or `any`; `open` by default.
    #[param(value_type = StateName, inline, required = false, example = "open")]
    state: Option<String>,
}

/// The OpenAPI schema of a code.
struct CodeName;

impl PartialSchema for CodeName {
    fn schema() -> RefOr<Schema> {
        openapi::one_of(Code::ALL.map(Code::as_str)).into()
    }
}

impl ToSchema for CodeName {}

/// The OpenAPI schema of a state, or of any.
struct StateName;

impl PartialSchema for StateName {
    fn schema() -> RefOr<Schema> {
        let states = DeadLetterState::ALL.map(DeadLetterState::as_str);
        openapi::one_of(states.into_iter().chain([ANY])).into()
    }
}

impl ToSchema for StateName {}

/// One page of dead letters, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// The dead letters. With a filter, a page may be short or empty even though there are more pages.
    messages: Vec<Message>,
    /// Value of `after` for the next page; null on the last page.
    #[schema(example = "0-17")]
    next: Option<String>,
    /// Whether every dead letter that is on the topic is listed. False until the topic has been read to its end after
    /// startup, and while its broker is away.
    complete: bool,
    /// When everything was last known to be listed (RFC 3339, UTC); null if never since the service started.
    #[schema(format = DateTime)]
    as_of: Option<String>,
}

/// Returns a page of dead letters.
#[utoipa::path(
    get, path = "/dlq/messages", tag = "dead letters", params(Parameters),
    summary = "List the dead letters",
    description = "Returns the rejected records, newest first, page by page: where each was in the event topic, why it was rejected, and what \
        became of it. Those that were replayed or discarded, or that are parked, are listed only if `state` says so. The pages are stable: a dead letter that is \
        written, replayed or discarded meanwhile changes nothing about where the others are.",
    responses(
        (status = 200, description = "One page of dead letters.", body = Messages),
    )
)]
pub async fn messages(state: web::Data<State>, Query(query): Query<Parameters>) -> Result<Reply<Messages>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let after = query.after.as_deref().map(str::parse::<DeadLetterId>).transpose();
    let after = after.map_err(|message| Problem::invalid_field("after", message))?;
    let filter = query.filter()?;
    let index = state.dead_letters.clone();
    // Before the page is read: it has at least what there was then.
    let completeness = state.dlq_status.completeness();
    let page = blocking(move || index.page(after, limit, &filter)).await;
    let page = page.map_err(Problem::internal)?;
    Ok(Reply::ok("Dead letters", Messages::of(page, completeness)))
}

impl Parameters {
    fn filter(&self) -> Result<Filter, Problem> {
        let key = self.order_id.as_ref().map(|order_id| key_text(order_id.as_bytes()));
        Ok(Filter {
            code: fields::code(self.code.as_deref())?,
            partition: self.partition,
            key,
            since: fields::time("since", self.since.as_deref())?,
            until: fields::time("until", self.until.as_deref())?,
            state: self.state()?,
        })
    }

    fn state(&self) -> Result<Option<DeadLetterState>, Problem> {
        match self.state.as_deref() {
            None => Ok(Some(DeadLetterState::Open)),
            Some(ANY) => Ok(None),
            Some(name) => match DeadLetterState::parse(name) {
                Some(state) => Ok(Some(state)),
                None => {
                    let names = DeadLetterState::ALL.map(DeadLetterState::as_str).join(", ");
                    Err(Problem::invalid_field(
                        "state",
                        format!("must be one of: {names}, {ANY}"),
                    ))
                }
            },
        }
    }
}

impl Messages {
    fn of(page: Page, completeness: Completeness) -> Self {
        let messages = page
            .dead_letters
            .into_iter()
            .map(|(id, row)| Message::of(id, row))
            .collect();
        Self {
            messages,
            next: page.next.map(|id| id.to_string()),
            complete: completeness.is_complete,
            as_of: completeness.as_of.and_then(rfc3339_of),
        }
    }
}
