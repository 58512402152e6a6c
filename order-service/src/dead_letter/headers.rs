//! The headers of a dead letter: what is added to a record's own, and how that is read back. Pure: headers in, headers
//! out; nothing here knows a client library.
//!
//! Three readers are served: Kafka Connect's tools (`__connect.errors.*`, UTF-8 text; KIP-298 and
//! `DeadLetterQueueReporter`), Spring Kafka's (`kafka_dlt-*`, numbers big endian; `DeadLetterPublishingRecoverer`), and
//! our own (`orderlog.*`, text). A name that stands twice means its last value, as `Headers.lastHeader` has it: a
//! record's own headers stay in front of ours, whatever they are called.

use common::kafka::headers::Header;
use common::unusable::{Code, MAX_REASON_BYTES, Unusable};
use serde::{Deserialize, Serialize};

/// Coordinates of the record that was dead-lettered now, as `topic-partition-offset`.
pub const AT: &str = "orderlog.at";
/// Coordinates of the first origin, as `topic-partition-offset`.
pub const ID: &str = "orderlog.id";
/// The [`Code`].
pub const CODE: &str = "orderlog.code";
/// The schema id in the record's frame, decimal; left out where there is none.
pub const SCHEMA_ID: &str = "orderlog.schema-id";
/// How often the record was sent back to its topic, decimal.
pub const REPLAYS: &str = "orderlog.replays";
/// SHA-256 of a value that was too large to copy, hex.
pub const SHA256: &str = "orderlog.sha256";
/// Length of a value that was too large to copy, in bytes, decimal.
pub const SIZE: &str = "orderlog.size";

const CONNECT_TOPIC: &str = "__connect.errors.topic";
const CONNECT_PARTITION: &str = "__connect.errors.partition";
const CONNECT_OFFSET: &str = "__connect.errors.offset";
const CONNECT_STAGE: &str = "__connect.errors.stage";
const CONNECT_CLASS: &str = "__connect.errors.class.name";
const CONNECT_EXCEPTION: &str = "__connect.errors.exception.class.name";
const CONNECT_MESSAGE: &str = "__connect.errors.exception.message";
const SPRING_TOPIC: &str = "kafka_dlt-original-topic";
const SPRING_PARTITION: &str = "kafka_dlt-original-partition";
const SPRING_OFFSET: &str = "kafka_dlt-original-offset";
const SPRING_TIMESTAMP: &str = "kafka_dlt-original-timestamp";
const SPRING_EXCEPTION: &str = "kafka_dlt-exception-fqcn";
const SPRING_MESSAGE: &str = "kafka_dlt-exception-message";

/// Where a record lies, or first lay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970-01-01 UTC; `None` when it has none.
    pub timestamp: Option<i64>,
}

impl Origin {
    /// `topic-partition-offset`.
    pub fn coordinates(&self) -> String {
        format!("{}-{}-{}", self.topic, self.partition, self.offset)
    }
}

/// What the headers of a dead letter say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Coordinates of the record that this letter was made of.
    pub at: Option<String>,
    /// What kind of fault was found.
    pub code: Option<Code>,
    /// Why, in words.
    pub reason: Option<String>,
    /// The schema id in the frame.
    pub schema_id: Option<u32>,
    /// How often it was sent back.
    pub replays: u32,
    /// Where the record first lay.
    pub origin: Option<Origin>,
    /// SHA-256 (hex) and length of the value, where the letter holds no copy of it.
    pub pointer: Option<(String, u64)>,
}

