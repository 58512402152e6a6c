//! What is written to an order while it is unresolved, and what becomes of it.

use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::idempotency::{IdempotencyKey, KeyedRequest, RequestHash};
use orderlog_kafka::headers::text_headers;
use reqwest::StatusCode;
use sandbox::testing::{event, partition_of};
use sandbox::third_party;
use serde_json::{Value, json};

use super::{await_unresolved, hasty, is_about_a_newer_release, newer, updated};
use crate::helpers::{App, World, eventually};
use crate::idempotency;
use crate::others::{append, neighbour, neighbours, of_the_next_schema, send_with};

/// Creates A-1, and then its version 2 with a schema that the registry does not know. Returns that schema and its id.
async fn create_and_confirm_unread(world: &World, app: &App) -> (String, u32) {
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (schema, value) = of_the_next_schema(world, &event("A-1", 2, OrderStatus::Confirmed)).await;
    append(world, "A-1", &value);
    (schema, u32::from_be_bytes([value[1], value[2], value[3], value[4]]))
}

/// The record of an event with our schema.
async fn ours(world: &World, event: &OrderEvent) -> Vec<u8> {
    let schema = orderlog_contract::lineage::newest_text().text;
    let id = world.register("order-events-value", &schema).await;
    let data = serde_json::to_value(event).expect("JSON");
    third_party::value(id, &schema, data).expect("encodes")
}

/// Another instance, which cannot read A-1's version 2 either, writes its own version 2, which gives it that status. The
/// request, under the key "k", was answered with "outcome unknown".
async fn write_elsewhere_under_a_key(world: &World, status: OrderStatus) {
    let body = json!({"orderId": "A-1", "status": status});
    let request = KeyedRequest {
        key: IdempotencyKey::parse(b"k").expect("a key"),
        hash: RequestHash::of("PUT", "/update-order", body.to_string().as_bytes()),
    };
    let late = ours(world, &event("A-1", 2, status)).await;
    let headers = text_headers(request.headers());
    send_with(world, partition_of("A-1"), "A-1", &late, headers);
}

/// Checks that a write was answered with that status, and gave the order that version.
fn assert_written(answer: &(StatusCode, Value), status: StatusCode, version: i32) {
    let (code, body) = answer;
    assert_eq!((*code, &body["order"]["version"]), (status, &json!(version)), "{body}");
}

#[tokio::test]
async fn a_key_is_not_answered_with_an_event_that_turns_out_to_have_lost() {
    let world = World::new();
    let app = world.start_with(|config| config.unknown_schema_grace_ms = 50).await;
    let (schema, _) = create_and_confirm_unread(&world, &app).await;
    write_elsewhere_under_a_key(&world, OrderStatus::Shipped).await;
    // It is read, and counts as applied for now, so later records are read too.
    assert_eq!(app.create_short(&neighbour("A-1")).await.0, StatusCode::CREATED);
    // The schema becomes known: the record before it won.
    world.register("newer-value", &schema).await;
    let known = async || is_about_a_newer_release(&app.update("A-1", "processing").await.1);
    assert!(eventually(known).await);
    let next = ours(&world, &event("A-1", 3, OrderStatus::Processing)).await;
    append(&world, "A-1", &next);
    let again = async || idempotency::update(&app, "k", "A-1", "shipped").await;
    let carried_out = async || again().await.0 == StatusCode::OK;
    assert!(eventually(carried_out).await, "{:?}", again().await);
    let (_, _, replayed) = again().await;
    assert_eq!(
        (&replayed["order"]["version"], &replayed["order"]["status"]),
        (&json!(4), &json!("shipped")),
        "it is carried out now: {replayed}"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_write_after_an_order_was_unresolved_holds_for_readers_that_learn_the_schema_later() {
    let world = World::new();
    let app = hasty(&world).await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let next = world.register("probe-value", r#""string""#).await + 1;
    let schema = third_party::with_a_new_field().expect("a schema");
    let schemas = [schema.replace("fieldOfTomorrow", "fieldAfterThat"), schema];
    let (other, third) = (neighbour("A-1"), neighbours("A-1").nth(1).expect("an id"));
    // This one's schema becomes known in time, and then everything from here on is re-read.
    let early = newer(&schemas[0], next, &third, 1, OrderStatus::New);
    append(&world, &third, &early);
    for (id, version, status) in [
        ("A-1", 2, OrderStatus::Confirmed),
        ("A-1", 3, OrderStatus::Processing),
        (other.as_str(), 1, OrderStatus::Confirmed),
    ] {
        append(&world, id, &newer(&schemas[1], next + 1, id, version, status));
    }
    // Its record is the last of them, so the others are unresolved too.
    await_unresolved(&app, &other).await;

    let written = async || {
        // A later record keeps the third order unresolved.
        append(&world, &third, &early);
        app.update("A-1", "pending").await.0 == StatusCode::OK
    };
    assert!(eventually(written).await, "{:?}", app.update("A-1", "pending").await);
    // Above the versions that the two skipped records may have.
    assert_written(&app.update("A-1", "pending").await, StatusCode::OK, 4);
    let confirmed = app.update("A-1", "confirmed").await;
    assert_written(&confirmed, StatusCode::OK, 5);
    let created = app.create_short(&other).await;
    assert_written(&created, StatusCode::CREATED, 3);
    assert_eq!(app.create_short(&third).await.0, StatusCode::SERVICE_UNAVAILABLE);

    // Now both schemas are known: to a service that has skipped the records, and to one that starts from scratch.
    assert_eq!(world.register("newer-value", &schemas[0]).await, next);
    assert_eq!(world.register("newest-value", &schemas[1]).await, next + 1);
    let read_again = async || app.create_short(&third).await.0 == StatusCode::CONFLICT;
    assert!(eventually(read_again).await, "{:?}", app.create_short(&third).await);
    let fresh = world.start().await;
    for app in [&app, &fresh] {
        for (id, status, (_, written)) in [("A-1", "confirmed", &confirmed), (other.as_str(), "new", &created)] {
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
async fn an_instance_that_knows_the_schema_and_one_that_skipped_the_record_continue_with_the_same_order() {
    let world = World::new();
    let app = hasty(&world).await;
    let (schema, _) = create_and_confirm_unread(&world, &app).await;
    let is_unresolved = async || {
        app.get("/health").await.1["reasons"]
            .to_string()
            .contains("order A-1 is unresolved")
    };
    assert!(eventually(is_unresolved).await);
    assert!(eventually(async || !is_unresolved().await).await);
    // What is known about an order that was unresolved survives a restart.
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
async fn after_an_order_was_unresolved_an_event_makes_an_answer_certain_that_needed_none() {
    let world = World::new();
    let app = hasty(&world).await;
    let other = neighbour("A-1");
    assert_eq!(app.create_short(&other).await.0, StatusCode::CREATED);
    let (schema, next) = create_and_confirm_unread(&world, &app).await;
    let unread = newer(&schema, next, &other, 2, OrderStatus::Confirmed);
    append(&world, &other, &unread);
    write_elsewhere_under_a_key(&world, OrderStatus::Delivered).await;
    await_unresolved(&app, &other).await;

    let again = async || idempotency::update(&app, "k", "A-1", "delivered").await;
    assert!(eventually(async || again().await.0 == StatusCode::OK).await);
    let (status, replayed, first) = again().await;
    assert!(replayed, "{first}");
    assert_written(&(status, first.clone()), StatusCode::OK, 2);
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
        assert_written(&fresh.update(id, status).await, StatusCode::OK, 4);
    }
    assert_eq!(world.record_count(), before);
    app.stop().await;
    fresh.stop().await;
}
