//! What is shown about the log while its length is unknown, or nothing is read.

use orderlog_contract::event::OrderStatus;
use rdkafka::types::RDKafkaRespErr;
use sandbox::poison::Kind;
use sandbox::testing::contents_of_others;
use serde_json::{Value, json};

use crate::helpers::{App, DLQ, TOPIC, World, await_suspended, created, event, eventually, partition_of};

#[tokio::test]
async fn the_lag_is_unknown_while_the_broker_is_away_and_known_once_it_is_back() {
    let world = World::new().await;
    world.write_event(&created("A"));
    let app = world.spawn_app().await;
    app.await_read(1, 0).await;
    let known = || async {
        let (_, stats) = app.get("/stats").await;
        let (_, dlq) = app.get("/dlq/messages").await;
        (&stats["lag"], &stats["lagUnknownSince"], &dlq["complete"]) == (&json!(0), &Value::Null, &json!(true))
    };
    assert!(eventually(known).await, "{}", app.get("/stats").await.1);
    let here = partition_of("A");
    let lag = format!("orderlog_lag_records{{service=\"order-service\",partition=\"{here}\"}}");
    shows(&app, &[&format!("{lag} 0")]).await;

    world.broker.down().expect("goes down");
    let unknown = || async {
        let (_, stats) = app.get("/stats").await;
        let (_, dlq) = app.get("/dlq/info").await;
        stats["lag"].is_null() && stats["partitions"][here as usize]["lag"].is_null() && dlq["complete"] == false
    };
    assert!(eventually(unknown).await, "{}", app.get("/stats").await.1);
    let (_, stats) = app.get("/stats").await;
    let partition = &stats["partitions"][here as usize];
    assert_eq!(partition["end"], 1, "the last known");
    for since in [&stats["lagUnknownSince"], &partition["lagUnknownSince"]] {
        assert!(since.is_string(), "{stats}");
    }
    assert!(
        app.get("/dlq/info").await.1["asOf"].is_string(),
        "it was complete before"
    );
    let disconnected = "orderlog_kafka_connected{service=\"order-service\"} 0";
    let ready = "orderlog_ready{service=\"order-service\"} 1";
    shows(&app, &[&format!("{lag} NaN"), disconnected, ready]).await;

    world.broker.up().expect("comes up");
    assert!(eventually(known).await, "{}", app.get("/stats").await.1);
    let connected = "orderlog_kafka_connected{service=\"order-service\"} 1";
    shows(&app, &[&format!("{lag} 0"), connected]).await;
}

#[tokio::test]
async fn the_lag_grows_while_consumption_is_suspended() {
    let mut world = World::new().await;
    let app = world.spawn_watchful().await;
    world.write_event(&created("A"));
    app.await_read(1, 0).await;
    let here = partition_of("A") as usize;
    let lag = || async { app.get("/stats").await.1["partitions"][here]["lag"].clone() };
    assert!(
        eventually(|| async { lag().await == 0 }).await,
        "{}",
        app.get("/stats").await.1
    );
    let right = world.swap_registry(contents_of_others().await).await;
    await_suspended(&app).await;
    for version in 2..=4 {
        world.write_event(&event("A", version, OrderStatus::Pending));
    }
    assert!(
        eventually(|| async { lag().await == 3 }).await,
        "{}",
        app.get("/stats").await.1
    );
    let sample = format!("orderlog_lag_records{{service=\"order-service\",partition=\"{here}\"}} 3");
    shows(&app, &[&sample]).await;
    world.swap_registry(right).await;
    app.await_read(4, 0).await;
    assert!(
        eventually(|| async { lag().await == 0 }).await,
        "{}",
        app.get("/stats").await.1
    );
}

