//! What is written to an order while it is unresolved, and what becomes of it.

use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::idempotency::{IdempotencyKey, KeyedRequest, RequestHash};
use orderlog_kafka::headers::text_headers;
use reqwest::{Method, StatusCode};
use sandbox::testing::{event, partition_of};
use sandbox::third_party;
use serde_json::{Value, json};

use super::{await_unresolved, hasty, is_about_a_newer_release, newer, updated};
use crate::helpers::{World, answer, eventually};
use crate::others::{neighbour, neighbours, of_the_next_schema, send, send_with};

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
async fn an_instance_that_knows_the_schema_and_one_that_skipped_the_record_continue_with_one_order() {
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
