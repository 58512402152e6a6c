//! Records deleted from the topic by the broker: what was read is not missed; what was not read stops the reading.

use testbed::events;
use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::writer::Writer;

use common::event::OrderStatus;

use crate::scene::{Scene, both_stopped, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_records_that_were_not_read_stop_the_reading_until_an_operator_says_how_to_go_on() -> anyhow::Result<()>
{
    let scene = Scene::new("outages-records").await?;
    let (mut cart, mut order) = scene.pair().await?;
    let topics = Topics::new(&scene.broker.address())?;
    scene.world.caught_up(&order).await?;

    // All of it was read: nobody misses it, neither now nor after a restart.
    topics.truncate(&scene.world.topic).await?;
    scene.recovered("the deletion of what was read", &cart, &order).await?;
    topics.truncate(&scene.world.topic).await?;
    tokio::try_join!(cart.restart(), order.restart())?;
    scene.recovered("a restart", &cart, &order).await?;
    scene.world.caught_up(&order).await?;

    // Written and deleted while both could not look.
    let id = Registry::new(&scene.world.servers.registry)?
        .ours(&scene.world.topic)
        .await?;
    let writer = Writer::new(&scene.broker.address(), &scene.world.topic)?;
    let first = events::first("missed");
    let suspended = (cart.suspend()?, order.suspend()?);
    for n in 0..6 {
        let elsewhere = events::first(&events::id_in(n, 6, "missed-too"));
        writer.write(&events::record(id, &elsewhere)?).await?;
    }
    writer.write(&events::record(id, &first)?).await?;
    topics.truncate(&scene.world.topic).await?;
    drop(suspended);
    both_stopped(&cart, &order, &["are gone", "--accept-truncated", "--rebuild"]).await?;

    start_with(&mut cart, &mut order, "--accept-truncated").await?;
    // The consent was for that gap, and is kept.
    tokio::try_join!(cart.restart(), order.restart())?;
    let second = events::next(&first, OrderStatus::Confirmed);
    writer.write(&events::record(id, &second)?).await?;
    assert_eq!(order.http.order("missed", 2).await?.status, "confirmed");
    assert_eq!(order.http.stats().await?.totals.gaps, 1);
    assert_eq!(order.http.order("A-1", 1).await?.version, 1, "what was known is kept");
    assert_eq!(cart.http.updated("missed", "shipped").await?.order.version, 3);

    start_with(&mut cart, &mut order, "--rebuild").await?;
    assert_eq!(order.http.order("missed", 3).await?.status, "shipped");
    assert_eq!(
        order.http.details("A-1").await?.status,
        404,
        "what is left is all there is"
    );
    scene.recovered("a rebuild", &cart, &order).await
}
