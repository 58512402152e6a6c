//! Broker and registry wiped under running services, and started anew: everything is another one, at the old addresses.

use sandbox::registry::Registry;
use testbed::topics::Topics;

use crate::scene::{KEPT, Scene, both_stopped, refuses, says, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_broker_and_registry_are_not_taken_for_the_old_ones() -> anyhow::Result<()> {
    let mut scene = Scene::new("outages-wiped").await?;
    // One that can be wiped: that of the other tests is shared.
    let registry = Registry::start(("127.0.0.1", 0))?;
    let port = registry.port();
    scene.world.servers.registry = registry.url();
    let (mut cart, mut order) = scene.pair().await?;
    scene.world.caught_up(&order).await?;

    drop(registry.stop().await);
    scene.broker.wipe().await?;
    let _anew = Registry::start(("127.0.0.1", port))?;
    scene.broker.up().await?;
    // Nobody has made the topic again.
    for service in [&cart, &order] {
        says(service, &["is gone", "--rebuild"]).await?;
    }
    refuses(&cart, "--rebuild").await?;
    assert_eq!(order.http.details("A-1").await?.status, 200);
    Topics::new(&scene.broker.address())?
        .create(&scene.world.topic, 6, &[KEPT])
        .await?;
    both_stopped(
        &cart,
        &order,
        &["is not the one that the store was made from", "--rebuild"],
    )
    .await?;

    start_with(&mut cart, &mut order, "--rebuild").await?;
    assert_eq!(order.http.details("A-1").await?.status, 404);
    scene.recovered("a rebuild", &cart, &order).await
}
