//! `GET /dlq/messages/{partition}/{offset}`: one dead letter, with its bytes, and what decoding says of it now.

mod bytes;
mod decoding;
mod headers;

use std::time::{Duration, Instant};

use actix_web::web;
use bytes::{Bytes, hex};
use decoding::{Decoding, Evaluation, evaluate};
use headers::{Header, shown};
use orderlog_avro::SchemaText;
use orderlog_contract::order::OrderState;
use orderlog_contract::rejection::Code;
use orderlog_kafka::record_reader::OwnedRecord;
use orderlog_projection::store::blocking;
use orderlog_web::{Problem, ProblemKind, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::dlq_item::Message;
use crate::dead_letter::{DeadLetterId, DeadLetterRow, headers as dlq_headers};
use crate::dead_letters_of_order::is_healed;
use crate::inspect::Inspection;
use crate::inspect::advice::{self, Case};
use crate::inspect::register_command::{WRITER_SCHEMA_HEADER, register, sent_along};
use crate::state::State;

/// How long the broker may take to return the record.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of a key is shown, in bytes; an order's key has at most 256.
const MAX_KEY: usize = 4 * 1024;

/// A dead letter, completely.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    #[serde(flatten)]
    message: Message,
    /// Its headers, in order: first the record's own, then those that order-service added. At most the last 500.
    headers: Vec<Header>,
    /// The record's key in hexadecimal, at most its first 4,096 bytes; null if it has none.
    #[schema(example = "4f52442d31303031")]
    key_hex: Option<String>,
    /// The record's value; null if it has none, or if it was too large to be copied.
    value: Option<Bytes>,
    /// What decoding says of it now.
    decoding: Decoding,
    /// What to do about it.
    advice: Advice,
    /// The order that it belongs to, as it is now; null if there is none.
    order: Option<OrderNow>,
}

/// What to do.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Advice {
    /// In a sentence or two, for people.
    #[schema(example = "Nothing is wrong with it any more: replay it, after a dry run.")]
    sentence: String,
    /// The command for a shell that does it; null if there is none.
    command: Option<String>,
}

/// The order behind a dead letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrderNow {
    /// Its id.
    #[schema(example = "ORD-1001")]
    order_id: String,
    /// Its version now.
    #[schema(example = 2)]
    version: i32,
    /// Whether an event after the rejected one has given it a newer state: events carry the whole order.
    healed: bool,
}

/// Returns one dead letter.
#[utoipa::path(
    get, path = "/dlq/messages/{partition}/{offset}", tag = "dead letters",
    summary = "Look into a dead letter",
    description = "Returns one rejected record with all its headers and its bytes, and what decoding says of it now: how far it gets, the field and the byte at which it stops, the \
        event where there is one, and what to do. The record is read from the dead-letter topic, and its schema, if it is not known yet, from the schema registry. The id `0-17` is \
        `/dlq/messages/0/17`.",
    params(
        ("partition" = i32, Path, description = "Partition of the dead letter in the dead-letter topic.", minimum = 0, example = 0),
        ("offset" = i64, Path, description = "Offset of the dead letter in the partition.", minimum = 0, example = 17),
    ),
    responses(
        (status = 200, description = "The dead letter.", body = DeadLetter),
        (status = 400, description = "`/problems/invalid-request`: partition or offset is not a number."),
        (status = 404, description = "`/problems/dead-letter-not-found`: there is no dead letter with this id, as far as the dead-letter topic has been read."),
    )
)]
pub async fn dlq_message(
    state: web::Data<State>,
    path: web::Path<(String, String)>,
) -> Result<Reply<DeadLetter>, Problem> {
    let id = id_of(&path)?;
    let index = state.dead_letters.clone();
    let row = blocking(move || index.get(id)).await.map_err(Problem::internal)?;
    let row = row.ok_or_else(|| not_found(id, "does not exist"))?;
    let deadline = Instant::now() + READ_TIMEOUT;
    let read = state
        .dead_letter_reader
        .read(&[(id.partition, id.offset)], deadline)
        .await;
    let record = read
        .map_err(|error| Problem::new(ProblemKind::Unavailable, error.to_string()))?
        .pop()
        .flatten()
        .ok_or_else(|| not_found(id, "has been deleted from the dead-letter topic"))?;
    Ok(Reply::ok("Dead letter", look_into(&state, id, row, &record).await?))
}

