//! `GET /asyncapi.json`: the topics, as an AsyncAPI 3.0 document, with the very schema that is compiled in.

use actix_web::{HttpResponse, web};
use orderlog_contract::rejection::Code;
use orderlog_contract::{barrier, lineage};
use orderlog_kafka::partition::Partitioner;
use orderlog_web::Problem;
use serde_json::{Value, json};

use crate::app::State;

/// The media type of an AsyncAPI document.
const MEDIA_TYPE: &str = "application/vnd.aai.asyncapi+json;version=3.0.0";

/// The topics, as an AsyncAPI document.
///
/// # Errors
/// A 500 when the compiled-in schema is not JSON, which a test rules out.
pub async fn asyncapi(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let document =
        document(&state.topic, state.view.partitioner(), state.dead_letters.topic()).map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().content_type(MEDIA_TYPE).body(document.to_string()))
}

fn document(topic: &str, partitioner: Partitioner, dead_letter_topic: &str) -> serde_json::Result<Value> {
    let newest = lineage::LINEAGE.last().copied().unwrap_or("null");
    let schema: Value = serde_json::from_str(newest)?;
    let key = json!({"type": "string", "description": "The orderId, as plain UTF-8", "maxLength": 256});
    let text = |description: &str| json!({"type": "string", "description": description});
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Order events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every event carries the whole order. The first event of an (orderId, version) in the topic wins; a consumer keeps, per order, the highest version."
        },
        "defaultContentType": "application/vnd.apache.avro",
        "channels": {
            "orderEvents": {
                "address": topic,
                "description": format!("The log of all orders. One order lies in one partition, which is {partitioner} of the key modulo the number of partitions. Every writer must choose it so; clients of librdkafka (Python, Go, .NET, Node.js, …) set partitioner={}. A record elsewhere is dead-lettered as wrong_partition.", partitioner.librdkafka_name()),
                "x-partitioner": {"name": partitioner.name(), "librdkafka": partitioner.librdkafka_name(), "javaDefault": partitioner == Partitioner::Murmur2},
                "messages": {
                    "orderEvent": {"$ref": "#/components/messages/orderEvent"},
                    "barrier": {"$ref": "#/components/messages/barrier"}
                },
                "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}}
            },
            "deadLetters": {
                "address": dead_letter_topic,
                "description": "Records of the log that cannot be used, byte for byte, with headers that say why.",
                "messages": {"deadLetter": {"$ref": "#/components/messages/deadLetter"}},
                "bindings": {"kafka": {"topic": dead_letter_topic, "bindingVersion": "0.5.0"}}
            }
        },
        "operations": {
            "followOrders": {
                "action": "receive",
                "channel": {"$ref": "#/channels/orderEvents"},
                "summary": "order-service keeps every order's state from these events"
            },
            "sendDeadLetters": {
                "action": "send",
                "channel": {"$ref": "#/channels/deadLetters"},
                "summary": "order-service copies here what it cannot use"
            }
        },
        "components": {
            "messages": {
                "orderEvent": {
                    "name": "OrderEvent",
                    "contentType": "application/vnd.apache.avro",
                    "summary": format!("Framed as Confluent's serializers do: byte 0, schema id (4 bytes, big endian), Avro datum. Subject {}", lineage::subject(topic)),
                    "headers": {
                        "type": "object",
                        "properties": {
                            "orderlog.idempotency-key": text("The Idempotency-Key of the HTTP request"),
                            "orderlog.request-hash": text("SHA-256 of that request, hex"),
                            "__value_schema_id": text("Instead of the frame, then the value is the bare datum: byte 0 and the schema id (4 bytes, big endian), or byte 1 and the schema GUID (16 bytes)"),
                            "traceparent": text("W3C Trace Context")
                        }
                    },
                    "payload": {"schemaFormat": "application/vnd.apache.avro+json;version=1.9.0", "schema": schema},
                    "bindings": {"kafka": {"key": key, "schemaIdLocation": "payload", "schemaIdPayloadEncoding": "confluent", "bindingVersion": "0.5.0"}}
                },
                "barrier": {
                    "name": "Barrier",
                    "summary": "Says nothing of any order, and is to be skipped, as every record without a value. Where the topic has more than one replica, cart-service writes one before it refuses something, to make sure that the partition's leader still leads. It has no key and no value",
                    "headers": {
                        "type": "object",
                        "required": [barrier::HEADER],
                        "properties": {barrier::HEADER: text("Name of the service that wrote it")}
                    },
                    "payload": {"type": "null"}
                },
                "deadLetter": {
                    "name": "DeadLetter",
                    "contentType": "application/octet-stream",
                    "summary": "The value is the record's own; null where it was too large to copy (see orderlog.sha256). Behind the record's own headers stand these; where a name stands twice, the last one is meant.",
                    "headers": {
                        "type": "object",
                        "properties": dead_letter_headers()
                    }
                }
            }
        }
    }))
}

