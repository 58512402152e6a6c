//! Outages: of the registry, the dead-letter topic, the topics at startup. Nothing is lost, and the reason is
//! reported.

use orderlog_contract::event::OrderStatus;
use orderlog_registry::config::SchemasMode;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use reqwest::StatusCode;
use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::helpers::{DLQ, PARTITIONS, TOPIC, World, created, event, eventually, id_where, partition_of};

/// Why a partition waits.
fn paused(stats: &Value, partition: i32) -> Option<String> {
    stats["partitions"][partition as usize]["paused"]
        .as_str()
        .map(str::to_owned)
}

#[tokio::test]
async fn in_a_registry_outage_only_the_affected_partition_waits_and_nothing_is_dead_lettered() {
    let mut world = World::new().await;
    let app = world.spawn_app().await;
    world.write_event(&created("A"));
    app.await_read(1, 0).await;
    // The same schema under an id that is new to the service.
    let mut schema: Value = serde_json::from_str(&orderlog_contract::lineage::newest_text().text).expect("JSON");
    schema["doc"] = json!("another text");
    let new_id = world.register("copies-value", &schema.to_string()).await;
    assert_ne!(new_id, world.facts.schema_id);
    let contents = world.registry_down().await;

    world.write_event_as(new_id, &event("A", 2, OrderStatus::Pending));
    let here = partition_of("A");
    let waits =
        || async { paused(&app.get("/stats").await.1, here).is_some_and(|why| why.contains("does not answer")) };
    assert!(eventually(waits).await, "{}", app.get("/stats").await.1);
    let elsewhere = id_where(|partition| partition != here);
    world.write_event(&created(&elsewhere));
    app.await_read(2, 0).await;
    let (_, health) = app.get("/health").await;
    assert_eq!(
        (&health["status"], &health["registry"], &health["ready"]),
        (&json!("degraded"), &json!("disconnected"), &json!(true))
    );
    assert_eq!(app.details("A").await.1["version"], 1, "what is known is still served");

    world.registry_up(contents);
    app.await_read(3, 0).await;
    assert_eq!(app.details("A").await.1["version"], 2);
    assert!(world.read(DLQ).is_empty());
    let healthy = || async { app.get("/health").await.1["status"] == "healthy" };
    assert!(eventually(healthy).await, "{}", app.get("/health").await.1);
}

#[tokio::test]
async fn a_start_without_a_registry_reads_what_it_can() {
    let mut world = World::new().await;
    world.write_event(&created("A"));
    let app = world.spawn_app().await;
    let store = app.stop().await;
    let contents = world.registry_down().await;
    // The schema was read before, so the registry is not needed for the events.
    let app = world.respawn_app(store, |_| ()).await;
    world.write_event(&event("A", 2, OrderStatus::Pending));
    app.await_read(2, 0).await;
    let reasons = || async {
        app.get("/health").await.1["reasons"]
            .to_string()
            .contains("reads and writes continue")
    };
    assert!(eventually(reasons).await, "{}", app.get("/health").await.1);
    world.registry_up(contents);
    let healthy = || async { app.get("/health").await.1["status"] == "healthy" };
    assert!(eventually(healthy).await, "{}", app.get("/health").await.1);
}

#[tokio::test]
async fn a_dead_letter_that_cannot_be_written_stops_its_partition_and_no_other() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let refuse = |error| {
        world
            .broker
            .cluster()
            .expect("a cluster")
            .topic_error(DLQ, error)
            .expect("is set")
    };
    refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    let (poison, _) = world.write_poison(Kind::Empty, "A");
    let behind = id_where(|partition| partition == poison.partition);
    world.write_event(&created(&behind));
    let waits = || async {
        paused(&app.get("/stats").await.1, poison.partition)
            .is_some_and(|why| why.contains("dead letters cannot be written"))
    };
    assert!(eventually(waits).await, "{}", app.get("/stats").await.1);
    let elsewhere = id_where(|partition| partition != poison.partition);
    world.write_event(&created(&elsewhere));
    app.await_read(1, 0).await;
    assert_eq!(
        app.details(&behind).await.0,
        404,
        "nothing overtakes a record that was not handled"
    );
    let (_, health) = app.get("/health").await;
    assert!(
        health["reasons"].to_string().contains("dead letters cannot be written"),
        "{health}"
    );

    refuse(RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR);
    app.await_read(3, 1).await;
    assert_eq!(app.details(&behind).await.0, 200);
}

#[tokio::test]
async fn a_dead_letter_producer_with_a_fatal_error_is_replaced() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    for n in 1..=3 {
        // The invalid record itself is written; for the dead letter, the broker reports that it has lost the producer's
        // state.
        let errors = [
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR,
            RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
        ];
        let cluster = world.broker.cluster().expect("a cluster");
        cluster.request_errors(RDKafkaApiKey::Produce, &errors);
        world.write_poison(Kind::Empty, "A");
        app.await_read(n, n).await;
    }
    assert_eq!(world.read(DLQ).len(), 3);
    let metrics = app.text("/metrics").await;
    let replaced = "orderlog_producers_replaced_total{service=\"order-service\"} 3";
    assert!(metrics.contains(replaced), "{metrics}");
}

