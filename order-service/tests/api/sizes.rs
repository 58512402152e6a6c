//! Records that are too large for the dead-letter topic.

use order_service::Config;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use serde_json::{Value, json};

use crate::helpers::{DLQ, TOPIC, World, created};

/// Most that the service's producer sends, in bytes.
fn small(config: &mut Config) {
    config
        .pipeline
        .kafka_extra
        .push(("message.max.bytes".into(), "2000".into()));
}

#[tokio::test]
async fn a_record_that_is_too_large_goes_as_a_pointer_and_nothing_stops() {
    let world = World::new().await;
    world.write_with(TOPIC, 0, Some(b"A"), Some(&[b'x'; 3_000]), &[("kept", Some(b"1"))]);
    world.write_with(
        TOPIC,
        0,
        Some(&[b'k'; 3_000]),
        Some(b"junk"),
        &[("large", Some(&[b'h'; 3_000]))],
    );
    let good = created("A");
    world.write_event(&good);
    let app = world
        .respawn_app(tempfile::tempdir().expect("a directory"), small)
        .await;
    app.await_read(3, 2).await;

    let letters = world.read(DLQ);
    let pointer = &letters[0];
    assert_eq!((pointer.key.as_deref(), &pointer.value), (Some(&b"A"[..]), &None));
    assert_eq!((pointer.text("kept"), pointer.text("orderlog.size")), ("1", "3000"));
    // printf 'x%.0s' {1..3000} | sha256sum
    assert_eq!(
        pointer.text("orderlog.sha256"),
        "e1630f843370f402870799e14abbf2b06af2d23b0153658e1211dffabc61ad8f"
    );
    let bare = &letters[1];
    assert_eq!((&bare.key, &bare.value, bare.header("large")), (&None, &None, None));
    assert_eq!(
        (bare.text("orderlog.size"), bare.text("orderlog.id")),
        ("4", "order-events-0-1")
    );

    let (_, listed) = app.get("/dlq/messages").await;
    assert_eq!(
        (&listed["messages"][1]["size"], &listed["messages"][0]["key"]),
        (&json!(3_000), &Value::Null)
    );
    // A pointer is known again, too.
    drop(app.stop().await);
    let app = world
        .respawn_app(tempfile::tempdir().expect("a directory"), small)
        .await;
    app.await_read(3, 2).await;
    assert_eq!(world.read(DLQ).len(), 2);
}

#[tokio::test]
async fn only_a_letter_that_is_too_large_by_itself_loses_its_value() {
    use RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE as TOO_LARGE;
    // How often the broker refuses: first a request of several letters, then a letter that has one of its own.
    for (refusals, kept) in [(1, 2), (2, 1)] {
        let world = World::new().await;
        for value in [&b"junk"[..], b"more"] {
            world.write_with(TOPIC, 0, Some(b"A"), Some(value), &[]);
        }
        let cluster: MockCluster<'_, DefaultProducerContext> = world.broker.cluster().expect("a cluster");
        cluster.request_errors(RDKafkaApiKey::Produce, &[TOO_LARGE; 2][..refusals]);
        let app = world.spawn_app().await;
        app.await_read(2, 2).await;
        let letters = world.read(DLQ);
        assert_eq!(
            letters.iter().filter(|letter| letter.value.is_some()).count(),
            kept,
            "{letters:?}"
        );
    }
}
