//! One dead letter, as `/dlq` shows it.

use orderlog_contract::rejection::Code;
use orderlog_contract::timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::dead_letter::headers::Position;
use crate::dead_letter::{DeadLetterId, DeadLetterRow, Settled};

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
    /// How often the record had been replayed before this rejection.
    #[schema(example = 0)]
    replays: u32,
    /// Where the record is in the event topic; where it was at first, if it was replayed.
    origin: Option<Place>,
    /// What became of it: `open` (nothing yet), `replayed`, `parked` (replayed three times before, so not any more) or `discarded`.
    #[schema(example = "open")]
    state: &'static str,
    /// Why the record was rejected the first time; null if it was not replayed since.
    #[schema(example = "undecodable")]
    first_code: Option<&'static str>,
    /// Who replayed or discarded it; null if nobody has.
    settled: Option<Decision>,
}

/// Who replayed or discarded a dead letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Decision {
    /// When (RFC 3339, UTC).
    #[schema(format = DateTime, example = "2026-01-02T03:04:05.006Z")]
    at: Option<String>,
    /// Who: the user that the client named, or the client's address.
    #[schema(example = "127.0.0.1")]
    by: Option<String>,
    /// Why it was discarded; null if it was replayed.
    #[schema(example = "sent by a load test")]
    reason: Option<String>,
    /// The job that replayed it; null if it was discarded.
    #[schema(format = Uuid, example = "01a21ee4-f53b-70e0-81b1-ce7faba13903")]
    job: Option<String>,
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

impl Message {
    /// That of a row of the index.
    pub(super) fn of(id: DeadLetterId, row: DeadLetterRow) -> Self {
        Self {
            id: id.to_string(),
            timestamp: text(row.timestamp),
            key: row.key,
            code: row.code.map(Code::as_str),
            reason: row.reason,
            schema_id: row.schema_id,
            size: row.size,
            replays: row.replays,
            origin: row.origin.map(Place::of),
            state: row.state.as_str(),
            first_code: row.first_code.map(Code::as_str),
            settled: row.settled.map(Decision::of),
        }
    }
}

impl Place {
    fn of(origin: Position) -> Self {
        Self {
            topic: origin.topic,
            partition: origin.partition,
            offset: origin.offset,
            timestamp: text(origin.timestamp),
        }
    }
}

impl Decision {
    fn of(settled: Settled) -> Self {
        Self {
            at: text(settled.at),
            by: settled.by,
            reason: settled.reason,
            job: settled.job.map(|job| job.to_string()),
        }
    }
}

fn text(millis: Option<i64>) -> Option<String> {
    millis.and_then(timestamp::rfc3339)
}
