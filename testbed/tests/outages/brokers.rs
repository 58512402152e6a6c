//! The broker stopped, killed, suspended for a moment, its port cut, its connections hanging.

use std::time::Duration;

use crate::probe::while_clients_work;
use crate::scene::{Scene, pair, recovered, without_a_broker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_stopped_killed_paused_or_cut_off_costs_only_time() -> anyhow::Result<()> {
    let scene = Scene::new("outages-broker").await?;
    let (cart, order) = pair(&scene.world).await?;
    let told = while_clients_work(&cart, &order, async {
        scene.broker.down().await?;
        without_a_broker(&cart, &order).await?;
        scene.broker.up().await?;
        recovered("a stop", &cart, &order).await?;

        scene.broker.kill()?;
        without_a_broker(&cart, &order).await?;
        scene.broker.up().await?;
        recovered("a kill", &cart, &order).await?;

        scene.broker.proxy.cut();
        without_a_broker(&cart, &order).await?;
        scene.broker.proxy.heal();
        recovered("a cut", &cart, &order).await?;

        scene.broker.proxy.hang();
        without_a_broker(&cart, &order).await?;
        scene.broker.proxy.heal();
        recovered("hanging connections", &cart, &order).await?;

        let paused = scene.broker.suspend()?;
        // The pause is the fault itself.
        tokio::time::sleep(Duration::from_secs(5)).await;
        without_a_broker(&cart, &order).await?;
        drop(paused);
        recovered("a pause of 5 s", &cart, &order).await
    })
    .await?;
    assert!(told.successes() > 20, "{:?}", told.answers);
    scene.world.caught_up(&order).await?;
    told.check(&scene.world.log().await?)?;
    let totals = order.http.stats().await?.totals;
    assert_eq!((totals.duplicate, totals.dead_lettered), (0, 0), "{totals:?}");
    Ok(())
}
