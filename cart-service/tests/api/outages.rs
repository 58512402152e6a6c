//! Answers during an outage: 503 if it is certain that nothing was written, 504 if it is not.

use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use reqwest::StatusCode;

use crate::helpers::{TOPIC, World, eventually};

#[tokio::test]
async fn without_a_registry_it_is_not_ready_and_once_there_is_one_it_writes() {
    let mut world = World::new();
    let contents = world.registry_down().await;
    let app = world
        .start_unready(tempfile::tempdir().expect("a directory"), |_| ())
        .await;
    let (status, health) = app.get("/health/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        health["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()),
        "{health}"
    );
    let response = app
        .post("/create-order", serde_json::json!({"orderId": "A-1", "itemsCount": 1}))
        .await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
    world.registry_up(contents);
    app.await_ready().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    app.stop().await;
}

#[tokio::test]
async fn once_its_schema_was_registered_it_starts_and_writes_without_a_registry() {
    let mut world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let store = app.stop().await;
    let contents = world.registry_down().await;
    let app = world.start_unready(store, |_| ()).await;
    app.await_ready().await;
    assert_eq!(app.create_short("A-2").await.0, StatusCode::CREATED);
    assert_eq!(app.update("A-1", "confirmed").await.0, StatusCode::OK);
    let told = || async {
        let reasons = app.get("/health").await.1["reasons"].to_string();
        reasons.contains("SCHEMA_REGISTRY_URL") && reasons.contains("reads and writes continue")
    };
    assert!(eventually(told).await, "{}", app.get("/health").await.1);
    world.registry_up(contents);
    let healthy = || async { app.get("/health").await.1["status"] == "healthy" };
    assert!(eventually(healthy).await, "{}", app.get("/health").await.1);
    app.stop().await;
}

#[tokio::test]
async fn while_the_broker_is_down_nothing_is_accepted_and_afterwards_everything_works() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-0").await.0, StatusCode::CREATED);
    world.broker.down().expect("goes down");
    assert!(eventually(|| async { app.get("/health").await.1["kafka"] == "disconnected" }).await);
    let asked = Instant::now();
    assert_eq!(app.create_short("A-1").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(app.update("A-0", "pending").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "a refusal does not wait for the deadline"
    );
    world.broker.up().expect("comes up");
    app.await_ready().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    app.stop().await;
}

#[tokio::test]
async fn an_event_with_an_unknown_outcome_is_a_504_that_names_it() {
    let world = World::new();
    let app = world.start_with(|config| config.write_deadline_ms = 1000).await;
    assert_eq!(app.create_short("A-0").await.0, StatusCode::CREATED);
    // Right after this, the service still considers the broker connected, so the client library accepts the record, and
    // no acknowledgment arrives.
    world.broker.down().expect("goes down");
    let (status, problem) = app.create_short("A-1").await;
    assert_eq!(status, StatusCode::GATEWAY_TIMEOUT, "{problem}");
    assert_eq!(problem["type"], "/problems/outcome-unknown");
    assert!(
        problem["eventId"].as_str().is_some_and(|id| id.len() == 36),
        "{problem}"
    );
    world.broker.up().expect("comes up");
    app.stop().await;
}

/// A broker reports this error when it has lost its state about a producer; the client library then gives up for good.
/// A real broker cannot easily be made to do that.
#[tokio::test]
async fn a_producer_with_a_fatal_error_is_replaced_before_any_request_is_refused() {
    let world = World::new();
    let app = world.start().await;
    for n in 0..3 {
        assert_eq!(app.create_short(&format!("A-{n}")).await.0, StatusCode::CREATED);
        let lost = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
        let cluster = world.broker.cluster().expect("a cluster");
        cluster.request_errors(RDKafkaApiKey::Produce, &[lost]);
        let asked = Instant::now();
        let (status, problem) = app.create_short(&format!("B-{n}")).await;
        assert_eq!(status, StatusCode::GATEWAY_TIMEOUT, "{problem}");
        assert_eq!(app.create_short(&format!("C-{n}")).await.0, StatusCode::CREATED);
        assert_eq!(app.update(&format!("A-{n}"), "confirmed").await.0, StatusCode::OK);
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    }
    let metrics = app.text("/metrics").await;
    let replaced = "orderlog_producers_replaced_total{service=\"cart-service\"} 3";
    assert!(metrics.contains(replaced), "{metrics}");
    app.stop().await;
}

#[tokio::test]
async fn a_missing_topic_is_reported_and_waited_for() {
    let world = World::new();
    let app = world
        .start_unready(tempfile::tempdir().expect("a directory"), |config| {
            config.pipeline.kafka.topic = "later".parse().expect("a name")
        })
        .await;
    let told = || async {
        app.get("/health").await.1["reasons"]
            .to_string()
            .contains("topic later does not exist")
    };
    assert!(eventually(told).await, "{}", app.get("/health").await.1);
    assert_eq!(app.create_short("A-1").await.0, StatusCode::SERVICE_UNAVAILABLE);
    world.broker.create_topic("later", 3).expect("a topic");
    app.await_ready().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    assert_ne!(TOPIC, "later");
    app.stop().await;
}

#[tokio::test]
async fn a_second_process_on_the_same_store_is_refused_with_advice() {
    let world = World::new();
    let app = world.start().await;
    let config = world.config(app.store.path());
    let error = cart_service::Application::build(
        config,
        orderlog_runtime::telemetry::metrics_recorder(),
        orderlog_runtime::supervisor::Supervisor::default(),
    )
    .await
    .err()
    .expect("the store is locked");
    assert!(error.to_string().contains("in use by another process"), "{error}");
    app.stop().await;
}

#[tokio::test]
async fn a_schema_that_the_registry_refuses_ends_the_service_with_the_reasons() {
    let world = World::new();
    let other = r#"{"type":"record","name":"OrderEvent","namespace":"com.ecommerce.order","fields":[{"name":"eventId","type":"int"}]}"#;
    let subject = format!("{}/subjects/{TOPIC}-value/versions", world.registry_url);
    let posted = reqwest::Client::new()
        .post(subject)
        .json(&serde_json::json!({"schema": other}))
        .send()
        .await
        .expect("an answer");
    assert_eq!(posted.status(), StatusCode::OK);
    let app = world
        .start_unready(tempfile::tempdir().expect("a directory"), |_| ())
        .await;
    let error = app.end().await.expect_err("it cannot go on").to_string();
    for part in ["v1.avsc", "order-events-value", &world.registry_url] {
        assert!(error.contains(part), "{part} in {error}");
    }
}
