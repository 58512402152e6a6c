//! The broker stopped, killed, suspended for a moment, its port cut, its connections hanging.

use std::time::Duration;

use crate::probe::throughout;
use crate::scene::{Scene, without_a_broker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_stopped_killed_paused_or_cut_off_costs_time_and_nothing_else() -> anyhow::Result<()> {
    let scene = Scene::new("outages-broker").await?;
    let (cart, order) = scene.pair().await?;
    let told = throughout(&cart, &order, async {
        scene.broker.down().await?;
        without_a_broker(&cart, &order).await?;
        scene.broker.up().await?;
        scene.recovered("a stop", &cart, &order).await?;

        scene.broker.kill()?;
        without_a_broker(&cart, &order).await?;
        scene.broker.up().await?;
        scene.recovered("a kill", &cart, &order).await?;

        scene.broker.proxy.cut();
        without_a_broker(&cart, &order).await?;
        scene.broker.proxy.heal();
        scene.recovered("a cut", &cart, &order).await?;

        scene.broker.proxy.hang();
        without_a_broker(&cart, &order).await?;
        scene.broker.proxy.heal();
        scene.recovered("hanging connections", &cart, &order).await?;

        let paused = scene.broker.suspend()?;
        // The time is the fault itself.
        tokio::time::sleep(Duration::from_secs(5)).await;
        without_a_broker(&cart, &order).await?;
        drop(paused);
        scene.recovered("a pause of 5 s", &cart, &order).await
    })
    .await?;
    assert!(told.successes() > 100, "{:?}", told.answers);
    scene.world.caught_up(&order).await?;
    told.check(&scene.world.log().await?)?;
    let totals = order.http.stats().await?.totals;
    assert_eq!((totals.duplicate, totals.dead_lettered), (0, 0), "{totals:?}");
    Ok(())
}
