//! Broker and registry are wiped under running services and started again: everything is new, at the old addresses.

use sandbox::registry::Registry;
use testbed::topics::Topics;

use crate::probe::while_clients_work;
use crate::scene::{KEPT, Scene, both_stopped, pair, recovered, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_broker_and_registry_are_not_taken_for_the_old_ones() -> anyhow::Result<()> {
    let mut scene = Scene::new("outages-wiped").await?;
    // Its own registry, because the shared one must not be wiped.
    let registry = Registry::start(("127.0.0.1", 0))?;
    let port = registry.port();
    scene.world.servers.registry = registry.url();
    let (mut cart, mut order) = pair(&scene.world).await?;
    scene.world.caught_up(&order).await?;

    let mut recreated = None;
    let told = while_clients_work(&cart, &order, async {
        drop(registry.stop().await);
        scene.broker.wipe().await?;
        recreated = Some(Registry::start(("127.0.0.1", port))?);
        scene.broker.up().await?;
        // Nobody has recreated the topic.
        for service in [&cart, &order] {
            service.await_reason(&["is missing", "--rebuild"]).await?;
        }
        cart.refuses("--rebuild").await?;
        Topics::new(&scene.broker.address())?
            .create(&scene.world.topic, 6, &[KEPT])
            .await?;
        both_stopped(
            &cart,
            &order,
            &["is not the topic that the store was built from", "--rebuild"],
        )
        .await
    })
    .await?;
    told.check_other(&scene.world.log().await?)?;

    start_with(&mut cart, &mut order, "--rebuild").await?;
    assert_eq!(order.http.details("A-1").await?.status, 404);
    recovered("a rebuild", &cart, &order).await
}
