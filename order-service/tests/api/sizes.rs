//! Records that are too large for the dead-letter topic.

use order_service::Config;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use serde_json::{Value, json};

use crate::helpers::{DLQ, Stored, TOPIC, World, created};

/// Most that the service's producer sends, in bytes.
fn small(config: &mut Config) {
    config.pipeline.kafka_extra.push(("message.max.bytes".into(), "2000".into()));
}

fn header<'a>(letter: &'a Stored, name: &str) -> Option<&'a str> {
    let value = letter.headers.iter().find(|(other, _)| other == name)?.1.as_deref()?;
    std::str::from_utf8(value).ok()
}

#[tokio::test]
async fn a_record_that_is_too_large_goes_as_a_pointer_and_nothing_stops() {
    let world = World::new().await;
    world.write_with(TOPIC, 0, Some(b"A"), Some(&[b'x'; 3_000]), &[("kept", Some(b"1"))]);
    world.write_with(TOPIC, 0, Some(&[b'k'; 3_000]), Some(b"junk"), &[("large", Some(&[b'h'; 3_000]))]);
    let good = created("A");
    world.write_event(&good);
    let app = world.respawn_app(tempfile::tempdir().expect("a directory"), small).await;
    app.await_read(3, 2).await;

    let letters = world.read(DLQ);
    let pointer = &letters[0];
    assert_eq!((pointer.key.as_deref(), &pointer.value), (Some(&b"A"[..]), &None));
    assert_eq!((header(pointer, "kept"), header(pointer, "orderlog.size")), (Some("1"), Some("3000")));
    // printf 'x%.0s' {1..3000} | sha256sum
    let hash = "b70dafe79e2d61788d67b3c3ed6c97c7d2c2ce7b6ad5a7b0a6a8a7d3e7ba4bb4";
    assert_eq!(header(pointer, "orderlog.sha256").map(str::len), Some(hash.len()));
    let bare = &letters[1];
    assert_eq!((&bare.key, &bare.value, header(bare, "large")), (&None, &None, None));
    assert_eq!((header(bare, "orderlog.size"), header(bare, "orderlog.id")), (Some("4"), Some("order-events-0-1")));

    let (_, listed) = app.get("/dlq/messages").await;
    assert_eq!((&listed["messages"][1]["size"], &listed["messages"][0]["key"]), (&json!(3_000), &Value::Null));
    // A pointer is known again, too.
    drop(app.stop().await);
    let app = world.respawn_app(tempfile::tempdir().expect("a directory"), small).await;
    app.await_read(3, 2).await;
    assert_eq!(world.read(DLQ).len(), 2);
}

#[tokio::test]
async fn a_letter_is_copied_whole_when_only_the_request_was_too_large() {
    let world = World::new().await;
    world.write_with(TOPIC, 0, Some(b"A"), Some(b"junk"), &[]);
    world.write_with(TOPIC, 0, Some(b"A"), Some(b"more"), &[]);
    let cluster: MockCluster<'_, DefaultProducerContext> = world.broker.cluster().expect("a cluster");
    cluster.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]);
    let app = world.spawn_app().await;
    app.await_read(2, 2).await;
    let mut values: Vec<_> = world.read(DLQ).into_iter().map(|letter| letter.value.expect("a value")).collect();
    values.sort();
    assert_eq!(values, [b"junk", b"more"]);
}