/// What is added behind a record's own headers. A record that was a dead letter before (a replayed one) keeps what it
/// carries of its first origin: then only [`AT`] is new.
pub fn added(own: &[Header], place: &Origin, why: &Unusable) -> Vec<Header> {
    let at = text(AT, place.coordinates());
    if was_dead_letter(own) {
        return vec![at];
    }
    let (stage, class) = stage_and_class(why.code);
    // The name that an exception of that kind would have: one for each code, to filter by.
    let exception = format!("orderlog.{}", why.code);
    let mut headers = vec![
        text(CONNECT_TOPIC, &place.topic),
        text(CONNECT_PARTITION, place.partition.to_string()),
        text(CONNECT_OFFSET, place.offset.to_string()),
        text(CONNECT_STAGE, stage),
        text(CONNECT_CLASS, class),
        text(CONNECT_EXCEPTION, &exception),
        text(CONNECT_MESSAGE, &why.reason),
        text(SPRING_TOPIC, &place.topic),
        bytes(SPRING_PARTITION, &place.partition.to_be_bytes()),
        bytes(SPRING_OFFSET, &place.offset.to_be_bytes()),
        // -1 is Kafka's own "no timestamp".
        bytes(SPRING_TIMESTAMP, &place.timestamp.unwrap_or(-1).to_be_bytes()),
        text(SPRING_EXCEPTION, &exception),
        text(SPRING_MESSAGE, &why.reason),
        text(CODE, why.code.as_str()),
        text(ID, place.coordinates()),
        text(REPLAYS, "0"),
        at,
    ];
    headers.extend(why.schema_id.map(|id| text(SCHEMA_ID, id.to_string())));
    headers
}

/// What is added for a value that was too large to copy.
pub fn pointer(sha256: &str, size: usize) -> [Header; 2] {
    [text(SHA256, sha256), text(SIZE, size.to_string())]
}

/// What a letter's headers say. Whatever cannot be read counts as not there: the topic may hold anybody's records.
pub fn read(headers: &[Header]) -> Marks {
    let sha256 = last_text(headers, SHA256).filter(|hex| hex.len() == 64);
    let size = number(headers, SIZE);
    let reason = last_text(headers, CONNECT_MESSAGE);
    Marks {
        at: last_text(headers, AT).map(str::to_owned),
        code: last_text(headers, CODE).and_then(Code::parse),
        reason: reason.map(|reason| reason[..reason.floor_char_boundary(MAX_REASON_BYTES)].to_owned()),
        schema_id: number(headers, SCHEMA_ID),
        replays: number(headers, REPLAYS).unwrap_or(0),
        origin: origin(headers),
        pointer: sha256.map(str::to_owned).zip(size),
    }
}

/// Whether those are the headers of a record that was a dead letter before.
fn was_dead_letter(headers: &[Header]) -> bool {
    let marks = read(headers);
    let id = last_text(headers, ID);
    // All of it or none: a stray header of that name must not hide where a record really lies.
    marks.code.is_some() && id.is_some() && id == marks.origin.map(|origin| origin.coordinates()).as_deref()
}

fn origin(headers: &[Header]) -> Option<Origin> {
    let timestamp = i64::from_be_bytes(last(headers, SPRING_TIMESTAMP)?.try_into().ok()?);
    Some(Origin {
        topic: last_text(headers, SPRING_TOPIC)?.to_owned(),
        partition: i32::from_be_bytes(last(headers, SPRING_PARTITION)?.try_into().ok()?),
        offset: i64::from_be_bytes(last(headers, SPRING_OFFSET)?.try_into().ok()?),
        timestamp: (timestamp >= 0).then_some(timestamp),
    })
}

/// Kafka Connect's name of the stage that failed (its enum `Stage`), and our module that found the fault.
fn stage_and_class(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::NotFramed | Code::UnknownSchemaId | Code::WrongSchema | Code::Undecodable => {
            ("VALUE_CONVERTER", "common::codec")
        }
        Code::InvalidOrder | Code::KeyMismatch | Code::WrongPartition | Code::IllegalTransition => {
            ("TASK_PUT", "common::order")
        }
    }
}

fn text(name: &str, value: impl AsRef<str>) -> Header {
    bytes(name, value.as_ref().as_bytes())
}

fn bytes(name: &str, value: &[u8]) -> Header {
    (name.to_owned(), Some(value.to_owned()))
}

fn last<'a>(headers: &'a [Header], name: &str) -> Option<&'a [u8]> {
    headers.iter().rev().find(|(other, _)| other == name)?.1.as_deref()
}

fn last_text<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    std::str::from_utf8(last(headers, name)?).ok()
}

fn number<T: std::str::FromStr>(headers: &[Header], name: &str) -> Option<T> {
    last_text(headers, name)?.parse().ok()
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
