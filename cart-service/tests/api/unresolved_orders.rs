//! Orders that cart-service must not overwrite: written by a newer release, or with a record that could not be read.

use std::time::Duration;

use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::idempotency::{IdempotencyKey, KeyedRequest, RequestHash};
use orderlog_kafka::headers::text_headers;
use rdkafka::message::{Header, OwnedHeaders};
use reqwest::{Method, StatusCode};
use sandbox::third_party;
use serde_json::{Value, json};

use crate::helpers::{App, World, answer, eventually};
use crate::others::{neighbour, neighbours, of_the_next_schema, send, send_with, write};
use sandbox::testing::{event, partition_of};

fn is_about_a_newer_release(problem: &Value) -> bool {
    let detail = problem["detail"].as_str();
    detail.is_some_and(|why| why.contains("newer release"))
}

/// Waits until an update is answered with that, and returns the answer.
async fn updated(app: &App, order_id: &str, status: &str, wanted: StatusCode) -> Value {
    assert!(
        eventually(|| async { app.update(order_id, status).await.0 == wanted }).await,
        "{:?}",
        app.update(order_id, status).await
    );
    app.update(order_id, status).await.1
}

#[tokio::test]
async fn an_order_that_a_newer_release_wrote_with_fields_of_its_own_is_not_written_over() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let newer = third_party::with_a_new_field().expect("a schema");
    let id = world.register("newer-value", &newer).await;
    let mut data = serde_json::to_value(event("A-1", 2, OrderStatus::Confirmed)).expect("JSON");
    data["order"]["fieldOfTomorrow"] = json!("for you");
    write(&world, id, &newer, "A-1", data);
    let problem = updated(&app, "A-1", "processing", StatusCode::SERVICE_UNAVAILABLE).await;
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|why| why.contains("newer release")),
        "{problem}"
    );
    // A restart preserves it.
    let app = world.start_unready(app.stop().await, |_| ()).await;
    app.await_ready().await;
    assert_eq!(app.update("A-1", "processing").await.0, StatusCode::SERVICE_UNAVAILABLE);
    // A client that knows the fields continues; an event without them can be overwritten again.
    let last = serde_json::to_value(event("A-1", 3, OrderStatus::Processing)).expect("JSON");
    let ours = orderlog_contract::lineage::newest_text().text;
    let ours_id = world.register("order-events-value", &ours).await;
    write(&world, ours_id, &ours, "A-1", last);
    let body = updated(&app, "A-1", "shipped", StatusCode::OK).await;
    assert_eq!(body["order"]["version"], 4);
    app.stop().await;
}

