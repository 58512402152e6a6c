//! The headers of a dead letter: those added after a record's own, and how they are read back. Pure: headers in,
//! headers out; nothing here depends on a client library. `docs/dead-letters.md` lists them all.
//!
//! They serve three kinds of readers: Kafka Connect's tools (`__connect.errors.*`, UTF-8 text; KIP-298 and
//! `DeadLetterQueueReporter`), Spring Kafka's (`kafka_dlt-*`, numbers big-endian; `DeadLetterPublishingRecoverer`), and
//! ours (`orderlog.*`, text). For all of them, the last value of a repeated name counts, as in `Headers.lastHeader`.
//!
//! A record may already have headers with these names, so only the ones that we added are read: they come last, and the
//! very last of them, [`ADDED`], is their count.

use std::ops::Range;

use orderlog_contract::rejection::{Code, MAX_REASON_BYTES, Rejection};
use orderlog_kafka::headers::OwnedHeader;

use super::position::is_topic;
pub use super::position::{Position, RecordPosition, TimestampType};

/// Position of the record that this dead letter is a copy of, as `topic-partition-offset`.
pub const AT: &str = "orderlog.at";
/// Original position of the record, as `topic-partition-offset`.
pub const ID: &str = "orderlog.id";
/// The [`Code`].
pub const CODE: &str = "orderlog.code";
/// The schema id in the record's frame, decimal; absent without one.
pub const SCHEMA_ID: &str = "orderlog.schema-id";
/// How many times the record had been replayed to its topic before this rejection, decimal.
pub const REPLAYS: &str = "orderlog.replays";
/// The [`Code`] of the first rejection; absent before the first replay.
pub const FIRST_CODE: &str = "orderlog.first-code";
/// SHA-256 of a value that was too large to copy, hex.
pub const SHA256: &str = "orderlog.sha256";
/// Length of a value that was too large to copy, in bytes, decimal.
pub const SIZE: &str = "orderlog.size";
/// How many headers were added, including this last one; decimal. The headers before them are the record's own.
pub const ADDED: &str = "orderlog.added";

pub(crate) const CONNECT_TOPIC: &str = "__connect.errors.topic";
pub(crate) const CONNECT_PARTITION: &str = "__connect.errors.partition";
pub(crate) const CONNECT_OFFSET: &str = "__connect.errors.offset";
pub(crate) const CONNECT_CONNECTOR: &str = "__connect.errors.connector.name";
pub(crate) const CONNECT_TASK: &str = "__connect.errors.task.id";
pub(crate) const CONNECT_STAGE: &str = "__connect.errors.stage";
pub(crate) const CONNECT_CLASS: &str = "__connect.errors.class.name";
pub(crate) const CONNECT_EXCEPTION: &str = "__connect.errors.exception.class.name";
pub(crate) const CONNECT_MESSAGE: &str = "__connect.errors.exception.message";
pub(crate) const CONNECT_TRACE: &str = "__connect.errors.exception.stacktrace";
pub(crate) const SPRING_TOPIC: &str = "kafka_dlt-original-topic";
pub(crate) const SPRING_PARTITION: &str = "kafka_dlt-original-partition";
pub(crate) const SPRING_OFFSET: &str = "kafka_dlt-original-offset";
pub(crate) const SPRING_TIMESTAMP: &str = "kafka_dlt-original-timestamp";
pub(crate) const SPRING_TIMESTAMP_TYPE: &str = "kafka_dlt-original-timestamp-type";
pub(crate) const SPRING_GROUP: &str = "kafka_dlt-original-consumer-group";
pub(crate) const SPRING_EXCEPTION: &str = "kafka_dlt-exception-fqcn";
pub(crate) const SPRING_CAUSE: &str = "kafka_dlt-exception-cause-fqcn";
pub(crate) const SPRING_MESSAGE: &str = "kafka_dlt-exception-message";
pub(crate) const SPRING_TRACE: &str = "kafka_dlt-exception-stacktrace";

/// Prefixes of the names of all added headers.
const PREFIXES: [&str; 3] = ["__connect.errors.", "kafka_dlt-", "orderlog."];

