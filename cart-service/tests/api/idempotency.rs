//! Repeated requests: under a key they are carried out once, and under `If-Match` not at all if the order has changed.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::helpers::{App, World, eventually, fields};
use crate::others::{copy_records, neighbour};

/// The parts of an answer that a repeat must return unchanged.
const SAME: [&str; 6] = ["message", "orderId", "order", "eventId", "partition", "offset"];

/// Status, whether the answer is marked as replayed, and body.
type Answer = (StatusCode, bool, Value);

async fn send(app: &App, key: &str, method: Method, path: &str, body: &Value) -> Answer {
    let answer = app.send(method, path, &[("Idempotency-Key", key)], body).await;
    let replayed = answer
        .headers()
        .get("Idempotency-Replayed")
        .is_some_and(|value| value == "true");
    (answer.status(), replayed, answer.json().await.expect("JSON"))
}

async fn create(app: &App, key: &str, order_id: &str) -> Answer {
    let body = json!({"orderId": order_id, "itemsCount": 2});
    send(app, key, Method::POST, "/create-order", &body).await
}

pub async fn update(app: &App, key: &str, order_id: &str, status: &str) -> Answer {
    let body = json!({"orderId": order_id, "status": status});
    send(app, key, Method::PUT, "/update-order", &body).await
}

/// Checks that a request was carried out now, with that status, and returns the answer's body.
fn carried_out((status, replayed, body): Answer, expected: StatusCode) -> Value {
    assert_eq!((status, replayed), (expected, false), "{body}");
    body
}

fn assert_same(first: &Value, again: &Value) {
    for member in SAME {
        assert_eq!(first[member], again[member], "{member}");
    }
}

/// Checks that an answer is the first one again.
fn assert_replayed(first: &Value, (status, replayed, again): Answer) {
    assert_eq!((status, replayed), (StatusCode::OK, true), "{again}");
    assert_same(first, &again);
}

