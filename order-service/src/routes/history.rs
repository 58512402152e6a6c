//! `GET /orders/{id}/history`: what became of each event of an order.

mod timeline;

use actix_web::{HttpRequest, web};
use orderlog_contract::order::check_id;
use orderlog_contract::rejection::Code;
use orderlog_contract::timestamp;
use orderlog_projection::store::blocking;
use orderlog_web::{Problem, ProblemKind, Reply, path};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{read_your_writes as rw, ready};
use crate::dead_letters_of_order;
use crate::history::EventRow;
use crate::state::State;
use timeline::Timeline;

/// The events of an order, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderHistory {
    /// Id of the order.
    #[schema(example = "ORD-1001")]
    order_id: String,
    /// The newest 64 events that were applied, and up to 16 others.
    events: Vec<HistoryEvent>,
    /// Whether every event that was applied to the order is listed. False for an order with more than 64 of them, or with events that an earlier release of this service read.
    complete: bool,
}

/// An event of an order, or a record with the order's id as its key that is none.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEvent {
    /// The version that it gave the order, or would have; null if the record could not be read.
    #[schema(example = 1)]
    version: Option<i32>,
    /// Partition of its record in the event topic.
    #[schema(example = 2)]
    partition: i32,
    /// Offset of its record.
    #[schema(example = 17)]
    offset: i64,
    /// Timestamp of its record (RFC 3339, UTC); null if it has none.
    #[schema(format = DateTime, example = "2026-01-02T03:04:05.006Z")]
    timestamp: Option<String>,
    /// Schema id that its record names; null if it names none.
    #[schema(example = 1)]
    schema_id: Option<u32>,
    /// The version of the schema with that id in the registry; null if it is not one of the topic's schemas, as far as is known.
    #[schema(example = 1)]
    schema_version: Option<u32>,
    /// What became of it.
    #[schema(schema_with = outcome_schema)]
    outcome: &'static str,
    /// Why it was rejected, as a code for programs; null if it was not.
    #[schema(example = "undecodable")]
    code: Option<&'static str>,
    /// Id of the event; null if the record could not be read.
    #[schema(example = "019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11")]
    event_id: Option<Uuid>,
    /// The order's status in the event; null if the record could not be read.
    #[schema(example = "confirmed")]
    status: Option<String>,
    /// Id of its dead letter, for `/dlq/messages`; null if it has none, or one of more than 100 that the order has.
    #[schema(example = "0-17")]
    dead_letter: Option<String>,
}

fn outcome_schema() -> utoipa::openapi::schema::Object {
    orderlog_web::openapi::one_of(["applied", "duplicate", "superseded", "dead_lettered"])
        .description(Some("What became of it: `dead_lettered` if it was rejected."))
        .build()
}

/// Returns the history of an order.
#[utoipa::path(
    get, path = "/orders/{id}/history", tag = "orders",
    summary = "Read an order's history",
    description = "Returns what became of each event of the order, the newest first, and of each other record that has the order's id as its key.",
    params(("id" = String, Path, description = "Id of the order. If it consists only of digits, the order with the prefix `ORD-` is found, too.", example = "1001", min_length = 1, max_length = 64, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$")),
    responses(
        (status = 200, description = "The history.", body = OrderHistory),
        (status = 400, description = "`/problems/invalid-request`: the id is not valid."),
        (status = 404, description = "`/problems/order-not-found`: no record has such a key, as far as the topic has been read."),
    )
)]
pub async fn history(
    state: web::Data<State>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<Reply<OrderHistory>, Problem> {
    path::check_utf_8(&request, "id")?;
    let id = id.into_inner();
    check_id(&id).map_err(|message| Problem::invalid_field("id", message))?;
    ready(&state).await?;
    let ids = rw::candidate_ids(&id);
    let order_id = ids.last().cloned().unwrap_or_default();
    let found = blocking(move || {
        for id in ids {
            let (order, _) = state.view.store().order_and_key_use(&id, None)?;
            let rows = state.history.events_of(&id)?;
            let letters = dead_letters_of_order::newest(&state.dead_letters, &id)?;
            if order.is_none() && rows.is_empty() && letters.is_empty() {
                continue;
            }
            let timeline = Timeline::of(order.as_ref(), rows, letters);
            let schema_ids = timeline.events.iter().filter_map(|(row, _)| row.schema_id);
            let numbers = state.schema_versions.numbers(state.view.store(), schema_ids)?;
            let event = |(row, letter)| event(row, letter, |id| numbers.get(&id).copied());
            return Ok(Some(OrderHistory {
                order_id: id,
                events: timeline.events.into_iter().map(event).collect(),
                complete: timeline.complete,
            }));
        }
        Ok::<_, orderlog_projection::store::StoreError>(None)
    });
    match found.await.map_err(Problem::internal)? {
        Some(found) => Ok(Reply::ok("History found", found)),
        None => {
            let detail = format!("order {order_id} does not exist, and no record has its id as its key");
            Err(Problem::new(ProblemKind::OrderNotFound, detail).with("orderId", order_id))
        }
    }
}

fn event(
    row: EventRow,
    letter: Option<crate::dead_letter::DeadLetterId>,
    number: impl Fn(u32) -> Option<u32>,
) -> HistoryEvent {
    HistoryEvent {
        version: row.version,
        partition: row.partition,
        offset: row.offset,
        timestamp: row.timestamp.and_then(timestamp::rfc3339),
        schema_id: row.schema_id,
        schema_version: row.schema_id.and_then(number),
        outcome: row.outcome.as_str(),
        code: row.code.map(Code::as_str),
        event_id: row.event_id,
        status: row.status,
        dead_letter: letter.map(|id| id.to_string()),
    }
}
