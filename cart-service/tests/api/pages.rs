//! The service's pages about itself, and the envelope.

use reqwest::StatusCode;
use serde_json::json;

use crate::helpers::World;

#[tokio::test]
async fn health_docs_and_metrics_are_served() {
    let world = World::new();
    let app = world.start().await;
    app.create_short("A-1").await;
    let (_, health) = app.get("/health").await;
    assert_eq!(
        (&health["status"], &health["kafka"], &health["registry"]),
        (&json!("healthy"), &json!("connected"), &json!("connected"))
    );
    assert_eq!(app.get("/health/live").await.0, StatusCode::OK);
    let (_, document) = app.get("/openapi.json").await;
    let (status, problem) = app.get("/nowhere").await;
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(
        status == 404 && detail.contains("POST /create-order, GET /health, PUT /update-order; /"),
        "{detail}"
    );
    for path in ["/create-order", "/update-order", "/health"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    for (path, content) in [
        ("/docs/", "swagger"),
        (
            "/",
            "curl -i 'http://localhost:8001/order-details?orderId=1001&amp;minVersion=2'",
        ),
        ("/problems/", "/problems/outcome-unknown"),
        ("/problems/order-exists", "An order with this id already exists."),
        ("/metrics", "orderlog_records_total{service=\"cart-service\""),
    ] {
        let page = reqwest::get(format!("{}{path}", app.url)).await.expect("a page");
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        let text = page.text().await.expect("text");
        assert!(text.contains(content), "{path}: {text}");
    }
    app.stop().await;
}

#[tokio::test]
async fn under_api_the_same_answers_are_in_the_envelope() {
    let world = World::new();
    let app = world.start().await;
    let body = json!({"orderId": "A-1", "itemsCount": 1});
    let created: serde_json::Value = app
        .post("/api/create-order", body.clone())
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(
        (&created["success"], &created["message"], &created["data"]["orderId"]),
        (&json!(true), &json!("Order created"), &json!("A-1"))
    );
    let refused = app.post("/api/create-order", body).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let refused: serde_json::Value = refused.json().await.expect("JSON");
    assert_eq!(
        (&refused["success"], &refused["details"]["type"]),
        (&json!(false), &json!("/problems/order-exists"))
    );
    app.stop().await;
}
