//! `GET /asyncapi.json`: the topics as an AsyncAPI 3.0 document, with the compiled-in schema.

use actix_web::{HttpResponse, web};
use orderlog_contract::{barrier, frame, idempotency, lineage};
use orderlog_kafka::partition::Partitioner;
use orderlog_web::Problem;
use serde_json::{Value, json};

use super::dead_letter_headers;
use crate::dead_letter::{headers, marks};
use crate::state::State;

/// The media type of an AsyncAPI document.
const MEDIA_TYPE: &str = "application/vnd.aai.asyncapi+json;version=3.0.0";

/// The topics as an AsyncAPI document.
///
/// # Errors
/// A 500 when the compiled-in schema is not JSON, which a test excludes.
pub async fn asyncapi(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let document =
        document(&state.topic, state.view.partitioner(), state.dead_letters.topic()).map_err(Problem::internal)?;
    Ok(HttpResponse::Ok().content_type(MEDIA_TYPE).body(document.to_string()))
}

fn document(topic: &str, partitioner: Partitioner, dead_letter_topic: &str) -> serde_json::Result<Value> {
    let newest = lineage::LINEAGE.last().copied().unwrap_or("null");
    let schema: Value = serde_json::from_str(newest)?;
    let key = json!({"type": "string", "description": "The orderId in UTF-8", "maxLength": 256});
    let text = |description: &str| json!({"type": "string", "description": description});
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Order events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every event contains the complete order. A consumer keeps, for each order, the event with the highest version and, among events of the same version, the first. It must leave out records that break a rule, such as an event with an illegal status transition: order-service copies those to the dead-letter topic."
        },
        "defaultContentType": "application/vnd.apache.avro",
        "channels": {
            "orderEvents": {
                "address": topic,
                "description": format!("The log of all orders. All events of an order are in one partition: {partitioner} of the key modulo the number of partitions. Every producer must use this partitioner; clients based on librdkafka (Python, Go, .NET, Node.js, …) set partitioner={}. Records in any other partition are dead-lettered as wrong_partition.", partitioner.librdkafka_name()),
                "x-partitioner": {"name": partitioner.name(), "librdkafka": partitioner.librdkafka_name(), "javaDefault": partitioner == Partitioner::Murmur2},
                "messages": {
                    "orderEvent": {"$ref": "#/components/messages/orderEvent"},
                    "barrier": {"$ref": "#/components/messages/barrier"}
                },
                "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}}
            },
            "deadLetters": {
                "address": dead_letter_topic,
                "description": "Records of the event topic that order-service rejected. Key, value and headers are unchanged; the headers added after them say why the record was rejected, and where it was.",
                "messages": {
                    "deadLetter": {"$ref": "#/components/messages/deadLetter"},
                    "mark": {"$ref": "#/components/messages/mark"}
                },
                "bindings": {"kafka": {"topic": dead_letter_topic, "bindingVersion": "0.5.0"}}
            }
        },
        "operations": {
            "followOrders": {
                "action": "receive",
                "channel": {"$ref": "#/channels/orderEvents"},
                "summary": "order-service keeps the state of every order, as these events describe it"
            },
            "sendDeadLetters": {
                "action": "send",
                "channel": {"$ref": "#/channels/deadLetters"},
                "summary": "order-service copies rejected records to this topic, and marks those that were replayed or discarded"
            },
            "replayDeadLetters": {
                "action": "send",
                "channel": {"$ref": "#/channels/orderEvents"},
                "summary": "When it is asked to, order-service writes the records of dead letters back to this topic, in transactions"
            }
        },
        "components": {
            "messages": {
                "orderEvent": {
                    "name": "OrderEvent",
                    "contentType": "application/vnd.apache.avro",
                    "summary": format!("Framed as by Confluent's serializers: byte 0, schema id (4 bytes, big-endian), Avro datum. Subject: {}", lineage::subject(topic)),
                    "headers": {
                        "type": "object",
                        "properties": {
                            idempotency::KEY_HEADER: text("The Idempotency-Key of the HTTP request"),
                            idempotency::HASH_HEADER: text("SHA-256 of that request, hexadecimal"),
                            frame::SCHEMA_ID_HEADER: text("Alternative to the frame; the value is then the bare datum. Byte 0 and the schema id (4 bytes, big-endian), or byte 1 and the schema GUID (16 bytes)"),
                            "traceparent": text("W3C Trace Context")
                        }
                    },
                    "payload": {"schemaFormat": "application/vnd.apache.avro+json;version=1.9.0", "schema": schema},
                    "bindings": {"kafka": {"key": key, "schemaIdLocation": "payload", "schemaIdPayloadEncoding": "confluent", "bindingVersion": "0.5.0"}}
                },
                "barrier": {
                    "name": "Barrier",
                    "summary": "A record without key and value, which consumers must skip, as they must skip every record without a value. On topics with more than one replica, cart-service writes one before it refuses a request, to make sure that the partition's leader is still the leader",
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
                    "summary": "The value is that of the record; null if it was too large to copy (see orderlog.sha256). These headers follow the record's own; where a name occurs twice, the last one counts.",
                    "headers": {
                        "type": "object",
                        "properties": dead_letter_headers::described()
                    }
                },
                "mark": {
                    "name": "DeadLetterMark",
                    "summary": "A record without key and value that says what became of dead letters in its partition. Of several that name the same one, the first counts.",
                    "headers": {
                        "type": "object",
                        "required": [marks::MARK, marks::DEAD_LETTERS, marks::BY, headers::ADDED],
                        "properties": {
                            marks::MARK: text("replayed or discarded"),
                            marks::DEAD_LETTERS: text("The dead letters: partition-offset, separated by commas"),
                            marks::JOB: text("The replay, a UUID; only with replayed"),
                            marks::REASON: text("Why; only with discarded"),
                            marks::BY: text("Who asked for it"),
                            headers::ADDED: text("How many headers it has")
                        }
                    },
                    "payload": {"type": "null"}
                }
            }
        }
    }))
}

#[cfg(test)]
#[path = "asyncapi_tests.rs"]
mod tests;
