//! The topic deleted, and recreated, while it is read: nothing is read from the wrong offset, and nothing is made up.

use std::time::{Duration, Instant};

use testbed::events;
use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::Writer;

use crate::probe::while_clients_work;
use crate::scene::{KEPT, Scene, both_stopped, fill, pair, recovered, start_with};

const RECREATED: [&str; 3] = [
    "is not the topic that the store was built from",
    "recreated",
    "--rebuild",
];
/// Maximum time that writes may be answered with 504 after the topic was deleted, until that is known.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(6);

/// Recreates the topic at that address, with that many events in each partition, of orders that were never requested.
async fn refill(world: &World, kafka: &str, each: i32) -> anyhow::Result<()> {
    let topics = Topics::new(kafka)?;
    let id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    topics.delete(&world.topic).await?;
    topics.create(&world.topic, 6, &[KEPT]).await?;
    let writer = Writer::new(kafka, &world.topic)?;
    let mut reports = Vec::new();
    for partition in 0..6 {
        for n in 0..each {
            let order = events::first(&events::id_in(partition, &format!("X{n}")));
            reports.push(writer.send(&events::record(id, &order)?)?);
        }
    }
    for report in reports {
        report.await??;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_and_recreated_topic_stops_everything_but_reads_until_a_rebuild() -> anyhow::Result<()> {
    let world = World::new("outages-deleted")?;
    let (mut cart, mut order) = pair(&world).await?;
    let topics = Topics::new(&world.servers.kafka)?;
    let told = while_clients_work(&cart, &order, async {
        topics.delete(&world.topic).await?;
        let gone = Instant::now();
        until("the loss is known", NOTICE_TIMEOUT, async || {
            let answer = cart.http.create_short("A-2").await?;
            anyhow::ensure!(answer.status == 503 && answer.text.contains("is missing"), "{answer:?}");
            Ok(())
        })
        .await?;
        println!("a deleted topic was known after {} ms", gone.elapsed().as_millis());
        order.await_reason(&["is missing", "restore it"]).await?;
        topics.create(&world.topic, 6, &[KEPT]).await?;
        both_stopped(&cart, &order, &RECREATED).await
    })
    .await?;
    told.check_other(&world.log().await?)?;
    // A plain restart is not enough.
    tokio::try_join!(cart.terminate(), order.terminate())?;
    cart.spawn(&[])?;
    order.spawn(&[])?;
    both_stopped(
        &cart,
        &order,
        &["is not the topic that the store was built from", "--rebuild"],
    )
    .await?;
    start_with(&mut cart, &mut order, "--rebuild").await?;
    assert_eq!(order.http.details("A-1").await?.status, 404);
    recovered("a rebuild", &cart, &order).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_recreated_with_more_records_is_not_read_from_the_middle() -> anyhow::Result<()> {
    let scene = Scene::new("outages-longer").await?;
    let (mut cart, mut order) = pair(&scene.world).await?;
    fill(&cart, "F", 2).await?;
    // First while they are connected, as fast as possible.
    let told = while_clients_work(&cart, &order, async {
        refill(&scene.world, &scene.broker.address(), 200).await?;
        both_stopped(&cart, &order, &RECREATED).await
    })
    .await?;
    let log = scene.world.log().await?;
    told.check_other(&log)?;
    for partition in 0..6 {
        for n in 0..200 {
            let id = events::id_in(partition, &format!("X{n}"));
            assert_eq!(order.http.details(&id).await?.status, 404, "{id}");
        }
    }

    start_with(&mut cart, &mut order, "--rebuild").await?;
    assert_eq!(scene.world.caught_up(&order).await?.totals.applied, log.len() as u64);
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    // Then while they are cut off.
    let told = while_clients_work(&cart, &order, async {
        scene.broker.proxy.cut();
        cart.await_reason(&["not connected to Kafka"]).await?;
        order.await_reason(&["not connected to Kafka"]).await?;
        let before = order.http.stats().await?;
        refill(&scene.world, &scene.broker.address(), 400).await?;
        scene.broker.proxy.heal();
        both_stopped(&cart, &order, &RECREATED).await?;
        let stats = order.http.stats().await?;
        assert_eq!(
            (stats.orders, stats.records),
            (before.orders, before.records),
            "{stats:?}"
        );
        Ok(())
    })
    .await?;
    told.check_other(&scene.world.log().await?)
}

#[tokio::test]
async fn a_topic_that_was_read_is_not_recreated_at_startup() -> anyhow::Result<()> {
    let world = World::new("outages-absent")?;
    let (mut cart, mut order) = pair(&world).await?;
    world.caught_up(&order).await?;
    let topics = Topics::new(&world.servers.kafka)?;
    tokio::try_join!(cart.terminate(), order.terminate())?;
    topics.delete(&world.topic).await?;
    cart.spawn(&[])?;
    order.spawn(&[])?;
    for service in [&cart, &order] {
        service.await_reason(&["is missing", "restore it"]).await?;
    }
    assert_eq!(topics.partitions(&world.topic)?, 0, "nobody has created it");
    // A service that is told to rebuild may create it.
    start_with(&mut cart, &mut order, "--rebuild").await?;
    assert_eq!(topics.partitions(&world.topic)?, 6);
    recovered("a rebuild", &cart, &order).await
}

#[tokio::test]
async fn a_topic_from_which_nothing_was_read_may_be_recreated() -> anyhow::Result<()> {
    let world = World::new("outages-empty")?;
    let (cart, order) = world.pair().await?;
    let topics = Topics::new(&world.servers.kafka)?;
    topics.delete(&world.topic).await?;
    for service in [&cart, &order] {
        service.await_reason(&["does not exist"]).await?;
    }
    cart.refuses("does not exist").await?;
    topics.create(&world.topic, 6, &[KEPT]).await?;
    until("it is ready again", LONG, async || {
        anyhow::ensure!(cart.http.get("/health/ready").await?.status == 200);
        Ok(())
    })
    .await?;
    for service in [&cart, &order] {
        service.await_healthy().await?;
    }
    // Until the client's statistics show the new topic's leaders, a write may be refused.
    until("a write is accepted", LONG, async || {
        let answer = cart.http.create_short("A-1").await?;
        anyhow::ensure!(answer.status == 201, "{answer:?}");
        Ok(())
    })
    .await?;
    order.http.order("A-1", 1).await?;
    Ok(())
}
