//! Records that are too large for the dead-letter topic.

use order_service::Config;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use serde_json::{Value, json};

use crate::helpers::{DLQ, TOPIC, World, created};

/// The largest record that the service's producer sends, in bytes.
fn small(config: &mut Config) {
    config
        .pipeline
        .kafka
        .kafka_extra
        .push(("message.max.bytes".into(), "2000".into()));
}

#[tokio::test]
async fn a_record_that_is_too_large_is_sent_without_its_value_and_nothing_stops() {
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

    let dead_letters = world.read(DLQ);
    let pointer = &dead_letters[0];
    assert_eq!((pointer.key.as_deref(), &pointer.value), (Some(&b"A"[..]), &None));
    assert_eq!((pointer.text("kept"), pointer.text("orderlog.size")), ("1", "3000"));
    // printf 'x%.0s' {1..3000} | sha256sum
    assert_eq!(
        pointer.text("orderlog.sha256"),
        "e1630f843370f402870799e14abbf2b06af2d23b0153658e1211dffabc61ad8f"
    );
    let bare = &dead_letters[1];
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
    // A dead letter without its value is recognized again, too.
    drop(app.stop().await);
    let app = world
        .respawn_app(tempfile::tempdir().expect("a directory"), small)
        .await;
    app.await_read(3, 2).await;
    assert_eq!(world.read(DLQ).len(), 2);
}

#[tokio::test]
async fn only_a_dead_letter_that_is_too_large_by_itself_loses_its_value() {
    // A request with several dead letters is refused once: each is resent on its own, and none loses anything. On a
    // busy machine, the client may send each on its own right away; then the first one loses its value, and the test
    // tries again.
    let mut tries = 0;
    while kept_of_two(1).await < 2 {
        tries += 1;
        assert!(tries < 5, "no refusal was of several dead letters");
    }
    // A dead letter in its own request is refused, too.
    assert_eq!(kept_of_two(2).await, 1);
}

/// How many of two dead letters keep their values if the broker refuses that many requests for their size.
async fn kept_of_two(refusals: usize) -> usize {
    use RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE as TOO_LARGE;
    let world = World::new().await;
    for value in [&b"junk"[..], b"more"] {
        world.write_with(TOPIC, 0, Some(b"A"), Some(value), &[]);
    }
    let cluster: MockCluster<'_, DefaultProducerContext> = world.broker.cluster().expect("a cluster");
    cluster.request_errors(RDKafkaApiKey::Produce, &[TOO_LARGE; 2][..refusals]);
    let app = world.spawn_app().await;
    app.await_read(2, 2).await;
    let dead_letters = world.read(DLQ);
    dead_letters
        .iter()
        .filter(|dead_letter| dead_letter.value.is_some())
        .count()
}
