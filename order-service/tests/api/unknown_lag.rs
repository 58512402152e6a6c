//! What is shown about the log while its length is unknown.

use serde_json::{Value, json};

use crate::helpers::{App, World, created, eventually, partition_of};

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

/// Waits until `/metrics` has those samples: other tests of this process set the same gauges.
async fn shows(app: &App, samples: &[&str]) {
    let all = || async {
        let metrics = app.text("/metrics").await;
        samples.iter().all(|sample| metrics.contains(&format!("{sample}\n")))
    };
    assert!(eventually(all).await, "{samples:?} in {}", app.text("/metrics").await);
}
