use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use crate::helpers::{World, fields};

#[tokio::test]
async fn a_short_order_is_created_with_generated_items() {
    let world = World::new();
    let app = world.start().await;
    let response = app
        .post("/create-order", json!({"orderId": "1001", "itemsCount": 3}))
        .await;
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["etag"], "\"1\"");
    assert_eq!(
        response.headers()["location"],
        "http://localhost:8001/order-details?orderId=ORD-1001"
    );
    let body: serde_json::Value = response.json().await.expect("JSON");
    assert_eq!(body["orderId"], "ORD-1001");
    assert_eq!(body["order"]["items"].as_array().expect("items").len(), 3);
    assert_eq!(
        (&body["order"]["status"], &body["order"]["version"]),
        (&json!("new"), &json!(1))
    );
    assert!(
        body["eventId"].is_string() && body["partition"].is_number() && body["offset"].is_number(),
        "{body}"
    );
    app.stop().await;
}

#[tokio::test]
async fn a_full_order_is_kept_exactly() {
    let world = World::new();
    let app = world.start().await;
    let text = r#"{"orderId":"A-1","customerId":"C","currency":"USD","items":[{"itemId":"I","quantity":3,"price":333.33}],"totalAmount":999.990}"#;
    let (status, body) = app.post_raw("/create-order", "application/json", text.to_owned()).await;
    assert_eq!(status, StatusCode::CREATED, "{body}");
    assert_eq!(body["order"]["totalAmount"].to_string(), "999.99");
    assert_eq!(
        body["order"]["items"],
        json!([{"itemId": "I", "quantity": 3, "price": 333.33}])
    );
    app.stop().await;
}

#[tokio::test]
async fn the_same_order_twice_is_a_409() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let (status, problem) = app.create_short("A-1").await;
    assert_eq!(
        (status, problem["type"].as_str()),
        (StatusCode::CONFLICT, Some("/problems/order-exists"))
    );
    app.stop().await;
}

#[tokio::test]
async fn exactly_one_of_many_simultaneous_creates_of_an_order_wins() {
    let world = World::new();
    let app = world.start().await;
    let answers = join_all((0..20).map(|_| app.create_short("A-1"))).await;
    let created = answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::CREATED)
        .count();
    let refused = answers
        .iter()
        .filter(|(status, _)| *status == StatusCode::CONFLICT)
        .count();
    assert_eq!((created, refused), (1, 19));
    app.stop().await;
}

#[tokio::test]
async fn an_invalid_order_is_reported_with_its_status_and_field() {
    let world = World::new();
    let app = world.start().await;
    let json = "application/json";
    let (status, problem) = app
        .post_raw("/create-order", json, r#"{"orderId": "", "itemsCount": 0}"#.into())
        .await;
    assert_eq!(
        (status, fields(&problem)),
        (StatusCode::BAD_REQUEST, vec!["orderId", "itemsCount"])
    );
    let (status, _) = app.post_raw("/create-order", json, "{".into()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, _) = app.post_raw("/create-order", "text/plain", "{}".into()).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let (status, _) = app.post_raw("/create-order", json, " ".repeat(300_000)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(app.get("/create-order").await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(app.get("/nonsense").await.0, StatusCode::NOT_FOUND);
    app.stop().await;
}