#[tokio::test]
async fn before_it_has_caught_up_once_nothing_is_claimed_about_any_order() {
    let world = World::without_topics().await;
    let app = world
        .spawn_unready(tempfile::tempdir().expect("a directory"), |_| ())
        .await;
    let starting = |topic: &'static str| {
        let app = &app;
        move || async move { app.get("/health").await.1["reasons"].to_string().contains(topic) }
    };
    assert!(eventually(starting("topic order-events does not exist: check KAFKA_TOPIC")).await);
    for path in [
        "/order-details?orderId=A",
        "/order-details?orderId=A&minVersion=1",
        "/getAllOrderIdsFromTopic?topic=order-events",
    ] {
        let response = app.response(path).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &"1".parse().expect("a value"))
        );
        let problem: Value = response.json().await.expect("JSON");
        assert_eq!(problem["type"], "/problems/not-ready");
    }
    let ready = app.response("/health/ready").await;
    assert_eq!(ready.status(), 503);
    assert_eq!(app.get("/health/live").await.0, 200);
    let (_, stats) = app.get("/stats").await;
    assert_eq!((&stats["partitions"], &stats["lag"]), (&json!([]), &Value::Null));
    assert!(stats["lagUnknownSince"].is_string(), "{stats}");
    for page in ["/dlq/info", "/dlq/messages"] {
        let (_, page) = app.get(page).await;
        assert_eq!((&page["complete"], &page["asOf"]), (&json!(false), &Value::Null));
    }

    world.broker.create_topic(TOPIC, PARTITIONS).expect("a topic");
    assert!(
        eventually(starting("topic order-events-dlq does not exist: check KAFKA_DLQ_TOPIC")).await,
        "{}",
        app.get("/health").await.1
    );
    world.broker.create_topic(DLQ, 1).expect("a topic");
    app.await_ready().await;
    assert_eq!(app.details("A").await.0, 404);
}

#[tokio::test]
async fn a_schema_that_the_registry_refuses_ends_the_service() {
    let world = World::new().await;
    let other = r#"{"type":"record","name":"Other","fields":[{"name":"a","type":"int"}]}"#;
    world.register("refused-value", other).await;
    let refused = |config: &mut order_service::Config| config.pipeline.kafka.topic = "refused".parse().expect("a name");
    world.broker.create_topic("refused", 1).expect("a topic");
    let app = world
        .spawn_unready(tempfile::tempdir().expect("a directory"), refused)
        .await;
    let error = app.end().await.expect_err("refused").to_string();
    assert!(error.contains("rejects v1.avsc for subject refused-value"), "{error}");
}

#[tokio::test]
async fn a_missing_schema_that_must_not_be_registered_ends_the_service() {
    let world = World::new().await;
    world.broker.create_topic("verified", 1).expect("a topic");
    let verified = |config: &mut order_service::Config| {
        config.pipeline.kafka.topic = "verified".parse().expect("a name");
        config.pipeline.registry.schemas = SchemasMode::Verify;
    };
    let app = world
        .spawn_unready(tempfile::tempdir().expect("a directory"), verified)
        .await;
    let error = app.end().await.expect_err("refused").to_string();
    assert!(
        error.contains("verified-value") && error.contains("check-schemas"),
        "{error}"
    );
}

#[tokio::test]
async fn a_broker_outage_is_reported_and_recovered_from() {
    let world = World::new().await;
    world.write_event(&created("A"));
    let app = world.spawn_app().await;
    world.broker.down().expect("down");
    let disconnected = || async { app.get("/health").await.1["kafka"] == "disconnected" };
    assert!(eventually(disconnected).await, "{}", app.get("/health").await.1);
    assert_eq!(
        (app.details("A").await.0, app.get("/health/ready").await.0),
        (StatusCode::OK, StatusCode::OK)
    );
    world.broker.up().expect("up");
    world.write_event(&event("A", 2, OrderStatus::Pending));
    app.await_read(2, 0).await;
}

#[tokio::test]
async fn a_stop_during_a_broker_outage_does_not_hang() {
    let world = World::new().await;
    world.write_event(&created("A"));
    let app = world.spawn_app().await;
    world.broker.down().expect("down");
    let disconnected = || async { app.get("/health").await.1["kafka"] == "disconnected" };
    assert!(eventually(disconnected).await);
    let told = std::time::Instant::now();
    app.stop().await;
    assert!(
        told.elapsed() < std::time::Duration::from_secs(8),
        "{:?}",
        told.elapsed()
    );
}