#[tokio::test]
async fn while_the_topic_is_missing_no_partition_is_read_and_dead_letters_still_are() {
    let world = World::new().await;
    world.write_poison(Kind::Empty, "A");
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    let answer = |error| {
        let cluster = world.broker.cluster().expect("a cluster");
        cluster.topic_error(TOPIC, error).expect("is set");
    };
    answer(RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    app.await_reason("although records were read from it").await;
    let (_, stats) = app.get("/stats").await;
    let paused = &stats["partitions"][0]["paused"];
    assert!(paused.as_str().is_some_and(|why| why.contains("is missing")), "{stats}");
    shows(
        &app,
        &["orderlog_partition_paused{service=\"order-service\",partition=\"0\"} 1"],
    )
    .await;
    // Of another instance, or another program.
    world.write_with(DLQ, 0, None, Some(b"foreign"), &[]);
    let indexed = || async {
        let (_, info) = app.get("/dlq/info").await;
        info["count"] == 2 && info["complete"] == true
    };
    assert!(eventually(indexed).await, "{}", app.get("/dlq/info").await.1);
    answer(RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR);
    world.write_event(&created("A"));
    app.await_read(2, 2).await;
}

#[tokio::test]
async fn a_service_that_is_restarted_on_another_topic_shows_that_none_of_its_partitions_is_read() {
    let mut world = World::new().await;
    // As many orders as no other test of this process has, whose services set the same gauges.
    let ids: Vec<String> = (0..41).map(|n| format!("A-{n}")).collect();
    ids.iter().for_each(|id| world.write_event(&created(id)));
    let app = world.spawn_app().await;
    app.await_read(41, 0).await;
    let store = app.stop().await;
    // Of the same name, and empty.
    world = World::new().await;
    let app = world.spawn_unready(store, |_| ()).await;
    let reason = "is not the topic that the store was built from";
    app.await_reason(reason).await;
    let here = partition_of(&ids[0]);
    let of_partition = |metric, value| format!("{metric}{{service=\"order-service\",partition=\"{here}\"}} {value}");
    shows(
        &app,
        &[
            &of_partition("orderlog_partition_paused", "1"),
            &of_partition("orderlog_lag_records", "NaN"),
            &of_partition("orderlog_open_transaction_seconds", "0"),
            "orderlog_orders{service=\"order-service\"} 41",
        ],
    )
    .await;
    let (_, stats) = app.get("/stats").await;
    let partition = &stats["partitions"][here as usize];
    assert!(partition["lag"].is_null(), "{stats}");
    let paused = partition["paused"].as_str().expect("a reason");
    assert!(paused.contains(reason), "{stats}");
}

#[tokio::test]
async fn a_service_that_never_reached_a_broker_shows_the_partitions_and_the_orders_of_its_store() {
    let world = World::new().await;
    let ids: Vec<String> = (0..43).map(|n| format!("A-{n}")).collect();
    ids.iter().for_each(|id| world.write_event(&created(id)));
    let app = world.spawn_app().await;
    app.await_read(43, 0).await;
    let store = app.stop().await;
    world.broker.down().expect("goes down");
    let app = world.spawn_unready(store, |_| ()).await;
    let here = partition_of(&ids[0]);
    let of_partition = |metric, value| format!("{metric}{{service=\"order-service\",partition=\"{here}\"}} {value}");
    shows(
        &app,
        &[
            &of_partition("orderlog_partition_paused", "1"),
            &of_partition("orderlog_lag_records", "NaN"),
            "orderlog_orders{service=\"order-service\"} 43",
        ],
    )
    .await;
    // It is the same moment in each response, and of each partition.
    let since = async || {
        let (_, stats) = app.get("/stats").await;
        let partitions = stats["partitions"].as_array().expect("partitions");
        let mut moments: Vec<Value> = partitions.iter().map(|one| one["lagUnknownSince"].clone()).collect();
        moments.push(stats["lagUnknownSince"].clone());
        moments.dedup();
        moments
    };
    let first = since().await;
    assert!(first.len() == 1 && first[0].is_string(), "{first:?}");
    for _ in 0..50 {
        assert_eq!(since().await, first);
    }
}

/// Waits until `/metrics` has those samples: other tests of this process set the same gauges.
async fn shows(app: &App, samples: &[&str]) {
    let all = || async {
        let metrics = app.text("/metrics").await;
        samples.iter().all(|sample| metrics.contains(&format!("{sample}\n")))
    };
    assert!(eventually(all).await, "{samples:?} in {}", app.text("/metrics").await);
}
