//! The service's pages about itself.

use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::helpers::{World, created};

#[tokio::test]
async fn health_reports_the_services_state() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let healthy = || async {
        app.get("/health").await.1["registry"] == "connected" && app.get("/health").await.1["status"] == "healthy"
    };
    assert!(
        crate::helpers::eventually(healthy).await,
        "{}",
        app.get("/health").await.1
    );
    let (status, health) = app.get("/health").await;
    let expected = json!({
        "status": "healthy", "service": "order-service", "version": env!("CARGO_PKG_VERSION"), "kafka": "connected",
        "registry": "connected", "ready": true, "reasons": []
    });
    assert_eq!((status.as_u16(), &health), (200, &expected));
    assert_eq!(
        app.get("/api/health/ready").await.1,
        json!({"success": true, "message": "Ready", "data": expected})
    );
}

#[tokio::test]
async fn metrics_carry_the_services_name() {
    let world = World::new().await;
    world.write_event(&created("A"));
    world.write_poison(Kind::Empty, "B");
    let app = world.spawn_app().await;
    app.await_read(2, 1).await;
    let text = app.text("/metrics").await;
    for series in [
        r#"orderlog_records_total{service="order-service",outcome="applied"}"#,
        r#"orderlog_dead_letters_total{service="order-service",code="not_framed"}"#,
        r#"http_requests_total{service="order-service",method="GET",route="/stats",status="200"}"#,
    ] {
        assert!(text.contains(series), "{series} in {text}");
    }
}

#[tokio::test]
async fn the_documents_name_every_path_and_topic() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (_, openapi) = app.get("/openapi.json").await;
    for path in [
        "/order-details",
        "/orders",
        "/orders/{id}/history",
        "/events",
        "/schemas",
        "/console.json",
        "/getAllOrderIdsFromTopic",
        "/stats",
        "/dlq/info",
        "/dlq/messages",
        "/dlq/messages/{partition}/{offset}",
        "/health",
        "/health/live",
        "/health/ready",
    ] {
        assert!(openapi["paths"][path]["get"].is_object(), "{path}");
    }
    let references = openapi.to_string();
    for reference in references
        .split("#/components/schemas/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(openapi["components"]["schemas"][reference].is_object(), "{reference}");
    }
    let response = app.response("/asyncapi.json").await;
    assert!(
        response.headers()["content-type"]
            .to_str()
            .expect("text")
            .starts_with("application/vnd.aai.asyncapi+json")
    );
    let asyncapi: Value = response.json().await.expect("JSON");
    assert_eq!(
        (&asyncapi["asyncapi"], &asyncapi["channels"]["deadLetters"]["address"]),
        (&json!("3.0.0"), &json!("order-events-dlq"))
    );
    assert!(app.text("/docs/").await.contains("swagger-ui"));
}

#[tokio::test]
async fn the_index_links_only_to_existing_pages() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let response = app.response("/about").await;
    let policy = response.headers()["content-security-policy"].to_str().expect("text");
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    let page = response.text().await.expect("text");
    let links: Vec<&str> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|link| *link != "http://localhost:8000/")
        .collect();
    assert!(
        links.len() > 8 && page.contains("http://localhost:8000/create-order"),
        "{page}"
    );
    for link in links {
        assert_eq!(app.response(&format!("/{link}")).await.status(), 200, "{link}");
    }
    let (status, problem) = app.get("/nowhere").await;
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(
        status == 404 && detail.contains("GET /order-details, GET /orders, GET /schemas, GET /stats; /"),
        "{detail}"
    );
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_setting_that_changes_it() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let port = app.url.rsplit(':').next().expect("a port").parse().expect("a number");
    let dir = tempfile::tempdir().expect("a directory");
    let mut config = world.config(dir.path());
    config.api_port = port;
    let built = order_service::Application::build(
        config,
        orderlog_runtime::telemetry::metrics_recorder(),
        orderlog_runtime::supervisor::Supervisor::default(),
    )
    .await;
    let error = format!("{:#}", built.err().expect("the port is taken"));
    assert!(
        error.contains("--api-port") && error.contains(&port.to_string()),
        "{error}"
    );
}