/// Stage of a record whose bytes could not be decoded, as Kafka Connect calls it.
pub(crate) const STAGE_CONVERTER: &str = "VALUE_CONVERTER";
/// Stage of a record whose event violates a rule, as Kafka Connect calls it.
pub(crate) const STAGE_TASK: &str = "TASK_PUT";

/// Kafka Connect's task id: a service has one task.
const TASK: &str = "0";

/// What the headers of a dead letter say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedHeaders {
    /// Position of the record that it is a copy of.
    pub position: Option<RecordPosition>,
    /// Why the record was rejected.
    pub code: Option<Code>,
    /// The same, as a sentence.
    pub reason: Option<String>,
    /// The schema id in the frame.
    pub schema_id: Option<u32>,
    /// How often it was replayed.
    pub replays: u32,
    /// The record's original position.
    pub origin: Option<Position>,
    /// Why the record was rejected the first time, if it was replayed since.
    pub first_code: Option<Code>,
    /// SHA-256 (hex) and length of the value, if the dead letter does not contain it.
    pub pointer: Option<(String, u64)>,
}

/// What the headers say about a record that becomes a dead letter.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetterInfo<'a> {
    /// The service that rejected it: Spring's consumer group, Connect's connector.
    pub service: &'a str,
    /// The record's position.
    pub position: &'a str,
    /// Its original position: the same, or, if it was replayed unchanged, where it first became a dead letter.
    pub origin: &'a Position,
    /// How often it was replayed.
    pub replays: u32,
    /// Why it was rejected the first time, if it was replayed since.
    pub first_code: Option<Code>,
    /// Why it was rejected.
    pub why: &'a Rejection,
    /// SHA-256 (hex) and length of its value, if the dead letter does not contain it.
    pub pointer: Option<(&'a str, usize)>,
}

/// The headers to add after a record's own.
pub fn added(info: &DeadLetterInfo<'_>) -> Vec<OwnedHeader> {
    let DeadLetterInfo { origin, why, .. } = info;
    let (stage, class) = stage_and_class(why.code);
    // The exception's class name, one for each code, to filter by.
    let exception = format!("orderlog.{}", why.code);
    // In Java's format, so that tools that show only its first line show a useful one.
    let trace = format!("{exception}: {}\n\tat {class}({})\n", why.reason, info.service);
    let mut headers = vec![
        text(CONNECT_TOPIC, &origin.topic),
        text(CONNECT_PARTITION, origin.partition.to_string()),
        text(CONNECT_OFFSET, origin.offset.to_string()),
        text(CONNECT_CONNECTOR, info.service),
        text(CONNECT_TASK, TASK),
        text(CONNECT_STAGE, stage),
        text(CONNECT_CLASS, class),
        text(CONNECT_EXCEPTION, &exception),
        text(CONNECT_MESSAGE, &why.reason),
        text(CONNECT_TRACE, &trace),
        text(SPRING_TOPIC, &origin.topic),
        bytes(SPRING_PARTITION, &origin.partition.to_be_bytes()),
        bytes(SPRING_OFFSET, &origin.offset.to_be_bytes()),
        // -1 is Kafka's "no timestamp".
        bytes(SPRING_TIMESTAMP, &origin.timestamp.unwrap_or(-1).to_be_bytes()),
        text(SPRING_TIMESTAMP_TYPE, origin.timestamp_type.as_str()),
        text(SPRING_GROUP, info.service),
        text(SPRING_EXCEPTION, &exception),
        text(SPRING_CAUSE, &exception),
        text(SPRING_MESSAGE, &why.reason),
        text(SPRING_TRACE, &trace),
        text(CODE, why.code.as_str()),
        text(ID, origin.to_string()),
        text(REPLAYS, info.replays.to_string()),
        text(AT, info.position),
    ];
    headers.extend(info.first_code.map(|code| text(FIRST_CODE, code.as_str())));
    headers.extend(why.schema_id.map(|id| text(SCHEMA_ID, id.to_string())));
    if let Some((sha256, size)) = info.pointer {
        headers.extend([text(SHA256, sha256), text(SIZE, size.to_string())]);
    }
    headers.push(text(ADDED, (headers.len() + 1).to_string()));
    headers
}

