use reqwest::StatusCode;
use serde_json::json;

use crate::helpers::{World, fields};

#[tokio::test]
async fn an_order_goes_its_way_and_its_version_counts() {
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
async fn the_status_that_it_has_already_writes_no_event() {
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
async fn an_illegal_step_is_a_409_that_tells_the_status() {
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
async fn an_order_that_nobody_created_is_a_404() {
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
async fn digits_mean_the_same_order_in_create_and_update() {
    let world = World::new();
    let app = world.start().await;
    app.create_short("42").await;
    let (status, body) = app.update("42", "pending").await;
    assert_eq!((status, &body["orderId"]), (StatusCode::OK, &json!("ORD-42")));
    app.stop().await;
}

#[tokio::test]
async fn a_status_that_is_none_is_named() {
    let world = World::new();
    let app = world.start().await;
    let (status, problem) = app.update("A-1", "unknown").await;
    assert_eq!((status, fields(&problem)), (StatusCode::BAD_REQUEST, vec!["status"]));
    app.stop().await;
}
