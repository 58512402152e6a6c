//! Topics that are no longer the same: recreated, or missing records that were not read.

use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::{NewRecord, Writer};
use testbed::{events, log};

#[tokio::test]
async fn a_recreated_topic_is_noticed_and_read_only_after_a_rebuild() -> anyhow::Result<()> {
    let world = World::new("topics-recreated")?;
    let (mut cart, mut order) = world.pair().await?;
    for n in 0..12 {
        cart.http.created(&format!("A-{n}")).await?;
    }
    world.writer()?.write(&NewRecord::of("A-1", "poison")).await?;
    let before = world.caught_up(&order).await?;
    tokio::try_join!(cart.terminate(), order.terminate())?;
    let topics = Topics::new(&world.servers.kafka)?;
    topics.delete(&world.topic).await?;
    topics.create(&world.topic, 6, &[("retention.ms", "-1")]).await?;
    // As many records as before, in the same partitions: only their content shows that the topic is another one.
    let id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let writer = world.writer()?;
    for n in 0..12 {
        writer
            .write(&events::record(id, &events::first(&format!("A-{n}")))?)
            .await?;
    }
    writer.write(&NewRecord::of("A-1", "other poison")).await?;

    cart.spawn(&[])?;
    order.spawn(&[])?;
    for service in [&cart, &order] {
        service
            .await_reason(&["is not the topic that the store was built from", "--rebuild"])
            .await?;
    }
    cart.refuses("--rebuild").await?;
    let known: testbed::api_types::Order = order.http.details("A-1").await?.read(200)?;
    assert_ne!(
        known.customer_id, "CUST-TESTBED",
        "what it knew is still served, and nothing else"
    );
    let stats = order.http.stats().await?;
    assert_eq!(
        (stats.records, stats.totals),
        (before.records, before.totals),
        "{stats:?}"
    );

    tokio::try_join!(cart.terminate(), order.terminate())?;
    tokio::try_join!(cart.start_again(&["--rebuild"]), order.start_again(&["--rebuild"]))?;
    let after = world.caught_up(&order).await?;
    assert_eq!(
        (after.orders, after.totals.applied, after.totals.dead_lettered),
        (12, 12, 1),
        "{after:?}"
    );
    assert_eq!(order.http.order("A-1", 1).await?.customer_id, "CUST-TESTBED");
    assert_eq!(cart.http.updated("A-1", "confirmed").await?.order.version, 2);
    world.await_dead_letters(&order, 2).await?;

    tokio::try_join!(cart.restart(), order.restart())?;
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    Ok(())
}

#[tokio::test]
async fn a_topic_that_lost_unread_records_is_read_further_only_once_the_loss_is_accepted() -> anyhow::Result<()> {
    let world = World::new("topics-cut")?;
    let (cart, mut order) = world.pair().await?;
    cart.http.created("A-1").await?;
    world.caught_up(&order).await?;
    order.terminate().await?;
    let missed = cart.http.updated("A-1", "confirmed").await?;
    let ends = log::ends(&world.servers.kafka, &world.topic).await?;
    Topics::new(&world.servers.kafka)?.truncate(&world.topic, &ends).await?;

    order.spawn(&[])?;
    let partition = format!("partition {}", missed.partition);
    order
        .await_reason(&["were deleted", &partition, "--accept-truncated", "--rebuild"])
        .await?;
    let known: testbed::api_types::Order = order.http.details("A-1").await?.read(200)?;
    assert_eq!(known.version, 1);
    // A service without a store has missed them too.
    let mut fresh = world.order()?.spawn()?;
    fresh
        .await_reason(&["were deleted", "--accept-truncated", "--rebuild"])
        .await?;

    order.terminate().await?;
    order.start_again(&["--accept-truncated"]).await?;
    cart.http.updated("A-1", "shipped").await?;
    fresh.terminate().await?;
    fresh.start_again(&["--rebuild"]).await?;
    for (service, applied) in [(&order, 2), (&fresh, 1)] {
        let shown = service.http.order("A-1", 3).await?;
        assert_eq!(shown.status, "shipped", "every event carries the whole order");
        let stats = service.http.stats().await?;
        assert_eq!((stats.totals.applied, stats.totals.gaps), (applied, 1), "{stats:?}");
    }
    Ok(())
}

#[tokio::test]
async fn the_deletion_of_an_aborted_transaction_after_the_last_read_record_stops_nothing() -> anyhow::Result<()> {
    let world = World::new("topics-aborted")?;
    let (mut cart, mut order) = world.pair().await?;
    let written = cart.http.created("A-1").await?;
    let id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let aborted = Writer::in_transaction(&world.servers.kafka, &world.topic)?;
    for partition in 0..6 {
        // Some of these partitions contain nothing else.
        let event = events::first(&events::id_in(partition, "aborted"));
        aborted.write(&events::record(id, &event)?).await?;
    }
    aborted.abort()?;
    let ends = log::ends(&world.servers.kafka, &world.topic).await?;
    assert_eq!(world.log().await?.len(), 1, "the others did not happen");
    // Both have read up to the end, although nothing was delivered after the one record.
    let stats = world.caught_up(&order).await?;
    assert_eq!(stats.records, 1, "{stats:?}");
    until("cart-service has passed over the markers", LONG, async || {
        let metrics = cart.http.get("/metrics").await?.text;
        let lags = metrics.lines().filter(|line| line.starts_with("orderlog_lag_records"));
        let lags: Vec<&str> = lags.filter_map(|line| line.rsplit(' ').next()).collect();
        anyhow::ensure!(lags == ["0"; 6], "{lags:?}");
        Ok(())
    })
    .await?;

    Topics::new(&world.servers.kafka)?.truncate(&world.topic, &ends).await?;
    // A refusal checks where the partition ends: it succeeds although it has to read from there.
    for partition in 0..6 {
        let nobody = events::id_in(partition, "nobody");
        let refused = cart.http.update(&nobody, "confirmed").await?;
        assert_eq!(refused.status, 404, "{refused:?}");
    }
    tokio::try_join!(cart.terminate(), order.terminate())?;
    tokio::try_join!(cart.start_again(&[]), order.start_again(&[]))?;
    let updated = cart.http.updated("A-1", "confirmed").await?;
    assert!(
        updated.offset > written.offset + 2,
        "after record and marker: {updated:?}"
    );
    assert_eq!(order.http.order("A-1", 2).await?.status, "confirmed");
    world.caught_up(&order).await?;

    // Records that were not read are missing as before.
    tokio::try_join!(cart.terminate(), order.terminate())?;
    let event = events::first(&events::id_in(0, "missed"));
    world.writer()?.write(&events::record(id, &event)?).await?;
    let ends = log::ends(&world.servers.kafka, &world.topic).await?;
    Topics::new(&world.servers.kafka)?.truncate(&world.topic, &ends).await?;
    cart.spawn(&[])?;
    order.spawn(&[])?;
    for service in [&cart, &order] {
        service
            .await_reason(&["were deleted", "partition 0", "--accept-truncated"])
            .await?;
    }
    Ok(())
}
