//! Repeated requests: under a key they are carried out once, and under `If-Match` not at all if the order has changed.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::helpers::{App, World, eventually, fields};
use crate::others::{copy_records, neighbour};

/// The parts of an answer that a repeat must return unchanged.
const SAME: [&str; 6] = ["message", "orderId", "order", "eventId", "partition", "offset"];

/// Status, whether it says that it is a repeated answer, and body.
async fn send(app: &App, key: &str, method: Method, path: &str, body: &Value) -> (StatusCode, bool, Value) {
    let answer = app.send(method, path, &[("Idempotency-Key", key)], body).await;
    let replayed = answer
        .headers()
        .get("Idempotency-Replayed")
        .is_some_and(|value| value == "true");
    (answer.status(), replayed, answer.json().await.expect("JSON"))
}

async fn create(app: &App, key: &str, order_id: &str) -> (StatusCode, bool, Value) {
    let body = json!({"orderId": order_id, "itemsCount": 2});
    send(app, key, Method::POST, "/create-order", &body).await
}

async fn update(app: &App, key: &str, order_id: &str, status: &str) -> (StatusCode, bool, Value) {
    let body = json!({"orderId": order_id, "status": status});
    send(app, key, Method::PUT, "/update-order", &body).await
}

fn assert_same(first: &Value, again: &Value) {
    for member in SAME {
        assert_eq!(first[member], again[member], "{member}");
    }
}

#[tokio::test]
async fn the_same_request_again_gets_the_first_answer_also_at_another_replica_and_after_later_events() {
    let world = World::new();
    let (one, two) = tokio::join!(world.start(), world.start());
    let (status, replayed, created) = create(&one, "k-1", "A-1").await;
    assert_eq!((status, replayed), (StatusCode::CREATED, false));
    let (status, replayed, updated) = update(&one, "k-2", "A-1", "confirmed").await;
    assert_eq!((status, replayed), (StatusCode::OK, false));
    assert_eq!(one.update("A-1", "delivered").await.0, StatusCode::OK);
    for app in [&one, &two] {
        let (status, replayed, again) = create(app, "k-1", "A-1").await;
        assert_eq!((status, replayed), (StatusCode::OK, true), "{again}");
        assert_same(&created, &again);
        // The step is no longer legal, and was carried out all the same.
        let (status, replayed, again) = update(app, "k-2", "A-1", "confirmed").await;
        assert_eq!((status, replayed), (StatusCode::OK, true), "{again}");
        assert_same(&updated, &again);
    }
    assert_eq!(world.record_count(), 3, "no request wrote a second event");
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn what_is_known_of_a_key_is_answered_though_nothing_can_be_written_and_a_503_speaks_of_its_attempt_only() {
    let world = World::new();
    let app = world.start().await;
    let (_, _, created) = create(&app, "k-1", "A-1").await;
    world.broker.down().expect("goes down");
    let away = async |app: &App| {
        let disconnected = || async { app.get("/health").await.1["kafka"] == "disconnected" };
        assert!(eventually(disconnected).await);
        let (status, replayed, again) = create(app, "k-1", "A-1").await;
        assert_eq!((status, replayed), (StatusCode::OK, true), "{again}");
        assert_same(&created, &again);
        let (status, _, problem) = create(app, "k-2", "A-2").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let says = problem["detail"].as_str().unwrap_or_default();
        assert!(
            says.contains("this attempt has no effect") && says.contains("until the response is 2xx or 4xx"),
            "{says}"
        );
    };
    away(&app).await;
    // Nor does it matter that the topic was not read yet.
    let again = world.start_unready(app.stop().await, |_| ()).await;
    away(&again).await;
    again.stop().await;
}

#[tokio::test]
async fn the_same_request_at_two_replicas_at_once_writes_one_winning_event() {
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
async fn the_key_of_another_request_is_a_422() {
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
async fn of_two_orders_with_one_key_at_once_one_is_refused() {
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
async fn a_request_that_wrote_nothing_is_decided_afresh_under_its_key() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(update(&app, "k-1", "A-1", "confirmed").await.0, StatusCode::NOT_FOUND);
    app.create_short("A-1").await;
    let (status, replayed, _) = update(&app, "k-1", "A-1", "confirmed").await;
    assert_eq!((status, replayed), (StatusCode::OK, false));
    let (status, replayed, _) = update(&app, "k-2", "A-1", "confirmed").await;
    assert_eq!(
        (status, replayed),
        (StatusCode::OK, false),
        "it is so already: nothing is written"
    );
    assert_eq!(world.record_count(), 2);
    app.stop().await;
}

#[tokio::test]
async fn keys_are_known_after_a_restart_and_relearned_from_the_log_by_a_rebuild() {
    let world = World::new();
    let app = world.start().await;
    let (_, _, first) = create(&app, "k-1", "A-1").await;
    let store = app.stop().await;
    let again = world.start_unready(store, |_| ()).await;
    again.await_ready().await;
    let (status, replayed, body) = create(&again, "k-1", "A-1").await;
    assert_eq!((status, replayed), (StatusCode::OK, true));
    assert_same(&first, &body);
    let store = again.stop().await;
    let rebuilt = world
        .start_unready(store, |config| config.pipeline.rebuild = true)
        .await;
    rebuilt.await_ready().await;
    let (status, replayed, body) = create(&rebuilt, "k-1", "A-1").await;
    assert_eq!((status, replayed), (StatusCode::OK, true));
    assert_same(&first, &body);
    rebuilt.stop().await;
}

#[tokio::test]
async fn a_key_stays_known_when_its_record_is_read_again_after_later_ones() {
    let world = World::new();
    let app = world.start().await;
    let (_, _, created) = create(&app, "k-1", "A-1").await;
    let (_, _, updated) = update(&app, "k-2", "A-1", "confirmed").await;
    assert_eq!(copy_records(&world, "A-1"), 2);
    // Records after the copies are read after them.
    assert_eq!(app.create_short(&neighbour("A-1")).await.0, StatusCode::CREATED);
    // Once more after the copies of copies, and at a replica that starts with all of them.
    assert_eq!(copy_records(&world, "A-1"), 4);
    let fresh = world.start().await;
    assert_eq!(app.update(&neighbour("A-1"), "pending").await.0, StatusCode::OK);
    for app in [&app, &fresh] {
        let (status, replayed, again) = create(app, "k-1", "A-1").await;
        assert_eq!((status, replayed), (StatusCode::OK, true), "{again}");
        assert_same(&created, &again);
        let (status, replayed, again) = update(app, "k-2", "A-1", "confirmed").await;
        assert_eq!((status, replayed), (StatusCode::OK, true), "{again}");
        assert_same(&updated, &again);
    }
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
async fn a_header_that_cannot_be_is_named() {
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
async fn an_update_goes_through_only_at_the_version_that_it_was_made_for() {
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
        "before \"already so\""
    );
    assert_eq!(put("confirmed", "*").await.0, StatusCode::OK);
    assert_eq!(put("shipped", "\"3\"").await.0, StatusCode::OK);
    assert_eq!(world.record_count(), 4);
    app.stop().await;
}
