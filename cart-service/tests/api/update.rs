use orderlog_contract::event::OrderStatus;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::helpers::{World, fields};
use crate::others;

#[tokio::test]
async fn an_order_goes_through_its_statuses_and_its_version_counts_up() {
    let world = World::new();
    let app = world.start().await;
    let (_, created) = app.create_short("A-1").await;
    for (version, status) in (2..).zip(["pending", "confirmed", "processing", "shipped", "delivered"]) {
        let (code, body) = app.update("A-1", status).await;
        assert_eq!(
            (code, &body["order"]["version"], &body["order"]["status"]),
            (StatusCode::OK, &json!(version), &json!(status))
        );
        assert_eq!(body["order"]["items"], created["order"]["items"]);
    }
    app.stop().await;
}

#[tokio::test]
async fn an_update_to_the_current_status_writes_no_event() {
    let world = World::new();
    let app = world.start().await;
    app.create_short("A-1").await;
    let (_, first) = app.update("A-1", "confirmed").await;
    let (status, again) = app.update("A-1", "confirmed").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        (&again["eventId"], &again["offset"], &again["order"]),
        (&first["eventId"], &first["offset"], &first["order"])
    );
    app.stop().await;
}

#[tokio::test]
async fn an_illegal_transition_is_a_409_with_the_status() {
    let world = World::new();
    let app = world.start().await;
    app.create_short("A-1").await;
    app.update("A-1", "cancelled").await;
    let (status, problem) = app.update("A-1", "shipped").await;
    assert_eq!(
        (status, problem["type"].as_str()),
        (StatusCode::CONFLICT, Some("/problems/illegal-transition"))
    );
    assert_eq!(problem["currentStatus"], "cancelled");
    app.stop().await;
}

#[tokio::test]
async fn an_update_of_a_missing_order_is_a_404() {
    let world = World::new();
    let app = world.start().await;
    let (status, problem) = app.update("A-1", "shipped").await;
    assert_eq!(
        (status, problem["type"].as_str()),
        (StatusCode::NOT_FOUND, Some("/problems/order-not-found"))
    );
    app.stop().await;
}

#[tokio::test]
async fn an_id_of_digits_means_the_same_order_in_create_and_update() {
    let world = World::new();
    let app = world.start().await;
    app.create_short("42").await;
    let (status, body) = app.update("42", "pending").await;
    assert_eq!((status, &body["orderId"]), (StatusCode::OK, &json!("ORD-42")));
    app.stop().await;
}

#[tokio::test]
async fn an_invalid_status_is_named() {
    let world = World::new();
    let app = world.start().await;
    let (status, problem) = app.update("A-1", "unknown").await;
    assert_eq!((status, fields(&problem)), (StatusCode::BAD_REQUEST, vec!["status"]));
    app.stop().await;
}

#[tokio::test]
async fn preconditions_on_the_version_follow_rfc_9110() {
    let world = World::new();
    let app = world.start().await;
    let create = json!({"orderId": "A-1", "itemsCount": 1});
    let send = |method: Method, name: &'static str, value: &'static str, body: serde_json::Value| {
        let path = if method == Method::POST {
            "/create-order"
        } else {
            "/update-order"
        };
        let app = &app;
        async move { app.send(method, path, &[(name, value)], &body).await.status().as_u16() }
    };
    assert_eq!(send(Method::POST, "if-none-match", "*", create.clone()).await, 201);
    assert_eq!(send(Method::POST, "if-none-match", "*", create.clone()).await, 412);
    assert_eq!(send(Method::POST, "if-none-match", "\"7\"", create.clone()).await, 409);
    assert_eq!(send(Method::POST, "if-match", "*", create).await, 400);
    let update = |status: &str| json!({"orderId": "A-1", "status": status});
    for (name, value, status) in [
        ("if-match", "W/\"1\"", 412),
        ("if-match", "\"2\", \"3\"", 412),
        ("if-match", "1", 400),
        ("if-none-match", "W/\"1\"", 412),
        ("if-none-match", "*", 412),
        ("if-match", "\"2\", \"1\"", 200),
    ] {
        assert_eq!(
            send(Method::PUT, name, value, update("pending")).await,
            status,
            "{name}: {value}"
        );
    }
    assert_eq!(
        send(Method::PUT, "if-none-match", "\"1\"", update("confirmed")).await,
        200
    );
    app.stop().await;
}

#[tokio::test]
async fn an_order_that_another_producer_wrote_under_an_odd_id_can_be_updated() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("1001 ").await.0, StatusCode::BAD_REQUEST);
    let (status, refused) = app.update("1001 ", "pending").await;
    assert_eq!(
        (status, &refused["errors"][0]["field"]),
        (StatusCode::BAD_REQUEST, &json!("orderId"))
    );
    let event = sandbox::testing::event("1001 ", 1, OrderStatus::New);
    let schema = orderlog_contract::lineage::newest_text().text;
    let id = world.register("order-events-value", &schema).await;
    others::write(
        &world,
        id,
        &schema,
        "1001 ",
        serde_json::to_value(&event).expect("JSON"),
    );
    let updated = || async { app.update("1001 ", "pending").await.0 == StatusCode::OK };
    assert!(
        sandbox::testing::eventually(updated).await,
        "{:?}",
        app.update("1001 ", "pending").await
    );
    app.stop().await;
}
