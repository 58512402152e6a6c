//! Orders with a record whose schema is unknown, until it is known.

use orderlog_contract::event::OrderStatus;
use rdkafka::message::{Header, OwnedHeaders};
use reqwest::{Method, StatusCode};
use sandbox::testing::{event, partition_of};
use sandbox::third_party;
use serde_json::json;

use super::{is_about_a_newer_release, updated};
use crate::helpers::{World, eventually};
use crate::others::{append, neighbour, of_the_next_schema, send, send_with, write};

#[tokio::test]
async fn an_order_with_a_record_of_an_unknown_schema_is_unresolved_until_the_schema_is_known() {
    let world = World::new();
    let app = world.start_with(|config| config.unknown_schema_grace_ms = 50).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    // Ids are consecutive: the next schema to be registered gets this one.
    let newest = world.register("probe-value", r#""string""#).await;
    let schema = third_party::with_a_new_field().expect("a schema");
    let data = serde_json::to_value(event("A-1", 2, OrderStatus::Confirmed)).expect("JSON");
    write(&world, newest + 1, &schema, "A-1", data);
    // Another producer writes version 2 as well, and loses: the event that cannot be read yet came first.
    let late = serde_json::to_value(event("A-1", 2, OrderStatus::Pending)).expect("JSON");
    let ours = orderlog_contract::lineage::newest_text().text;
    let ours_id = world.register("order-events-value", &ours).await;
    write(&world, ours_id, &ours, "A-1", late);

    let problem = updated(&app, "A-1", "pending", StatusCode::SERVICE_UNAVAILABLE).await;
    let expected = format!("does not know schema id {}", newest + 1);
    assert!(
        problem["detail"].as_str().is_some_and(|why| why.contains(&expected)),
        "{problem}"
    );
    assert_eq!(app.create_short("A-1").await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (_, health) = app.get("/health").await;
    assert!(
        health["reasons"].to_string().contains("order A-1 is unresolved"),
        "{health}"
    );
    // Other orders can be written, even in the same partition.
    assert_eq!(app.create_short(&neighbour("A-1")).await.0, StatusCode::CREATED);
    // A restart preserves the unresolved order.
    let app = world
        .start_unready(app.stop().await, |config| config.unknown_schema_grace_ms = 50)
        .await;
    app.await_ready().await;
    assert_eq!(app.update("A-1", "pending").await.0, StatusCode::SERVICE_UNAVAILABLE);

    assert_eq!(world.register("newer-value", &schema).await, newest + 1);
    // Now the record is read: it is the version 2 that won, and has a field that this release lacks.
    let newer = || async {
        let (_, problem) = app.update("A-1", "processing").await;
        problem["detail"]
            .as_str()
            .is_some_and(|why| why.contains("newer release"))
    };
    assert!(eventually(newer).await, "{:?}", app.update("A-1", "processing").await);
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CONFLICT);
    let (status, body) = app.update(&neighbour("A-1"), "confirmed").await;
    assert_eq!(
        (status, &body["order"]["version"]),
        (StatusCode::OK, &json!(2)),
        "{body}"
    );
    app.stop().await;
}

#[tokio::test]
async fn re_reading_a_partition_for_one_order_loses_no_other_orders_keys() {
    let world = World::new();
    let app = world.start_with(|config| config.unknown_schema_grace_ms = 50).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    append(&world, "A-1", &value);
    let other = neighbour("A-1");
    let create = json!({"orderId": other, "itemsCount": 2});
    let update = json!({"orderId": other, "status": "confirmed"});
    let send = async |key: &str| {
        let (method, path, body) = match key {
            "create" => (Method::POST, "/create-order", &create),
            _ => (Method::PUT, "/update-order", &update),
        };
        let answer = app.send(method, path, &[("Idempotency-Key", key)], body).await;
        let replayed = answer.headers().contains_key("Idempotency-Replayed");
        (answer.status(), replayed)
    };
    assert_eq!(send("create").await, (StatusCode::CREATED, false));
    assert_eq!(send("update").await, (StatusCode::OK, false));
    assert_eq!(app.update(&other, "shipped").await.0, StatusCode::OK);
    // The partition is re-read from that record on, so the other order's records come after the state that they led to.
    world.register("newer-value", &schema).await;
    let read = async || is_about_a_newer_release(&app.update("A-1", "processing").await.1);
    assert!(eventually(read).await, "{:?}", app.update("A-1", "processing").await);
    for key in ["create", "update"] {
        assert_eq!(send(key).await, (StatusCode::OK, true), "{key}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_record_outside_its_keys_partition_does_not_belong_to_the_order() {
    let world = World::new();
    let app = world.start_with(|config| config.unknown_schema_grace_ms = 50).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    send(&world, (partition_of("A-1") + 1) % 6, "A-1", &value);
    // In the same partition, so it was skipped when this one became unresolved.
    let neighbour = (0..)
        .map(|n| format!("B-{n}"))
        .find(|id| partition_of(id) == (partition_of("A-1") + 1) % 6);
    let neighbour = neighbour.expect("an id");
    append(&world, &neighbour, &value);
    updated(&app, &neighbour, "confirmed", StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(app.update("A-1", "pending").await.0, StatusCode::OK);
    world.register("newer-value", &schema).await;
    // Re-read, it is what it always was: a record whose key is not its order's id.
    updated(&app, &neighbour, "confirmed", StatusCode::NOT_FOUND).await;
    let (status, body) = app.update("A-1", "confirmed").await;
    assert_eq!(
        (status, &body["order"]["version"]),
        (StatusCode::OK, &json!(3)),
        "{body}"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_write_after_a_skipped_record_is_not_reported_as_applied() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    append(&world, "A-1", &value);
    // Within the grace period the order is not unresolved yet, so the event is written, after that record.
    let (status, problem) = app.update("A-1", "pending").await;
    assert!(
        [StatusCode::GATEWAY_TIMEOUT, StatusCode::SERVICE_UNAVAILABLE].contains(&status),
        "{problem}"
    );
    world.register("newer-value", &schema).await;
    let newer = || async { is_about_a_newer_release(&app.update("A-1", "processing").await.1) };
    assert!(eventually(newer).await, "the first one won");
    app.stop().await;
}

#[tokio::test]
async fn an_order_is_not_forgotten_because_of_a_record_that_retention_has_deleted() {
    let world = World::new();
    let app = world.start_with(|config| config.unknown_schema_grace_ms = 50).await;
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    append(&world, "A-1", &value);
    let passed_over = || async {
        let reasons = app.get("/health").await.1["reasons"].to_string();
        reasons.contains("order A-1 is unresolved")
    };
    assert!(eventually(passed_over).await, "{}", app.get("/health").await.1);
    let ours = orderlog_contract::lineage::newest_text().text;
    let ours_id = world.register("order-events-value", &ours).await;
    let third = serde_json::to_value(event("A-1", 3, OrderStatus::Confirmed)).expect("JSON");
    write(&world, ours_id, &ours, "A-1", third);
    // The mock broker keeps 5 MiB per partition. The records after it are read before it is dropped.
    let long = [&orderlog_contract::frame::header(ours_id)[..], &vec![9; 900_000]].concat();
    for n in 2..16 {
        send(&world, partition_of("A-1"), "x", &long);
        let read = || async {
            let metrics = app.text("/metrics").await;
            let skipped = format!(
                "orderlog_unusable_records_total{{service=\"cart-service\",code=\"undecodable\"}} {}",
                n - 1
            );
            metrics.contains(&skipped)
        };
        assert!(eventually(read).await, "{}", app.text("/metrics").await);
    }
    world.register("newer-value", &schema).await;
    let body = updated(&app, "A-1", "processing", StatusCode::OK).await;
    assert_eq!(body["order"]["version"], 4, "{body}");
    app.stop().await;
}

#[tokio::test]
async fn a_record_with_an_impossible_schema_id_makes_no_order_unresolved_and_delays_nothing() {
    let world = World::new();
    let app = world
        .start_with(|config| config.unknown_schema_grace_ms = 600_000)
        .await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let next = event("A-1", 2, OrderStatus::Confirmed);
    let datum = orderlog_contract::encode::record_value(7, &next).expect("encodes")[5..].to_vec();
    // A schema id of eight bytes, and two that no registry assigns.
    for head in [
        &[0, 0, 0, 0, 0, 0, 0, 0, 7][..],
        &[0, 0, 0, 0, 0],
        &[0, 0xff, 0xff, 0xff, 0xff],
    ] {
        append(&world, "A-1", &[head, &datum].concat());
    }
    // A truncated header names no id either.
    let guid = [1; 16];
    let named = OwnedHeaders::new().insert(Header {
        key: orderlog_contract::frame::SCHEMA_ID_HEADER,
        value: Some(&guid),
    });
    send_with(&world, partition_of("A-1"), "A-1", &datum, named);
    let body = updated(&app, "A-1", "confirmed", StatusCode::OK).await;
    assert_eq!(body["order"]["version"], 2);
    app.stop().await;
}