/// Checks that both requests, the create under k-1 and the update under k-2, get their first answers again.
async fn assert_both_replayed(apps: [&App; 2], created: &Value, updated: &Value) {
    for app in apps {
        assert_replayed(created, create(app, "k-1", "A-1").await);
        assert_replayed(updated, update(app, "k-2", "A-1", "confirmed").await);
    }
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_even_from_another_replica_and_after_later_events() {
    let world = World::new();
    let (one, two) = tokio::join!(world.start(), world.start());
    let created = carried_out(create(&one, "k-1", "A-1").await, StatusCode::CREATED);
    let updated = carried_out(update(&one, "k-2", "A-1", "confirmed").await, StatusCode::OK);
    // After this the update's transition is no longer legal, but it was carried out before.
    assert_eq!(one.update("A-1", "delivered").await.0, StatusCode::OK);
    assert_both_replayed([&one, &two], &created, &updated).await;
    assert_eq!(world.record_count(), 3, "no request wrote a second event");
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_known_key_is_answered_even_if_nothing_can_be_written_and_a_503_covers_only_its_attempt() {
    let world = World::new();
    let app = world.start().await;
    let (_, _, created) = create(&app, "k-1", "A-1").await;
    world.broker.down().expect("goes down");
    let away = async |app: &App| {
        let disconnected = || async { app.get("/health").await.1["kafka"] == "disconnected" };
        assert!(eventually(disconnected).await);
        assert_replayed(&created, create(app, "k-1", "A-1").await);
        let (status, _, problem) = create(app, "k-2", "A-2").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let says = problem["detail"].as_str().unwrap_or_default();
        assert!(
            says.contains("this attempt had no effect") && says.contains("until the response is 2xx or 4xx"),
            "{says}"
        );
    };
    away(&app).await;
    // The same before the topic has been read.
    let again = world.start_unready(app.stop().await, |_| ()).await;
    away(&again).await;
    again.stop().await;
}

#[tokio::test]
async fn the_same_request_sent_to_two_replicas_at_once_writes_one_winning_event() {
    let world = World::new();
    let (one, two) = tokio::join!(world.start(), world.start());
    for n in 0..30 {
        let (id, key) = (format!("A-{n}"), format!("k-{n}"));
        let (a, b) = tokio::join!(create(&one, &key, &id), create(&two, &key, &id));
        let mut both = [(a.0, a.1), (b.0, b.1)];
        both.sort();
        assert_eq!(
            both,
            [(StatusCode::OK, true), (StatusCode::CREATED, false)],
            "{id}: {} {}",
            a.2,
            b.2
        );
        assert_same(&a.2, &b.2);
        let key = format!("u-{n}");
        let (a, b) = tokio::join!(
            update(&one, &key, &id, "confirmed"),
            update(&two, &key, &id, "confirmed")
        );
        assert_eq!((a.0, b.0, a.1 != b.1), (StatusCode::OK, StatusCode::OK, true), "{id}");
        assert_same(&a.2, &b.2);
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_key_that_another_request_used_is_a_422() {
    let world = World::new();
    let app = world.start().await;
    create(&app, "k-1", "A-1").await;
    let refused = [
        // The same order, but another body; another method; another order.
        send(
            &app,
            "k-1",
            Method::POST,
            "/create-order",
            &json!({"orderId": "A-1", "itemsCount": 3}),
        )
        .await,
        update(&app, "k-1", "A-1", "confirmed").await,
        create(&app, "k-1", "A-2").await,
        update(&app, "k-1", "A-2", "confirmed").await,
    ];
    for (status, _, problem) in refused {
        assert_eq!(
            (status, problem["type"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some("/problems/key-reused"))
        );
    }
    assert_eq!(world.record_count(), 1);
    app.stop().await;
}

#[tokio::test]
async fn one_of_two_simultaneous_orders_with_the_same_key_is_refused() {
    let world = World::new();
    let app = world.start().await;
    for n in 0..20 {
        let (key, ids) = (format!("k-{n}"), [format!("A-{n}"), format!("B-{n}")]);
        let (a, b) = tokio::join!(create(&app, &key, &ids[0]), create(&app, &key, &ids[1]));
        let mut both = [a.0, b.0];
        both.sort();
        assert_eq!(both, [StatusCode::CREATED, StatusCode::UNPROCESSABLE_ENTITY], "{n}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_request_that_wrote_nothing_is_decided_again_under_its_key() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(update(&app, "k-1", "A-1", "confirmed").await.0, StatusCode::NOT_FOUND);
    app.create_short("A-1").await;
    for key in ["k-1", "k-2"] {
        carried_out(update(&app, key, "A-1", "confirmed").await, StatusCode::OK);
    }
    assert_eq!(world.record_count(), 2, "the second update changes nothing");
    app.stop().await;
}

#[tokio::test]
async fn keys_are_known_after_a_restart_and_relearned_from_the_log_by_a_rebuild() {
    let world = World::new();
    let app = world.start().await;
    let (_, _, first) = create(&app, "k-1", "A-1").await;
    let mut store = app.stop().await;
    for rebuild in [false, true] {
        let app = world
            .start_unready(store, |config| config.pipeline.rebuild = rebuild)
            .await;
        app.await_ready().await;
        assert_replayed(&first, create(&app, "k-1", "A-1").await);
        store = app.stop().await;
    }
}

#[tokio::test]
async fn a_key_stays_known_when_copies_of_its_record_follow_later_records() {
    let world = World::new();
    let app = world.start().await;
    let (_, _, created) = create(&app, "k-1", "A-1").await;
    let (_, _, updated) = update(&app, "k-2", "A-1", "confirmed").await;
    assert_eq!(copy_records(&world, "A-1"), 2);
    // Records after the copies are read after them.
    assert_eq!(app.create_short(&neighbour("A-1")).await.0, StatusCode::CREATED);
    // The same after copies of the copies, and at a replica that starts with all of them.
    assert_eq!(copy_records(&world, "A-1"), 4);
    let fresh = world.start().await;
    assert_eq!(app.update(&neighbour("A-1"), "pending").await.0, StatusCode::OK);
    assert_both_replayed([&app, &fresh], &created, &updated).await;
    app.stop().await;
    fresh.stop().await;
}

#[tokio::test]
async fn only_the_last_keys_are_remembered() {
    let world = World::new();
    let app = world.start_with(|config| config.idempotency_keys = 2).await;
    for n in 1..=3 {
        create(&app, &format!("k-{n}"), &format!("A-{n}")).await;
    }
    assert_eq!(create(&app, "k-1", "A-1").await.0, StatusCode::CONFLICT, "forgotten");
    assert_eq!(create(&app, "k-2", "A-2").await.0, StatusCode::OK);
    assert_eq!(create(&app, "k-3", "A-3").await.0, StatusCode::OK);
    app.stop().await;
}

#[tokio::test]
async fn how_many_are_remembered_is_shown_before_the_broker_is_there() {
    let world = World::new();
    let app = world.start().await;
    for n in 1..=7 {
        create(&app, &format!("k-{n}"), &format!("A-{n}")).await;
    }
    let store = app.stop().await;
    world.broker.down().expect("goes down");
    let app = world.start_unready(store, |_| ()).await;
    // Other tests of this process set the same gauge.
    let shown = || async {
        let metrics = app.text("/metrics").await;
        metrics.contains("orderlog_idempotency_keys{service=\"cart-service\"} 7\n")
    };
    assert!(eventually(shown).await, "{}", app.text("/metrics").await);
    app.stop().await;
}

#[tokio::test]
async fn an_invalid_header_is_named() {
    let world = World::new();
    let app = world.start().await;
    let body = json!({"orderId": "A-1", "status": "confirmed"});
    let long = "x".repeat(65);
    for (name, value) in [
        ("Idempotency-Key", ""),
        ("Idempotency-Key", &long),
        ("If-Match", "3"),
        ("If-Match", "\"3\" \"4\""),
        ("If-None-Match", "*, \"3\""),
    ] {
        let answer = app.send(Method::PUT, "/update-order", &[(name, value)], &body).await;
        let status = answer.status();
        let problem = answer.json().await.expect("JSON");
        assert_eq!(
            (status, fields(&problem)),
            (StatusCode::BAD_REQUEST, vec![name]),
            "{value}"
        );
    }
    app.stop().await;
}

#[tokio::test]
async fn an_update_with_if_match_is_applied_only_at_that_version() {
    let world = World::new();
    let app = world.start().await;
    let created = app
        .post("/create-order", json!({"orderId": "A-1", "itemsCount": 1}))
        .await;
    let tag = created.headers()["ETag"].to_str().expect("text").to_owned();
    let put = async |status: &str, tag: &str| {
        let body = json!({"orderId": "A-1", "status": status});
        let answer = app
            .send(Method::PUT, "/update-order", &[("If-Match", tag)], &body)
            .await;
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    assert_eq!(put("pending", &tag).await.0, StatusCode::OK);
    let (status, problem) = put("confirmed", &tag).await;
    assert_eq!(
        (status, problem["type"].as_str(), &problem["currentVersion"]),
        (
            StatusCode::PRECONDITION_FAILED,
            Some("/problems/version-mismatch"),
            &json!(2)
        )
    );
    assert_eq!(
        put("pending", "\"1\"").await.0,
        StatusCode::PRECONDITION_FAILED,
        "checked before the status"
    );
    assert_eq!(put("confirmed", "*").await.0, StatusCode::OK);
    assert_eq!(put("shipped", "\"3\"").await.0, StatusCode::OK);
    assert_eq!(world.record_count(), 4);
    app.stop().await;
}