/// The range of the headers that were added; `None` if there seem to be none.
pub fn added_range(headers: &[OwnedHeader]) -> Option<Range<usize>> {
    let end = headers.iter().rposition(|(name, _)| name == ADDED)? + 1;
    let begin = end.checked_sub(number(&headers[..end], ADDED)?)?;
    let is_ours = |(name, _): &OwnedHeader| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    headers[begin..end].iter().all(is_ours).then_some(begin..end)
}

/// The position in the dead letter that a record claims to be a replay of: anyone can claim that.
pub fn claimed_position(own: &[OwnedHeader]) -> Option<RecordPosition> {
    position(&own[added_range(own)?])
}

fn position(added: &[OwnedHeader]) -> Option<RecordPosition> {
    last_text(added, AT)?.parse().ok()
}

/// Reads a dead letter's headers. Malformed headers count as absent: anyone may write to the topic. Dead letters of an
/// earlier release do not say which headers were added; all of theirs are read.
pub fn read(headers: &[OwnedHeader]) -> ParsedHeaders {
    let headers = added_range(headers).map_or(headers, |added| &headers[added]);
    let sha256 =
        last_text(headers, SHA256).filter(|hex| hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let size = number(headers, SIZE);
    let reason = last_text(headers, CONNECT_MESSAGE);
    ParsedHeaders {
        position: position(headers),
        code: last_text(headers, CODE).and_then(Code::parse),
        reason: reason.map(|reason| reason[..reason.floor_char_boundary(MAX_REASON_BYTES)].to_owned()),
        schema_id: number(headers, SCHEMA_ID),
        replays: number(headers, REPLAYS).unwrap_or(0),
        origin: origin(headers),
        first_code: last_text(headers, FIRST_CODE).and_then(Code::parse),
        pointer: sha256.map(str::to_owned).zip(size),
    }
}

fn origin(headers: &[OwnedHeader]) -> Option<Position> {
    let timestamp = i64::from_be_bytes(last(headers, SPRING_TIMESTAMP)?.try_into().ok()?);
    Some(Position {
        topic: last_text(headers, SPRING_TOPIC)
            .filter(|topic| is_topic(topic))?
            .to_owned(),
        partition: i32::from_be_bytes(last(headers, SPRING_PARTITION)?.try_into().ok()?),
        offset: i64::from_be_bytes(last(headers, SPRING_OFFSET)?.try_into().ok()?),
        timestamp: (timestamp >= 0).then_some(timestamp),
        timestamp_type: last_text(headers, SPRING_TIMESTAMP_TYPE)
            .and_then(TimestampType::parse)
            .unwrap_or_default(),
    })
}

/// Kafka Connect's name of the stage that failed (its enum `Stage`), and what rejected the record. Tools filter by
/// these names, so they stay even though the modules have moved.
fn stage_and_class(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::NotFramed | Code::UnknownSchemaId | Code::WrongSchema | Code::Undecodable => {
            (STAGE_CONVERTER, "common::codec")
        }
        Code::InvalidOrder | Code::KeyMismatch | Code::WrongPartition | Code::IllegalTransition => {
            (STAGE_TASK, "common::order")
        }
    }
}

pub(super) fn text(name: &str, value: impl AsRef<str>) -> OwnedHeader {
    bytes(name, value.as_ref().as_bytes())
}

fn bytes(name: &str, value: &[u8]) -> OwnedHeader {
    (name.to_owned(), Some(value.to_owned()))
}

fn last<'a>(headers: &'a [OwnedHeader], name: &str) -> Option<&'a [u8]> {
    headers.iter().rev().find(|(other, _)| other == name)?.1.as_deref()
}

pub(super) fn last_text<'a>(headers: &'a [OwnedHeader], name: &str) -> Option<&'a str> {
    std::str::from_utf8(last(headers, name)?).ok()
}

pub(super) fn number<T: std::str::FromStr>(headers: &[OwnedHeader], name: &str) -> Option<T> {
    last_text(headers, name)?.parse().ok()
}

#[cfg(test)]
#[path = "headers_tests.rs"]
mod tests;
