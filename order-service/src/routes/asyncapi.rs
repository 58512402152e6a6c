//! `GET /asyncapi.json`: the topics, as an AsyncAPI 3.0 document, with the very schema that is compiled in.

use actix_web::{HttpResponse, web};
use common::barrier;
use common::http::Problem;
use common::kafka::partition::Partitioner;
use common::schemas;
use common::unusable::Code;
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
    let newest = schemas::LINEAGE.last().copied().unwrap_or("null");
    let schema: Value = serde_json::from_str(newest)?;
    let key = json!({"type": "string", "description": "The orderId, as plain UTF-8", "maxLength": 256});
    let text = |description: &str| json!({"type": "string", "description": description});
    let codes = Code::ALL.map(Code::as_str);
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
                    "summary": format!("Framed as Confluent's serializers do: byte 0, schema id (4 bytes, big endian), Avro datum. Subject {}", schemas::subject(topic)),
                    "headers": {
                        "type": "object",
                        "properties": {
                            "orderlog.idempotency-key": text("The Idempotency-Key of the HTTP request"),
                            "orderlog.request-hash": text("SHA-256 of that request, hex"),
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
                    "summary": "The value is the record's own; null where it was too large to copy (see orderlog.sha256). Kafka Connect's __connect.errors.* and Spring's kafka_dlt-* headers are there, too.",
                    "headers": {
                        "type": "object",
                        "properties": {
                            "orderlog.at": text("Coordinates of the record, as topic-partition-offset"),
                            "orderlog.id": text("Coordinates of its first origin, as topic-partition-offset"),
                            "orderlog.code": {"type": "string", "enum": codes, "description": "What kind of fault it is"},
                            "orderlog.schema-id": text("The schema id in the frame, decimal"),
                            "orderlog.replays": text("How often it was sent back, decimal"),
                            "orderlog.sha256": text("SHA-256 of a value that was too large to copy, hex"),
                            "orderlog.size": text("Length of that value in bytes, decimal")
                        }
                    }
                }
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

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
