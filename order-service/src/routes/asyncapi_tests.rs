use orderlog_contract::rejection::{Code, Rejection};

use super::*;
use crate::dead_letter::headers::{DeadLetterInfo, Position, TimestampType, added};

#[test]
fn every_header_of_a_dead_letter_is_described_and_no_other() {
    let origin = Position {
        topic: "orders".into(),
        partition: 0,
        offset: 1,
        timestamp: None,
        timestamp_type: TimestampType::NoTimestampType,
    };
    let headers = added(&DeadLetterInfo {
        service: "order-service",
        position: "orders-0-1",
        origin: &origin,
        replays: 0,
        first_code: Some(Code::WrongSchema),
        why: &Rejection::new(Code::Undecodable, "why").with_schema_id(7),
        pointer: Some(("f", 1)),
    });
    let document = document("orders", Partitioner::default(), "orders-dlq").expect("a document");
    let described = &document["components"]["messages"]["deadLetter"]["headers"]["properties"];
    let described = described.as_object().expect("headers");
    for (name, _) in &headers {
        assert!(described.contains_key(name), "{name}");
    }
    assert_eq!(described.len(), headers.len());
    let page = include_str!("../../../docs/dead-letters.md");
    for name in described.keys() {
        // The page abbreviates some of Connect's names.
        let last = name.rsplit("errors").next().unwrap_or_default();
        assert!(page.contains(&format!("{last}`")), "{name}");
    }
}

#[test]
fn the_document_contains_the_schema_and_every_reference_resolves() {
    let document = document("orders", Partitioner::Murmur2, "orders-dlq").expect("a document");
    let payload = &document["components"]["messages"]["orderEvent"]["payload"];
    assert_eq!(payload["schema"]["name"], "OrderEvent");
    assert_eq!(document["channels"]["deadLetters"]["address"], "orders-dlq");
    let barrier = &document["components"]["messages"]["barrier"];
    assert_eq!(barrier["payload"]["type"], "null");
    assert!(
        barrier["headers"]["properties"]["orderlog.barrier"].is_object(),
        "{barrier}"
    );
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert_eq!(references.len(), 7);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn the_document_speaks_of_topics_and_not_of_rust() {
    let text = document("orders", Partitioner::default(), "orders-dlq")
        .expect("a document")
        .to_string();
    for rust in ["[`", "`[", "# Errors", "Self::", "::<"] {
        assert!(!text.contains(rust), "{rust} in {text}");
    }
}

#[test]
fn the_document_names_the_partitioner() {
    for partitioner in Partitioner::ALL {
        let document = document("orders", partitioner, "orders-dlq").expect("a document");
        let channel = &document["channels"]["orderEvents"];
        let description = channel["description"].as_str().expect("text");
        let setting = format!("partitioner={}", partitioner.librdkafka_name());
        assert!(description.contains(&setting), "{description}");
        assert_eq!(channel["x-partitioner"]["name"], partitioner.name());
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, references)),
        _ => {}
    }
}