/// The headers that a dead letter has behind the record's own.
fn dead_letter_headers() -> Value {
    const TEXTS: [(&str, &str); 22] = [
        ("__connect.errors.topic", "Topic in which the record first lay"),
        ("__connect.errors.partition", "Its partition, decimal"),
        ("__connect.errors.offset", "Its offset, decimal"),
        ("__connect.errors.connector.name", "The service"),
        ("__connect.errors.task.id", "0"),
        ("__connect.errors.class.name", "The module that found the fault"),
        ("__connect.errors.exception.class.name", "orderlog. and the code"),
        ("__connect.errors.exception.message", "Why the record cannot be used"),
        (
            "__connect.errors.exception.stacktrace",
            "Class, message and module, as Java prints them",
        ),
        ("kafka_dlt-original-topic", "Topic in which the record first lay"),
        ("kafka_dlt-original-consumer-group", "The consumer group of the service"),
        ("kafka_dlt-exception-fqcn", "orderlog. and the code"),
        ("kafka_dlt-exception-cause-fqcn", "The same"),
        ("kafka_dlt-exception-message", "Why the record cannot be used"),
        (
            "kafka_dlt-exception-stacktrace",
            "Class, message and module, as Java prints them",
        ),
        (
            "orderlog.id",
            "Coordinates of its first origin, as topic-partition-offset",
        ),
        ("orderlog.replays", "How often it was sent back, decimal"),
        ("orderlog.at", "Coordinates of the record, as topic-partition-offset"),
        ("orderlog.schema-id", "The schema id that the record names, decimal"),
        ("orderlog.sha256", "SHA-256 of a value that was too large to copy, hex"),
        ("orderlog.size", "Length of that value in bytes, decimal"),
        (
            "orderlog.added",
            "How many headers were added, this last one included, decimal; those in front are the record's own",
        ),
    ];
    const NUMBERS: [(&str, &str); 3] = [
        ("kafka_dlt-original-partition", "Its partition: 4 bytes, big endian"),
        ("kafka_dlt-original-offset", "Its offset: 8 bytes, big endian"),
        (
            "kafka_dlt-original-timestamp",
            "Its timestamp in milliseconds, -1 for none: 8 bytes, big endian",
        ),
    ];
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
            "__connect.errors.stage",
            &["VALUE_CONVERTER", "TASK_PUT"],
            "Whether the bytes could not be read or the event breaks a rule",
        ),
        one_of(
            "kafka_dlt-original-timestamp-type",
            &["CreateTime", "LogAppendTime", "NoTimestampType"],
            "Whose timestamp that is",
        ),
        one_of(
            "orderlog.code",
            &Code::ALL.map(Code::as_str),
            "What kind of fault it is",
        ),
    ];
    let all = TEXTS.into_iter().map(text).chain(NUMBERS.into_iter().map(number));
    Value::Object(all.chain(some).collect())
}

#[cfg(test)]
mod tests {
    use orderlog_contract::rejection::Rejection;

    use super::*;
    use crate::dead_letter::headers::{Finding, Origin, TimestampType, added};

    #[test]
    fn every_header_of_a_dead_letter_is_described_and_no_other() {
        let origin = Origin {
            topic: "orders".into(),
            partition: 0,
            offset: 1,
            timestamp: None,
            timestamp_type: TimestampType::NoTimestampType,
        };
        let headers = added(&Finding {
            service: "order-service",
            at: "orders-0-1",
            origin: &origin,
            replays: 0,
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
            // Some of Connect's stand together, without what they begin with.
            let last = name.rsplit("errors").next().unwrap_or_default();
            assert!(page.contains(&format!("{last}`")), "{name}");
        }
    }

    #[test]
    fn the_document_carries_the_schema_and_every_reference_leads_somewhere() {
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
        assert_eq!(references.len(), 5);
        for reference in references {
            let pointer = reference.strip_prefix('#').expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn writers_are_told_by_what_to_partition() {
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
}
