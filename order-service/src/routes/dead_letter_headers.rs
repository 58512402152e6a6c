//! The headers of a dead letter as `/asyncapi.json` describes them; their names are those that the writer uses.

use orderlog_contract::rejection::Code;
use serde_json::{Value, json};

use crate::dead_letter::headers::{self as h, TimestampType};

/// Text headers, with their descriptions.
const TEXTS: [(&str, &str); 23] = [
    (h::CONNECT_TOPIC, "Original topic of the record"),
    (h::CONNECT_PARTITION, "Original partition, decimal"),
    (h::CONNECT_OFFSET, "Original offset, decimal"),
    (h::CONNECT_CONNECTOR, "Name of the service"),
    (h::CONNECT_TASK, "0"),
    (
        h::CONNECT_CLASS,
        "common::codec if the bytes could not be decoded, common::order if the event breaks a rule",
    ),
    (h::CONNECT_EXCEPTION, "The code, prefixed with orderlog."),
    (h::CONNECT_MESSAGE, "Why the record was rejected"),
    (
        h::CONNECT_TRACE,
        "Class, message and component name in the format of a Java stack trace",
    ),
    (h::SPRING_TOPIC, "Original topic of the record"),
    (h::SPRING_GROUP, "Consumer group of the service"),
    (h::SPRING_EXCEPTION, "The code, prefixed with orderlog."),
    (h::SPRING_CAUSE, "The code, prefixed with orderlog."),
    (h::SPRING_MESSAGE, "Why the record was rejected"),
    (
        h::SPRING_TRACE,
        "Class, message and component name in the format of a Java stack trace",
    ),
    (
        h::ID,
        "Position of the record when it was first rejected: topic-partition-offset",
    ),
    (
        h::REPLAYS,
        "How often the record had been rejected before and written back to the topic, decimal",
    ),
    (
        h::AT,
        "Position of the record that was rejected this time: topic-partition-offset",
    ),
    (
        h::FIRST_CODE,
        "Code of the first rejection; only if the record was replayed since",
    ),
    (h::SCHEMA_ID, "Schema id in the record's frame, decimal"),
    (h::SHA256, "SHA-256 of a value that was too large to copy, hexadecimal"),
    (h::SIZE, "Length of that value in bytes, decimal"),
    (
        h::ADDED,
        "Number of headers added, including this last one, decimal; those before them are the record's own",
    ),
];
/// Binary headers, with their descriptions.
const NUMBERS: [(&str, &str); 3] = [
    (h::SPRING_PARTITION, "Original partition: 4 bytes, big-endian"),
    (h::SPRING_OFFSET, "Original offset: 8 bytes, big-endian"),
    (
        h::SPRING_TIMESTAMP,
        "Original timestamp in milliseconds, -1 for none: 8 bytes, big-endian",
    ),
];

/// The schemas of the headers that follow the record's own.
pub(super) fn described() -> Value {
    let text = |(name, what): (&str, &str)| (name.to_owned(), json!({"type": "string", "description": what}));
    let number = |(name, what): (&str, &str)| {
        let described = json!({"type": "string", "format": "binary", "description": what});
        (name.to_owned(), described)
    };
    let one_of = |name: &str, values: &[&str], what: &str| {
        let described = json!({"type": "string", "enum": values, "description": what});
        (name.to_owned(), described)
    };
    let some = [
        one_of(
            h::CONNECT_STAGE,
            &[h::STAGE_CONVERTER, h::STAGE_TASK],
            "VALUE_CONVERTER if the bytes could not be decoded, TASK_PUT if the event breaks a rule",
        ),
        one_of(
            h::SPRING_TIMESTAMP_TYPE,
            &TimestampType::ALL.map(TimestampType::as_str),
            "Type of the original timestamp",
        ),
        one_of(h::CODE, &Code::ALL.map(Code::as_str), "Code of the rejection"),
    ];
    let all = TEXTS.into_iter().map(text).chain(NUMBERS.into_iter().map(number));
    Value::Object(all.chain(some).collect())
}
