//! The headers of a dead letter, each shown as what it is. Pure.

use orderlog_kafka::headers::OwnedHeader;
use serde::Serialize;
use utoipa::ToSchema;

use super::bytes::{hex, printable};
use crate::dead_letter::headers::added_range;

/// How many headers are shown: the last ones, among which are those that were added.
const MAX_HEADERS: usize = 500;
/// How much of a header's value is shown, in bytes.
const MAX_VALUE: usize = 8 * 1024;

/// Headers of Spring Kafka that hold 4 bytes, big-endian (`DeadLetterPublishingRecoverer`, `RetryTopicHeaders`).
const INT32: [&str; 3] = [
    "kafka_dlt-original-partition",
    "kafka_original-partition",
    "retry_topic-attempts",
];
/// Headers of Spring Kafka that hold 8 bytes, big-endian.
const INT64: [&str; 6] = [
    "kafka_dlt-original-offset",
    "kafka_dlt-original-timestamp",
    "kafka_original-offset",
    "kafka_original-timestamp",
    "retry_topic-backoff-timestamp",
    "retry_topic-original-timestamp",
];

/// A header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Header {
    /// Its name.
    #[schema(example = "kafka_dlt-original-offset")]
    name: String,
    /// What its value is: `text` (UTF-8), `int32` or `int64` (big-endian, in headers that are known to hold numbers), `hex` (anything else, in
    /// hexadecimal), or `null`.
    #[serde(rename = "type")]
    #[schema(example = "int64")]
    kind: &'static str,
    /// Its value, numbers in decimal; null for a null value.
    #[schema(example = "17")]
    value: Option<String>,
    /// Whether it is longer than what is shown, which is at most 8,192 bytes.
    truncated: bool,
    /// Whether order-service added it. The others are the record's own.
    added: bool,
}

/// The headers, in order.
pub fn shown(headers: &[OwnedHeader]) -> Vec<Header> {
    let added = added_range(headers).unwrap_or_default();
    let skipped = headers.len().saturating_sub(MAX_HEADERS);
    let numbered = headers.iter().enumerate().skip(skipped);
    numbered
        .map(|(n, header)| Header::of(header, added.contains(&n)))
        .collect()
}

impl Header {
    fn of((name, value): &OwnedHeader, added: bool) -> Self {
        let value = value.as_deref();
        let shown = value.map(|value| &value[..value.len().min(MAX_VALUE)]);
        let truncated = shown.map(<[u8]>::len) < value.map(<[u8]>::len);
        let (kind, text) = match shown {
            None => ("null", None),
            Some(shown) => {
                let (kind, text) = typed(name, shown, truncated);
                (kind, Some(text))
            }
        };
        Self {
            name: name.clone(),
            kind,
            value: text,
            truncated,
            added,
        }
    }
}

fn typed(name: &str, value: &[u8], is_cut: bool) -> (&'static str, String) {
    if INT32.contains(&name)
        && let Ok(bytes) = value.try_into()
    {
        return ("int32", i32::from_be_bytes(bytes).to_string());
    }
    if INT64.contains(&name)
        && let Ok(bytes) = value.try_into()
    {
        return ("int64", i64::from_be_bytes(bytes).to_string());
    }
    match printable(value, is_cut) {
        Some(text) => ("text", text.to_owned()),
        None => ("hex", hex(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &[u8]) -> OwnedHeader {
        (name.to_owned(), Some(value.to_vec()))
    }

    #[test]
    fn each_header_is_shown_as_what_it_is() {
        let headers = [
            header("trace", b"abc"),
            header("trace", &[0xff, 0]),
            ("nothing".to_owned(), None),
            header("kafka_dlt-original-offset", &17_i64.to_be_bytes()),
            header("kafka_dlt-original-partition", &(-1_i32).to_be_bytes()),
            // Of the wrong length, so it is none of Spring's.
            header("kafka_dlt-original-offset", b"17"),
            header("orderlog.code", b"undecodable"),
            header("orderlog.added", b"2"),
        ];
        let shown: Vec<_> = shown(&headers)
            .into_iter()
            .map(|header| (header.kind, header.value, header.added))
            .collect();
        let expected = [
            ("text", Some("abc"), false),
            ("hex", Some("ff00"), false),
            ("null", None, false),
            ("int64", Some("17"), false),
            ("int32", Some("-1"), false),
            ("text", Some("17"), false),
            ("text", Some("undecodable"), true),
            ("text", Some("2"), true),
        ];
        assert_eq!(
            shown,
            expected.map(|(kind, value, added)| (kind, value.map(str::to_owned), added))
        );
    }

    #[test]
    fn a_flood_of_headers_is_bounded() {
        let many = vec![header("a", &[b'x'; 2 * MAX_VALUE]); MAX_HEADERS + 1];
        let shown = shown(&many);
        assert_eq!(shown.len(), MAX_HEADERS);
        let length = shown[0].value.as_ref().map(String::len);
        assert_eq!((shown[0].truncated, length), (true, Some(MAX_VALUE)));
    }
}
