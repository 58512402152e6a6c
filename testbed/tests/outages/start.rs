//! Services that start before the broker, or before the topic.

use testbed::wait::LONG;

use crate::scene::{Scene, says};

#[tokio::test]
async fn services_that_start_without_a_broker_say_so_and_begin_by_themselves() -> anyhow::Result<()> {
    let scene = Scene::without_broker("outages-start").await?;
    // Directly: behind a proxy nobody would be refused.
    let address = scene.broker.address();
    let mut cart = scene.world.cart()?.with("KAFKA_BOOTSTRAP_SERVERS", &address).spawn()?;
    let mut order = scene.world.order()?.with("KAFKA_BOOTSTRAP_SERVERS", &address).spawn()?;
    for service in [&cart, &order] {
        let health = says(service, &["no broker answers", &address]).await?;
        assert!(!health.ready && health.kafka == "disconnected", "{health:?}");
        assert_eq!(service.http.get("/health/live").await?.status, 200);
    }
    assert_eq!(cart.http.create_short("A-1").await?.status, 503);
    let early = order.http.details("A-1").await?;
    assert_eq!(
        (early.status, early.problem().as_str()),
        (503, "not-ready"),
        "{early:?}"
    );
    scene.broker.up().await?;
    tokio::time::timeout(LONG, async { tokio::try_join!(cart.ready(), order.ready()) }).await??;
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    Ok(())
}
