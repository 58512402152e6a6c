//! The topic deleted, and made again, while it is read: nothing is read from the wrong place, nothing is made up.

use std::time::{Duration, Instant};

use testbed::events;
use testbed::registry::Registry;
use testbed::service::Service;
use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::writer::Writer;

use crate::probe::throughout;
use crate::scene::{KEPT, Scene, both_stopped, healthy, refuses, says, start_with};

const ANEW: [&str; 3] = ["is not the one that the store was made from", "made again", "--rebuild"];
/// How long writes may be answered 504 after the topic is gone, before it is known.
const NOTICED: Duration = Duration::from_secs(6);

/// Makes the topic again, with so many events in each partition, of orders that were never asked for.
async fn refill(scene: &Scene, each: i32) -> anyhow::Result<()> {
    let topics = Topics::new(&scene.broker.address())?;
    let id = Registry::new(&scene.world.servers.registry)?
        .ours(&scene.world.topic)
        .await?;
    topics.delete(&scene.world.topic).await?;
    topics.create(&scene.world.topic, 6, &[KEPT]).await?;
    let writer = Writer::new(&scene.broker.address(), &scene.world.topic)?;
    let mut reports = Vec::new();
    for partition in 0..6 {
        for n in 0..each {
            let order = events::first(&events::id_in(partition, 6, &format!("X{n}")));
            reports.push(writer.send(&events::record(id, &order)?)?);
        }
    }
    for report in reports {
        report.await??;
    }
    Ok(())
}

/// As many orders in each partition.
async fn fill(cart: &Service, each: i32) -> anyhow::Result<()> {
    for partition in 0..6 {
        for n in 0..each {
            cart.http
                .created(&events::id_in(partition, 6, &format!("F{n}")))
                .await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_deleted_and_made_again_stops_everything_but_reads_until_a_rebuild() -> anyhow::Result<()> {
    let scene = Scene::new("outages-deleted").await?;
    let (mut cart, mut order) = scene.pair().await?;
    let topics = Topics::new(&scene.broker.address())?;
    throughout(&cart, &order, async {
        topics.delete(&scene.world.topic).await?;
        let gone = Instant::now();
        until("the loss is known", NOTICED, async || {
            let answer = cart.http.create_short("A-2").await?;
            anyhow::ensure!(answer.status == 503 && answer.text.contains("is gone"), "{answer:?}");
            Ok(())
        })
        .await?;
        println!("a deleted topic was known after {} ms", gone.elapsed().as_millis());
        says(&order, &["is gone", "bring it back"]).await?;
        topics.create(&scene.world.topic, 6, &[KEPT]).await?;
        both_stopped(&cart, &order, &ANEW).await
    })
    .await?;
    // A plain restart is not enough.
    tokio::try_join!(cart.terminate(), order.terminate())?;
    cart.spawn(&[])?;
    order.spawn(&[])?;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_made_again_longer_than_it_was_is_not_read_on_from_the_middle() -> anyhow::Result<()> {
    let scene = Scene::new("outages-longer").await?;
    let (mut cart, mut order) = scene.pair().await?;
    fill(&cart, 2).await?;
    let before = scene.world.caught_up(&order).await?;
    // Under their eyes, and as fast as it can be done.
    refill(&scene, 20).await?;
    both_stopped(&cart, &order, &ANEW).await?;
    let stats = order.http.stats().await?;
    assert_eq!(
        (stats.orders, stats.records),
        (before.orders, before.records),
        "{stats:?}"
    );

    start_with(&mut cart, &mut order, "--rebuild").await?;
    assert_eq!(scene.world.caught_up(&order).await?.totals.applied, 120);
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    let before = scene.world.caught_up(&order).await?;
    // Behind their backs: while they are cut off.
    scene.broker.proxy.cut();
    says(&cart, &["no Kafka broker is heard"]).await?;
    says(&order, &["no Kafka broker is heard"]).await?;
    refill(&scene, 40).await?;
    scene.broker.proxy.heal();
    both_stopped(&cart, &order, &ANEW).await?;
    let stats = order.http.stats().await?;
    assert_eq!(
        (stats.orders, stats.records),
        (before.orders, before.records),
        "{stats:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_topic_of_which_nothing_was_read_may_be_made_again() -> anyhow::Result<()> {
    let scene = Scene::new("outages-empty").await?;
    let (cart, order) = scene.world.pair().await?;
    let topics = Topics::new(&scene.broker.address())?;
    topics.delete(&scene.world.topic).await?;
    for service in [&cart, &order] {
        says(service, &["does not exist"]).await?;
    }
    refuses(&cart, "does not exist").await?;
    topics.create(&scene.world.topic, 6, &[KEPT]).await?;
    until("it is ready again", LONG, async || {
        anyhow::ensure!(cart.http.get("/health/ready").await?.status == 200);
        Ok(())
    })
    .await?;
    for service in [&cart, &order] {
        healthy(service).await?;
    }
    cart.http.created("A-1").await?;
    order.http.order("A-1", 1).await?;
    Ok(())
}
