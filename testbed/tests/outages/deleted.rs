//! Records deleted from the topic by the broker: records that were read are not missed; unread ones stop consumption.

use orderlog_contract::event::OrderStatus;
use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::world::World;
use testbed::writer::Writer;
use testbed::{events, log};

use crate::probe::while_clients_work;
use crate::scene::{both_stopped, fill, pair, recovered, start_with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_unread_records_stop_consumption_until_an_operator_decides() -> anyhow::Result<()> {
    let world = World::new("outages-records")?;
    let (mut cart, mut order) = pair(&world).await?;
    let topics = Topics::new(&world.servers.kafka)?;
    world.caught_up(&order).await?;

    let truncate = async || {
        let ends = log::ends(&world.servers.kafka, &world.topic).await?;
        topics.truncate(&world.topic, &ends).await
    };
    // All of it was read: nobody misses it, neither now nor after a restart.
    let told = while_clients_work(&cart, &order, async {
        fill(&cart, "F", 2).await?;
        let positions = order.http.stats().await?.partitions;
        let read: Vec<i64> = positions.iter().map(|partition| partition.position).collect();
        // After reading what was written later, a service has read everything.
        fill(&cart, "G", 1).await?;
        topics.truncate(&world.topic, &read).await?;
        recovered("the deletion of what was read", &cart, &order).await
    })
    .await?;
    let failed = told.answers.keys().find(|(_, status)| *status >= 500);
    assert_eq!(failed, None, "{:?}", told.answers);
    world.caught_up(&order).await?;
    truncate().await?;
    tokio::try_join!(cart.restart(), order.restart())?;
    recovered("a restart", &cart, &order).await?;
    world.caught_up(&order).await?;

    // Written and deleted while both were cut off.
    let id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let writer = Writer::new(&world.servers.kafka, &world.topic)?;
    let first = events::first("missed");
    let suspended = (cart.suspend()?, order.suspend()?);
    for n in 0..6 {
        let elsewhere = events::first(&events::id_in(n, "missed-too"));
        writer.write(&events::record(id, &elsewhere)?).await?;
    }
    writer.write(&events::record(id, &first)?).await?;
    truncate().await?;
    drop(suspended);
    let told = while_clients_work(&cart, &order, async {
        both_stopped(&cart, &order, &["were deleted", "--accept-truncated", "--rebuild"]).await
    })
    .await?;
    told.check(&world.log().await?)?;

    start_with(&mut cart, &mut order, "--accept-truncated").await?;
    // The operator's consent was for that gap, which is stored.
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
    recovered("a rebuild", &cart, &order).await
}
