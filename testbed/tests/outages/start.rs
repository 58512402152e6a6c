//! Services that start before the broker, or before the topic.

use testbed::wait::{LONG, until};

use crate::probe::while_clients_work;
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_start_without_a_broker_say_so_and_connect_by_themselves() -> anyhow::Result<()> {
    let scene = Scene::without_broker("outages-start").await?;
    // Connects directly: behind a proxy, no connection would be refused.
    let address = scene.broker.address();
    let cart = scene.world.cart()?.with("KAFKA_BOOTSTRAP_SERVERS", &address).spawn()?;
    let order = scene.world.order()?.with("KAFKA_BOOTSTRAP_SERVERS", &address).spawn()?;
    for service in [&cart, &order] {
        let health = service.await_reason(&["not connected to Kafka", &address]).await?;
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
    let told = while_clients_work(&cart, &order, async {
        scene.broker.up().await?;
        for http in [&cart.http, &order.http] {
            until("it is ready", LONG, async || {
                let ready = http.get("/health/ready").await?;
                anyhow::ensure!(ready.status == 200, "{ready:?}");
                Ok(())
            })
            .await?;
        }
        cart.http.created("A-1").await?;
        order.http.order("A-1", 1).await?;
        Ok(())
    })
    .await?;
    told.check(&scene.world.log().await?)
}
