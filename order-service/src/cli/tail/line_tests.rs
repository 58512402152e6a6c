use orderlog_avro::{Schema, SchemaText};
use serde_json::{Value, json};

use super::*;
use crate::dead_letter::headers::{DeadLetterInfo, Position, TimestampType};

const PARCEL: &str = r#"{"type":"record","name":"Parcel","fields":[{"name":"id","type":"string"},{"name":"note","type":["null","string"]}]}"#;

fn parcel() -> Known {
    Known::Readable {
        schema: Box::new(Schema::parse_lenient(&SchemaText::avro(PARCEL)).expect("a schema")),
        version: Some(3),
    }
}

fn record<'a>(value: Option<&'a [u8]>, headers: &'a [OwnedHeader]) -> Read<'a> {
    Read {
        partition: 2,
        offset: 17,
        timestamp: Some(1_700_000_000_123),
        key: Some(b"ORD-1"),
        value,
        headers,
    }
}

fn line(read: &Read<'_>, known: Option<&Known>, with_headers: bool) -> Value {
    serde_json::from_str(&read.line(&read.framed(), known, with_headers)).expect("JSON")
}

fn text(name: &str, value: &str) -> OwnedHeader {
    (name.to_owned(), Some(value.into()))
}

#[test]
fn a_record_is_one_line_with_its_place_schema_and_event() {
    let value = b"\0\0\0\0\x07\x04P7\x02\x02!";
    let read = record(Some(value), &[]);
    let shown = read.line(&read.framed(), Some(&parcel()), false);
    assert_eq!(
        shown,
        r#"{"key":"ORD-1","partition":2,"offset":17,"schemaId":7,"schemaVersion":3,"timestamp":"2023-11-14T22:13:20.123Z","event":{"id":"P7","note":{"string":"!"}}}"#
    );
}

#[test]
fn a_record_that_cannot_be_decoded_is_a_line_with_its_reason() {
    let unknown = Known::Unusable(Code::UnknownSchemaId, "the registry has no schema with id 9".to_owned());
    let silent = Known::Unreachable("the schema registry does not respond".to_owned());
    for (value, known, code, reason) in [
        (&b"hello"[..], None, json!("not_framed"), "instead of magic byte 0x00"),
        (
            b"\0\0\0\0\x09",
            Some(unknown),
            json!("unknown_schema_id"),
            "no schema with id 9",
        ),
        (b"\0\0\0\0\x09", Some(silent), Value::Null, "does not respond"),
        (
            b"\0\0\0\0\x07\x04P",
            Some(parcel()),
            json!("undecodable"),
            "id: unexpected end of data (at byte 1 of 2)",
        ),
        (
            b"\0\0\0\0\x07\x04P7\0!",
            Some(parcel()),
            json!("undecodable"),
            "1 trailing byte",
        ),
    ] {
        let line = line(&record(Some(value), &[]), known.as_ref(), false);
        assert!(line["event"].is_null(), "{line}");
        assert_eq!((&line["code"], &line["size"]), (&code, &json!(value.len())), "{line}");
        assert!(line["reason"].as_str().is_some_and(|it| it.contains(reason)), "{line}");
    }
    let line = line(&record(None, &[]), None, false);
    assert_eq!(line["reason"], "the record has no value (null)");
}

#[test]
fn headers_are_text_or_hexadecimal() {
    let headers = [
        text("a", "1"),
        ("b".to_owned(), Some(vec![0, 255])),
        ("c".to_owned(), None),
        text("a", "hex:"),
    ];
    let read = record(Some(b""), &headers);
    assert_eq!(
        line(&read, None, true)["headers"],
        json!([{"name": "a", "value": "1"}, {"name": "b", "value": "hex:00ff"}, {"name": "c", "value": null},
            {"name": "a", "value": "hex:6865783a"}])
    );
    assert!(line(&read, None, false).get("headers").is_none());
}

#[test]
fn a_schema_may_be_named_in_a_header() {
    let headers = [(SCHEMA_ID_HEADER.to_owned(), Some(vec![0, 0, 0, 0, 7]))];
    let shown = line(&record(Some(b"\x04P7\0"), &headers), Some(&parcel()), false);
    assert_eq!(
        (&shown["schemaId"], &shown["event"]),
        (&json!(7), &json!({"id": "P7", "note": null}))
    );
}

#[test]
fn a_dead_letter_says_why_it_is_one() {
    let origin = Position {
        topic: "order-events".to_owned(),
        partition: 4,
        offset: 5,
        timestamp: None,
        timestamp_type: TimestampType::NoTimestampType,
    };
    let why = Rejection::new(Code::KeyMismatch, "the record key is not the orderId");
    let headers = added::added(&DeadLetterInfo {
        service: "order-service",
        position: "order-events-4-9",
        origin: &origin,
        replays: 1,
        first_code: None,
        why: &why,
        pointer: None,
    });
    let shown = line(&record(Some(b"\0\0\0\0\x07\x04P7\0"), &headers), Some(&parcel()), false);
    assert_eq!(
        shown["deadLetter"],
        json!({"code": "key_mismatch", "reason": "the record key is not the orderId", "origin": "order-events-4-5", "replays": 1})
    );
    assert_eq!(shown["event"]["id"], "P7", "and its event, which can be read");
}

#[test]
fn a_mark_says_what_became_of_which_dead_letters() {
    let headers = [
        text("orderlog.mark", "discarded"),
        text("orderlog.dead-letters", "0-17,0-18"),
        text("orderlog.reason", "test data"),
        text("orderlog.by", "jane"),
        text("orderlog.added", "5"),
    ];
    let mark = Read {
        key: None,
        ..record(None, &headers)
    };
    let shown = line(&mark, None, false);
    assert_eq!(
        shown["mark"],
        json!({"state": "discarded", "deadLetters": ["0-17", "0-18"], "by": "jane", "reason": "test data", "job": null})
    );
    assert!(shown.get("reason").is_none(), "it is no fault: {shown}");
}
