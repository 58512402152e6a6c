use serde::Deserialize;
use serde_json::json;

use super::*;

fn shown(value: serde_json::Value) -> String {
    detail(&Detail::deserialize(value).expect("a detail")).join("\n")
}

#[test]
fn everything_about_a_dead_letter_is_shown() {
    let text = shown(json!({
        "id": "0-3", "timestamp": "2026-01-02T03:04:05.006Z", "key": "ORD-1", "code": "undecodable",
        "reason": "order.status: unexpected end of data (at byte 15 of 15)", "schemaId": 7, "size": 20, "replays": 1,
        "origin": {"topic": "order-events", "partition": 2, "offset": 17, "timestamp": null}, "state": "discarded",
        "firstCode": "unknown_schema_id",
        "settled": {"at": "2026-01-03T00:00:00.000Z", "by": "jane", "reason": "test data", "job": null},
        "headers": [
            {"name": "traceparent", "type": "text", "value": "00-\u{202e}", "added": false},
            {"name": "kafka_dlt-original-partition", "type": "int32", "value": 2, "added": true},
        ],
        "keyHex": "4f52442d31",
        "value": {"size": 20, "hex": "0000000007414243000102030405060708090a0b", "text": null, "truncated": false},
        "decoding": {
            "steps": [
                {"step": "frame", "state": "passed", "detail": "schema id 7"},
                {"step": "rules", "state": "not reached", "detail": null},
            ],
            "code": "undecodable", "sentence": "The field order.status is cut off.", "field": "order.status", "byte": 17, "event": null,
        },
        "advice": {"sentence": "Have the producer send it again.", "command": "curl -X POST \\\n  http://localhost"},
        "order": {"orderId": "ORD-1", "version": 4, "healed": true},
    }));
    let expected = "\
Dead letter 0-3
  state       discarded
  written     2026-01-02T03:04:05.006Z
  key         ORD-1
  code        undecodable
  reason      order.status: unexpected end of data (at byte 15 of 15)
  first code  unknown_schema_id
  origin      order-events, partition 2, offset 17
  schema id   7
  replays     1
  settled     2026-01-03T00:00:00.000Z, by jane, because: test data
  order       ORD-1, at version 4

What decoding says now
  frame     passed       schema id 7
  rules     not reached
  The field order.status is cut off.

What to do
  Have the producer send it again.

  curl -X POST \\
    http://localhost

Value, 20 bytes
  000000  00 00 00 00 07 41 42 43 00 01 02 03 04 05 06 07  .....ABC........
  000010  08 09 0a 0b                                      ....
             ^^ byte 17
";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("00-\\u{202e}") && text.contains("int32"), "{text}");
    let (own, added) = (
        text.find("Headers of the record"),
        text.find("Headers added by order-service"),
    );
    assert!(own < added && own.is_some(), "{text}");
}

#[test]
fn a_dead_letter_is_healed_only_as_long_as_something_is_left_to_do() {
    for (state, healed) in [
        ("open", true),
        ("parked", true),
        ("replayed", false),
        ("discarded", false),
    ] {
        let order = json!({"orderId": "ORD-1", "version": 4, "healed": true});
        let text = shown(json!({"id": "0-3", "state": state, "value": null, "order": order}));
        assert_eq!(text.contains("healed by a later event"), healed, "{text}");
    }
}

#[test]
fn a_long_value_is_shown_at_its_beginning_and_around_the_fault() {
    let value = Bytes {
        size: 4096,
        hex: "00".repeat(4096),
        truncated: false,
    };
    let shown = dump(&value, Some(2050)).join("\n");
    assert!(
        shown.contains("  000000  ") && shown.contains("  0001f0  ") && !shown.contains("  000200  "),
        "{shown}"
    );
    assert!(
        shown.contains("  000800  ") && shown.contains("^^ byte 2050") && !shown.contains("  000a00  "),
        "{shown}"
    );
    let at_the_end = dump(&value, Some(4096)).join("\n");
    assert!(at_the_end.contains("byte 4096, the end of the value"), "{at_the_end}");
}

#[test]
fn what_is_missing_is_no_error() {
    let text = shown(json!({"id": "0-3", "value": null, "decoding": null, "advice": null, "order": null}));
    assert!(
        text.contains("Dead letter 0-3") && text.contains("Value: none"),
        "{text}"
    );
}
