//! The pages of the real binaries about themselves, and the envelope.

use serde_json::json;
use testbed::world::World;

#[tokio::test]
async fn health_metrics_and_documents_are_served() -> anyhow::Result<()> {
    let world = World::new("pages")?;
    let (cart, order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    for (service, name) in [(&cart, "cart-service"), (&order, "order-service")] {
        let health = service.http.health().await?;
        let states = (health.status.as_str(), health.kafka.as_str(), health.service.as_str());
        assert_eq!(states, ("healthy", "connected", name), "{health:?}");
        assert_eq!((health.registry.as_str(), health.why().as_str()), ("connected", ""));
        for (path, part) in [
            ("/health/live", name),
            ("/health/ready", name),
            ("/", name),
            ("/docs/", "swagger"),
            ("/openapi.json", "\"/health/ready\""),
            (
                "/metrics",
                &format!("orderlog_records_total{{service=\"{name}\",outcome=\"applied\"}} 1"),
            ),
        ] {
            let page = service.http.get(path).await?;
            assert!(page.status == 200 && page.text.contains(part), "{name}{path}: {page:?}");
        }
        let nothing = service.http.get("/nonsense").await?;
        assert_eq!(
            (nothing.status, nothing.header("content-type")),
            (404, "application/problem+json"),
            "{nothing:?}"
        );
    }
    let topics = order.http.get("/asyncapi.json").await?;
    assert!(topics.status == 200 && topics.text.contains(&world.topic), "{topics:?}");
    let enveloped = order.http.get("/api/order-details?orderId=A-1").await?;
    assert_eq!(
        (&enveloped.value()["success"], &enveloped.value()["data"]["orderId"]),
        (&json!(true), &json!("A-1"))
    );
    Ok(())
}

#[tokio::test]
async fn an_invalid_request_gets_the_right_status_and_its_fields_are_named() -> anyhow::Result<()> {
    let world = World::new("pages-refusals")?;
    let cart = world.cart()?.start().await?;
    let shape = cart.http.create(json!({"orderId": "", "itemsCount": 0})).await?;
    let fields: Vec<_> = shape.value()["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|e| e["field"].clone())
        .collect();
    assert_eq!(
        (shape.status, fields),
        (400, vec![json!("orderId"), json!("itemsCount")]),
        "{shape:?}"
    );
    assert_eq!(cart.http.create_text("{".to_owned()).await?.status, 400);
    assert_eq!(cart.http.create_text(" ".repeat(1_000_000)).await?.status, 413);
    let text = Some(("text/plain", "{}".to_owned()));
    assert_eq!(
        cart.http
            .send(reqwest::Method::POST, "/create-order", text)
            .await?
            .status,
        415
    );
    assert!(world.log().await?.is_empty(), "refused requests wrote nothing");
    Ok(())
}