fn id_of(path: &(String, String)) -> Result<DeadLetterId, Problem> {
    let (partition, offset) = path;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fault = |field: &'static str, max: i64| {
        Problem::invalid_field(field, format!("must be a whole number from 0 to {max}"))
    };
    let number = Some(partition)
        .filter(|text| digits(text))
        .and_then(|text| text.parse().ok());
    let partition = number.ok_or_else(|| fault("partition", i32::MAX.into()))?;
    let number = Some(offset)
        .filter(|text| digits(text))
        .and_then(|text| text.parse().ok());
    let offset = number.ok_or_else(|| fault("offset", i64::MAX))?;
    Ok(DeadLetterId { partition, offset })
}

fn not_found(id: DeadLetterId, what: &str) -> Problem {
    Problem::new(ProblemKind::DeadLetterNotFound, format!("dead letter {id} {what}"))
}

async fn look_into(
    state: &State,
    id: DeadLetterId,
    row: DeadLetterRow,
    record: &OwnedRecord,
) -> Result<DeadLetter, Problem> {
    let (key, value) = (record.key.as_deref(), record.value.as_deref());
    let inspection = state
        .inspector
        .inspect(key, value, &record.headers, Instant::now())
        .await;
    let current = order_now(state, key, &inspection).await?;
    let is_healed = current
        .as_ref()
        .is_some_and(|current| is_healed(row.origin.as_ref(), current));
    let record_parts = (value, record.headers.as_slice());
    let Evaluation { decoding, code, replay } =
        evaluate(&state.inspector, &inspection, record_parts, current.as_ref()).await;
    let has_schema = sent_along(dlq_headers::last(&record.headers, WRITER_SCHEMA_HEADER));
    let parsed = dlq_headers::read(&record.headers);
    let contradicts = match (inspection.schema, has_schema) {
        (Some(schema), Some(sent)) => {
            let known = state.inspector.schema_text(schema).await;
            known.is_some_and(|known| !known.writes_the_same_as(&SchemaText::avro(sent)))
        }
        _ => false,
    };
    let case = Case {
        code,
        rejected_as: row.code,
        contradicts,
        highest_id: highest_id(state, code).await,
        replay,
        settled: Some(row.state),
        is_ours: row.code.is_some(),
        is_pointer: value.is_none() && parsed.pointer.is_some(),
        outage: inspection.outage.as_deref(),
        schema_id: inspection.schema.and_then(|schema| schema.id()),
        has_schema: has_schema.is_some(),
        subject: state.inspector.subject(),
        is_healed,
    };
    let advice = Advice {
        sentence: advice::sentence(&case),
        command: advice::registers(&case)
            .then(|| register(&state.inspector.registry_url(), state.inspector.subject(), has_schema)),
    };
    Ok(DeadLetter {
        message: Message::of(id, row),
        headers: shown(&record.headers),
        key_hex: key.map(|key| hex(&key[..key.len().min(MAX_KEY)])),
        value: value.map(Bytes::of),
        decoding,
        advice,
        order: current.map(|current| OrderNow {
            healed: is_healed,
            version: current.order.version,
            order_id: current.order.order_id,
        }),
    })
}

/// The highest id of the subject's schemas, where an unknown id is at fault.
async fn highest_id(state: &State, code: Option<Code>) -> Option<u32> {
    if code != Some(Code::UnknownSchemaId) {
        return None;
    }
    let subject = state.inspector.versions().await;
    subject.versions.iter().map(|version| version.id).max()
}

/// The order of the event, or of the key where there is no event.
async fn order_now(state: &State, key: Option<&[u8]>, inspection: &Inspection) -> Result<Option<OrderState>, Problem> {
    let of_event = inspection
        .event
        .as_ref()
        .map(|(event, ..)| event.order.order_id.clone());
    let of_key = || std::str::from_utf8(key?).ok().map(str::to_owned);
    match of_event.or_else(of_key) {
        Some(order_id) => state.view.store().order(&[order_id]).await.map_err(Problem::internal),
        None => Ok(None),
    }
}
