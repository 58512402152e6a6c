//! A broker that hangs for a minute while requests pour in: memory stays flat, services end when they are told to, and
//! afterwards all is as it was.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::StreamExt;
use testbed::client::Client;
use testbed::service::Service;

use crate::probe::throughout;
use crate::scene::{Scene, without_a_broker};

const PAUSE: Duration = Duration::from_secs(60);
const OFFERED: usize = 20_000;
const CONNECTIONS: usize = 64;
/// How much more memory a service may take for all that is offered, in KiB: connections, and what the allocator keeps. What
/// was accepted before the outage was noticed is bounded by the producer's queue of 32 MiB.
const GROWTH_KIB: u64 = 48 * 1024;
/// Longest that a service may take to end.
const ENDING: Duration = Duration::from_secs(10);

/// Offers requests that all must be refused or unknown, each in time.
async fn offer(cart: &Service) -> anyhow::Result<()> {
    let client = Client::new(cart.http.url())?;
    let begun = Instant::now();
    let answers = futures::stream::iter(0..OFFERED).map(async |n| {
        let asked = Instant::now();
        let answer = client.create_short(&format!("O-{n}")).await?;
        anyhow::ensure!(matches!(answer.status, 503 | 504), "{answer:?}");
        anyhow::ensure!(
            asked.elapsed() < Duration::from_secs(6),
            "{:?}: {answer:?}",
            asked.elapsed()
        );
        Ok(answer.status)
    });
    let mut answers = answers.buffer_unordered(CONNECTIONS);
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    while let Some(status) = answers.next().await {
        *counts.entry(status?).or_default() += 1;
    }
    println!("{OFFERED} offered in {:?}: {counts:?}", begun.elapsed());
    Ok(())
}

/// Ends a service, which must not take long.
async fn end(mut service: Service, what: &str) -> anyhow::Result<()> {
    let told = Instant::now();
    service.terminate().await?;
    println!("{what} ended in {:?}", told.elapsed());
    anyhow::ensure!(told.elapsed() < ENDING, "{what} took {:?}", told.elapsed());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_paused_for_a_minute_is_waited_for_in_flat_memory() -> anyhow::Result<()> {
    let scene = Scene::new("outages-pause").await?;
    let (cart, order) = scene.pair().await?;
    let at_once = scene.world.pair().await?;
    let later = scene.world.pair().await?;
    let told = throughout(&cart, &order, async {
        let begun = Instant::now();
        let paused = scene.broker.suspend()?;
        // At first nobody knows that the broker hangs, and writes are under way.
        let (ending, order_ending) = at_once;
        let write = Client::new(ending.http.url())?;
        let under_way = tokio::spawn(async move { write.create_short("under-way").await });
        tokio::try_join!(
            end(ending, "cart-service, at once"),
            end(order_ending, "order-service, at once")
        )?;
        // It may have been told before it was asked; else it answers.
        if let Ok(answer) = under_way.await? {
            assert!(matches!(answer.status, 503 | 504), "{answer:?}");
        }
        without_a_broker(&cart, &order).await?;
        let before = (cart.memory()?, order.memory()?);
        offer(&cart).await?;
        let after = (cart.memory()?, order.memory()?);
        println!("memory in KiB, cart-service and order-service: {before:?}, then {after:?}");
        assert!(after.0 < before.0 + GROWTH_KIB, "{before:?}, then {after:?}");
        let (ending, order_ending) = later;
        tokio::try_join!(
            end(ending, "cart-service, later"),
            end(order_ending, "order-service, later")
        )?;
        // The time is the fault itself.
        tokio::time::sleep(PAUSE.saturating_sub(begun.elapsed())).await;
        drop(paused);
        scene.recovered("a pause of a minute", &cart, &order).await
    })
    .await?;
    scene.world.caught_up(&order).await?;
    let log = scene.world.log().await?;
    told.check(&log)?;
    let offered = log
        .iter()
        .filter(|record| record.key.as_deref().is_some_and(|key| key.starts_with(b"O-")));
    assert_eq!(offered.count(), 0, "what was refused is not there");
    Ok(())
}
