//! The line of a record: its event as Avro's JSON, or why there is none. Pure but for the schema, which the caller looks up.

use std::panic::{AssertUnwindSafe, catch_unwind};

use orderlog_avro::to_json;
use orderlog_contract::frame::{self, SCHEMA_ID_HEADER, SchemaRef};
use orderlog_contract::rejection::{Code, Rejection};
use orderlog_contract::timestamp;
use orderlog_kafka::headers::OwnedHeader;
use serde::Serialize;
use serde_json::value::RawValue;

use super::schemas::Known;
use crate::dead_letter::{headers as added, key_text};

/// A record as it was read.
pub struct Read<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970-01-01 UTC.
    pub timestamp: Option<i64>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: &'a [OwnedHeader],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    key: Option<String>,
    partition: i32,
    offset: i64,
    schema_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_guid: Option<String>,
    schema_version: Option<u32>,
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<HeaderText<'a>>>,
    event: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dead_letter: Option<DeadLetter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<Mark<'a>>,
}

#[derive(Serialize)]
struct HeaderText<'a> {
    name: &'a str,
    value: Option<String>,
}

/// Why order-service dead-lettered the record.
#[derive(Serialize)]
struct DeadLetter {
    code: &'static str,
    reason: Option<String>,
    origin: Option<String>,
    replays: u32,
}

/// What became of dead letters: a record without key and value, on the dead-letter topic.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mark<'a> {
    state: &'a str,
    dead_letters: Vec<&'a str>,
    by: Option<&'a str>,
    reason: Option<&'a str>,
    job: Option<&'a str>,
}

/// What the frame of a record says.
pub type Framed<'a> = Result<(SchemaRef, &'a [u8]), Rejection>;

impl<'a> Read<'a> {
    /// The schema that the record names, and its datum.
    pub fn framed(&self) -> Framed<'a> {
        let headers = self.headers;
        let header = |name: &str| {
            let named = headers.iter().rev().find(|(found, _)| found == name);
            named.and_then(|(_, value)| value.as_deref())
        };
        match self.value {
            Some(value) => frame::read(value, header),
            None if header(SCHEMA_ID_HEADER).is_some() => frame::read(&[], header),
            None => Err(Rejection::new(Code::NotFramed, "the record has no value (null)")),
        }
    }

    /// The line, as JSON.
    pub fn line(&self, framed: &Framed<'_>, known: Option<&Known>, with_headers: bool) -> String {
        let mark = self.mark();
        let (event, fault) = match event(framed, known) {
            Ok(event) => (event, None),
            // A mark has no event, and that is no fault.
            Err(_) if mark.is_some() => (None, None),
            Err(fault) => (None, Some(fault)),
        };
        let named = framed.as_ref().ok().map(|(named, _)| *named);
        let line = Line {
            key: self.key.map(key_text),
            partition: self.partition,
            offset: self.offset,
            schema_id: named.and_then(SchemaRef::id),
            schema_guid: match named {
                Some(SchemaRef::Guid(guid)) => Some(guid.to_string()),
                _ => None,
            },
            schema_version: match known {
                Some(Known::Readable { version, .. }) => *version,
                _ => None,
            },
            timestamp: self.timestamp.and_then(timestamp::rfc3339),
            headers: with_headers.then(|| self.headers.iter().map(header_text).collect()),
            event,
            size: fault.as_ref().and(self.value).map(<[u8]>::len),
            code: fault.as_ref().and_then(|(code, _)| code.map(Code::as_str)),
            reason: fault.map(|(_, reason)| reason),
            dead_letter: self.dead_letter(),
            mark,
        };
        // Strings, numbers and JSON always serialize.
        serde_json::to_string(&line).unwrap_or_default()
    }

    fn dead_letter(&self) -> Option<DeadLetter> {
        added::added_range(self.headers)?;
        let read = added::read(self.headers);
        // A record that was replayed has some of these headers, too, but it is not a dead letter: nobody has rejected it.
        Some(DeadLetter {
            code: read.code?.as_str(),
            reason: read.reason,
            origin: read.origin.map(|origin| origin.to_string()),
            replays: read.replays,
        })
    }

    fn mark(&self) -> Option<Mark<'a>> {
        if self.key.is_some() || self.value.is_some() {
            return None;
        }
        let range = added::added_range(self.headers)?;
        let headers = &self.headers[range];
        let text = |name: &str| {
            let found = headers.iter().rev().find(|(found, _)| found == name)?;
            std::str::from_utf8(found.1.as_deref()?).ok()
        };
        Some(Mark {
            state: text("orderlog.mark")?,
            dead_letters: text("orderlog.dead-letters")?.split(',').collect(),
            by: text("orderlog.by"),
            reason: text("orderlog.reason"),
            job: text("orderlog.job"),
        })
    }
}

/// The event as JSON, or why there is none: with a code, or without where nothing is known of the record.
fn event(framed: &Framed<'_>, known: Option<&Known>) -> Result<Option<Box<RawValue>>, (Option<Code>, String)> {
    let (_, datum) = framed
        .as_ref()
        .map_err(|fault| (Some(fault.code), fault.reason.clone()))?;
    let schema = match known {
        Some(Known::Readable { schema, .. }) => schema,
        Some(Known::Unusable(code, reason)) => return Err((Some(*code), reason.clone())),
        Some(Known::Unreachable(reason)) => return Err((None, reason.clone())),
        None => return Ok(None),
    };
    // Nothing in it is known to panic, but hostile bytes must not be able to end this.
    let json = catch_unwind(AssertUnwindSafe(|| to_json(schema, datum)));
    let undecodable = |reason: String| (Some(Code::Undecodable), reason);
    let json = json.map_err(|_| undecodable("the decoder panicked".to_owned()))?;
    let json = json.map_err(|error| undecodable(error.to_string()))?;
    RawValue::from_string(json)
        .map(Some)
        .map_err(|error| undecodable(error.to_string()))
}

/// Text as it is; other bytes as `hex:` and hexadecimal, as in the list of dead letters.
fn header_text((name, value): &OwnedHeader) -> HeaderText<'_> {
    let text = |value: &Vec<u8>| match std::str::from_utf8(value) {
        Ok(text) if !text.starts_with("hex:") && !text.contains('\0') => text.to_owned(),
        _ => {
            let digits = value.iter().map(|byte| format!("{byte:02x}"));
            format!("hex:{}", digits.collect::<String>())
        }
    };
    HeaderText {
        name,
        value: value.as_ref().map(text),
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