#[tokio::test]
async fn an_order_whose_status_a_newer_schema_brought_is_not_written_over() {
    let world = World::new();
    let app = world.start().await;
    let mut schema = third_party::newest().expect("a schema");
    let fields = third_party::fields(&mut schema, &["order"]).expect("fields");
    let status = fields
        .iter_mut()
        .find(|field| field["name"] == "status")
        .expect("status");
    status["type"]["symbols"]
        .as_array_mut()
        .expect("symbols")
        .push(json!("returned"));
    let schema = schema.to_string();
    let id = world.register("newer-value", &schema).await;
    let mut data = serde_json::to_value(event("A-1", 1, OrderStatus::New)).expect("JSON");
    data["order"]["status"] = json!("returned");
    write(&world, id, &schema, "A-1", data);
    updated(&app, "A-1", "confirmed", StatusCode::SERVICE_UNAVAILABLE).await;
    app.stop().await;
}

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
        health["reasons"].to_string().contains("1 order is read-only"),
        "{health}"
    );
    // Other orders, also of the same partition, are resolved.
    assert_eq!(app.create_short(&neighbour("A-1")).await.0, StatusCode::CREATED);
    // A restart preserves the unresolved order.
    let app = world
        .start_unready(app.stop().await, |config| config.unknown_schema_grace_ms = 50)
        .await;
    app.await_ready().await;
    assert_eq!(app.update("A-1", "pending").await.0, StatusCode::SERVICE_UNAVAILABLE);

    assert_eq!(world.register("newer-value", &schema).await, newest + 1);
    // Now the record is read: it is the version 2 that won, and holds a field that this release lacks.
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
async fn a_partition_that_is_read_again_for_one_order_loses_no_key_of_another() {
    let world = World::new();
    let app = world.start_with(|config| config.unknown_schema_grace_ms = 50).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    send(&world, partition_of("A-1"), "A-1", &value);
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
    // The partition is read again from the record on, so the other order's records follow what they led to.
    world.register("newer-value", &schema).await;
    let read = async || is_about_a_newer_release(&app.update("A-1", "processing").await.1);
    assert!(eventually(read).await, "{:?}", app.update("A-1", "processing").await);
    for key in ["create", "update"] {
        assert_eq!(send(key).await, (StatusCode::OK, true), "{key}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_record_in_another_partition_than_its_key_s_is_no_record_of_the_order() {
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
    send(&world, partition_of(&neighbour), &neighbour, &value);
    updated(&app, &neighbour, "confirmed", StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(app.update("A-1", "pending").await.0, StatusCode::OK);
    world.register("newer-value", &schema).await;
    // Read again, it is what it always was: a record whose key is not its order's.
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
async fn a_write_behind_a_record_that_is_passed_over_is_not_said_to_have_won() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    send(&world, partition_of("A-1"), "A-1", &value);
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
async fn an_order_is_not_forgotten_for_a_record_that_retention_has_deleted() {
    let world = World::new();
    let app = world.start_with(|config| config.unknown_schema_grace_ms = 50).await;
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    send(&world, partition_of("A-1"), "A-1", &value);
    let passed_over = || async {
        let reasons = app.get("/health").await.1["reasons"].to_string();
        reasons.contains("1 order is read-only")
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
async fn a_key_whose_event_lost_after_all_is_not_answered_with_it() {
    let world = World::new();
    let app = world.start_with(|config| config.unknown_schema_grace_ms = 50).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    send(&world, partition_of("A-1"), "A-1", &value);
    // Another instance, which cannot read it either, carries out a request under a key, without being certain.
    let body = json!({"orderId": "A-1", "status": "shipped"});
    let request = KeyedRequest {
        key: IdempotencyKey::parse(b"k").expect("a key"),
        hash: RequestHash::of("PUT", "/update-order", body.to_string().as_bytes()),
    };
    let ours = orderlog_contract::lineage::newest_text().text;
    let ours_id = world.register("order-events-value", &ours).await;
    let ours = |event: &OrderEvent| {
        let data = serde_json::to_value(event).expect("JSON");
        third_party::value(ours_id, &ours, data).expect("encodes")
    };
    let late = ours(&event("A-1", 2, OrderStatus::Shipped));
    send_with(
        &world,
        partition_of("A-1"),
        "A-1",
        &late,
        text_headers(request.headers()),
    );
    // It is read, and counts as applied for now, so that later records are read too.
    assert_eq!(app.create_short(&neighbour("A-1")).await.0, StatusCode::CREATED);
    // The schema becomes known after all: the record before it won.
    world.register("newer-value", &schema).await;
    let known = async || is_about_a_newer_release(&app.update("A-1", "processing").await.1);
    assert!(eventually(known).await);
    send(
        &world,
        partition_of("A-1"),
        "A-1",
        &ours(&event("A-1", 3, OrderStatus::Processing)),
    );
    let again = async || {
        app.send(Method::PUT, "/update-order", &[("Idempotency-Key", "k")], &body)
            .await
    };
    let carried_out = async || again().await.status() == StatusCode::OK;
    assert!(eventually(carried_out).await, "{:?}", again().await);
    let replayed: Value = again().await.json().await.expect("JSON");
    assert_eq!(
        (&replayed["order"]["version"], &replayed["order"]["status"]),
        (&json!(4), &json!("shipped")),
        "it is carried out now: {replayed}"
    );
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
    // An id of eight bytes, and two that no registry hands out.
    for head in [
        &[0, 0, 0, 0, 0, 0, 0, 0, 7][..],
        &[0, 0, 0, 0, 0],
        &[0, 0xff, 0xff, 0xff, 0xff],
    ] {
        send(&world, partition_of("A-1"), "A-1", &[head, &datum].concat());
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

/// A service that gives up soon on unresolved orders: at the next check.
async fn hasty(world: &World) -> App {
    let hasty = |config: &mut cart_service::Config| {
        config.unknown_schema_grace_ms = 50;
        config.unresolved_for = Duration::from_secs(2);
    };
    world.start_with(hasty).await
}

/// Waits until an order is unresolved, and not only its partition paused.
async fn await_unresolved(app: &App, order_id: &str) {
    let is_unresolved = async || {
        let detail = app.update(order_id, "new").await.1["detail"].to_string();
        detail.contains("a record of this order")
    };
    assert!(
        eventually(is_unresolved).await,
        "{:?}",
        app.update(order_id, "new").await
    );
}

/// An update of an order to that status by a newer release.
fn newer(schema: &str, schema_id: u32, order_id: &str, version: i32, status: OrderStatus) -> Vec<u8> {
    let data = serde_json::to_value(event(order_id, version, status)).expect("JSON");
    third_party::value(schema_id, schema, data).expect("encodes")
}

#[tokio::test]
async fn what_is_written_after_an_order_was_unresolved_holds_for_those_who_learn_the_schema_later() {
    let world = World::new();
    let app = hasty(&world).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let next = world.register("probe-value", r#""string""#).await + 1;
    let schema = third_party::with_a_new_field().expect("a schema");
    let schemas = [schema.replace("fieldOfTomorrow", "fieldAfterThat"), schema];
    let (other, third) = (neighbour("A-1"), neighbours("A-1").nth(1).expect("an id"));
    // This one's schema becomes known in time, and then everything from here on is read again.
    let early = newer(&schemas[0], next, &third, 1, OrderStatus::New);
    send(&world, partition_of("A-1"), &third, &early);
    for (id, version, status) in [
        ("A-1", 2, OrderStatus::Confirmed),
        ("A-1", 3, OrderStatus::Processing),
        (other.as_str(), 1, OrderStatus::Confirmed),
    ] {
        send(
            &world,
            partition_of("A-1"),
            id,
            &newer(&schemas[1], next + 1, id, version, status),
        );
    }
    // The last of them, so the others are unresolved too.
    await_unresolved(&app, &other).await;

    let written = async || {
        // A later record keeps the third order unresolved.
        send(&world, partition_of("A-1"), &third, &early);
        app.update("A-1", "pending").await.0 == StatusCode::OK
    };
    assert!(eventually(written).await, "{:?}", app.update("A-1", "pending").await);
    let (_, body) = app.update("A-1", "pending").await;
    assert_eq!(body["order"]["version"], 4, "above what the two may have made: {body}");
    let (status, confirmed) = app.update("A-1", "confirmed").await;
    assert_eq!(
        (status, &confirmed["order"]["version"]),
        (StatusCode::OK, &json!(5)),
        "{confirmed}"
    );
    let (status, created) = app.create_short(&other).await;
    assert_eq!(
        (status, &created["order"]["version"]),
        (StatusCode::CREATED, &json!(3)),
        "{created}"
    );
    assert_eq!(app.create_short(&third).await.0, StatusCode::SERVICE_UNAVAILABLE);

    // Now both schemas are known: to a service that has skipped the records, and to one that starts from scratch.
    assert_eq!(world.register("newer-value", &schemas[0]).await, next);
    assert_eq!(world.register("newest-value", &schemas[1]).await, next + 1);
    let read_again = async || app.create_short(&third).await.0 == StatusCode::CONFLICT;
    assert!(eventually(read_again).await, "{:?}", app.create_short(&third).await);
    let fresh = world.start().await;
    for app in [&app, &fresh] {
        for (id, status, written) in [("A-1", "confirmed", &confirmed), (other.as_str(), "new", &created)] {
            // It may be unresolved once more, until the service notices that this schema is known as well.
            let same = updated(app, id, status, StatusCode::OK).await;
            assert_eq!(
                (&same["eventId"], &same["order"]),
                (&written["eventId"], &written["order"]),
                "{same}"
            );
        }
    }
    app.stop().await;
    fresh.stop().await;
}

#[tokio::test]
async fn an_instance_that_knows_the_schema_and_one_that_has_passed_the_record_over_go_on_with_one_order() {
    let world = World::new();
    let app = hasty(&world).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    send(&world, partition_of("A-1"), "A-1", &value);
    let is_unresolved = async || {
        app.get("/health").await.1["reasons"]
            .to_string()
            .contains("read-only for now")
    };
    assert!(eventually(is_unresolved).await);
    assert!(eventually(async || !is_unresolved().await).await);
    // The results of an unresolved order survive a restart.
    let app = world.start_unready(app.stop().await, |_| ()).await;
    app.await_ready().await;
    world.register("newer-value", &schema).await;
    let knows = world.start().await;
    assert!(is_about_a_newer_release(&knows.update("A-1", "processing").await.1));
    for (app, status, version) in [
        (&app, "pending", 3),
        (&knows, "confirmed", 4),
        (&app, "processing", 5),
        (&knows, "shipped", 6),
    ] {
        let body = updated(app, "A-1", status, StatusCode::OK).await;
        assert_eq!(body["order"]["version"], version, "{status}: {body}");
    }
    app.stop().await;
    knows.stop().await;
}

#[tokio::test]
async fn an_answer_without_an_event_is_made_certain_by_one_after_an_order_was_unresolved() {
    let world = World::new();
    let app = hasty(&world).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let other = neighbour("A-1");
    assert_eq!(app.create_short(&other).await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(&world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    send(&world, partition_of("A-1"), "A-1", &value);
    let next = u32::from_be_bytes([value[1], value[2], value[3], value[4]]);
    send(
        &world,
        partition_of("A-1"),
        &other,
        &newer(&schema, next, &other, 2, OrderStatus::Confirmed),
    );
    // It is followed by the event of a request that was answered "unknown".
    let body = json!({"orderId": "A-1", "status": "delivered"});
    let request = KeyedRequest {
        key: IdempotencyKey::parse(b"k").expect("a key"),
        hash: RequestHash::of("PUT", "/update-order", body.to_string().as_bytes()),
    };
    let ours = orderlog_contract::lineage::newest_text().text;
    let ours_id = world.register("order-events-value", &ours).await;
    let late = serde_json::to_value(event("A-1", 2, OrderStatus::Delivered)).expect("JSON");
    let late = third_party::value(ours_id, &ours, late).expect("encodes");
    send_with(
        &world,
        partition_of("A-1"),
        "A-1",
        &late,
        text_headers(request.headers()),
    );
    await_unresolved(&app, &other).await;

    let again = async || {
        let sent = app.send(Method::PUT, "/update-order", &[("Idempotency-Key", "k")], &body);
        let response = sent.await;
        let replayed = response.headers().contains_key("Idempotency-Replayed");
        let (status, body) = answer(response).await;
        (status, replayed, body)
    };
    assert!(eventually(async || again().await.0 == StatusCode::OK).await);
    let (_, replayed, first) = again().await;
    assert_eq!((replayed, &first["order"]["version"]), (true, &json!(2)), "{first}");
    let (status, same) = app.update(&other, "new").await;
    assert_eq!(status, StatusCode::OK, "{same}");
    let before = world.record_count();
    assert_eq!(again().await, (StatusCode::OK, true, first), "once is enough");
    assert_eq!(app.update(&other, "new").await, (StatusCode::OK, same));
    assert_eq!(world.record_count(), before);

    // For an instance that can read the records before them, the answers are valid too.
    world.register("newer-value", &schema).await;
    let fresh = world.start().await;
    for (id, status) in [("A-1", "delivered"), (other.as_str(), "new")] {
        let (code, body) = fresh.update(id, status).await;
        assert_eq!((code, &body["order"]["version"]), (StatusCode::OK, &json!(4)), "{body}");
    }
    assert_eq!(world.record_count(), before);
    app.stop().await;
    fresh.stop().await;
}
