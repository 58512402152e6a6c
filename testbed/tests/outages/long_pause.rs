//! A broker that hangs for a minute while requests pour in: memory stays flat, services end when told to, and
//! afterwards everything is as before.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::StreamExt;
use testbed::client::Client;
use testbed::service::Service;

use crate::probe::while_clients_work;
use crate::scene::{Scene, pair, recovered, without_a_broker};

const PAUSE: Duration = Duration::from_secs(60);
const OFFERED: usize = 20_000;
const CONNECTIONS: usize = 64;
/// Maximum time until an answer: the write deadline, plus what a busy machine adds with so many clients.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5 + 3);
/// How much a service's peak memory may grow by the outage and the offered requests, in KiB: the connections, the few
/// hundred writes that were in flight when the broker was lost, and what the allocator keeps. Keeping every offered
/// request would take more, at about a kilobyte for an order, its request and its answer.
const GROWTH_KIB: u64 = 16 * 1024;

/// Offers requests that must all be refused or unknown, each in time.
async fn offer(cart: &Service) -> anyhow::Result<()> {
    let client = Client::new(cart.http.url())?;
    let begun = Instant::now();
    let answers = futures::stream::iter(0..OFFERED).map(async |n| {
        let asked = Instant::now();
        let answer = client.create_short(&format!("O-{n}")).await?;
        anyhow::ensure!(matches!(answer.status, 503 | 504), "{answer:?}");
        let took = asked.elapsed();
        anyhow::ensure!(took < ANSWER_TIMEOUT, "{took:?}: {answer:?}");
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

/// Ends a service as an operator would, and returns how long it took.
async fn end(mut service: Service, what: &str) -> anyhow::Result<()> {
    let told = Instant::now();
    service.terminate().await?;
    println!("{what} ended in {:?}", told.elapsed());
    Ok(())
}

/// The peak memory of both, in KiB.
fn memory(cart: &Service, order: &Service) -> anyhow::Result<[u64; 2]> {
    Ok([cart.peak_memory()?, order.peak_memory()?])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_paused_for_a_minute_is_waited_for_in_flat_memory() -> anyhow::Result<()> {
    let scene = Scene::new("outages-pause").await?;
    let (cart, order) = pair(&scene.world).await?;
    let at_once = scene.world.pair().await?;
    let later = scene.world.pair().await?;
    let before = memory(&cart, &order)?;
    let told = while_clients_work(&cart, &order, async {
        let begun = Instant::now();
        let paused = scene.broker.suspend()?;
        // At first, neither service knows that the broker hangs, and writes are in flight.
        let (ending, order_ending) = at_once;
        let write = Client::new(ending.http.url())?;
        let under_way = tokio::spawn(async move { write.create_short("under-way").await });
        tokio::try_join!(
            end(ending, "cart-service, at once"),
            end(order_ending, "order-service, at once")
        )?;
        // It may have been told before it was asked; otherwise it answers.
        if let Ok(answer) = under_way.await? {
            assert!(matches!(answer.status, 503 | 504), "{answer:?}");
        }
        without_a_broker(&cart, &order).await?;
        offer(&cart).await?;
        let (ending, order_ending) = later;
        tokio::try_join!(
            end(ending, "cart-service, later"),
            end(order_ending, "order-service, later")
        )?;
        // The pause is the fault itself.
        tokio::time::sleep(PAUSE.saturating_sub(begun.elapsed())).await;
        drop(paused);
        recovered("a pause of a minute", &cart, &order).await
    })
    .await?;
    let after = memory(&cart, &order)?;
    println!("peak memory in KiB, cart-service and order-service: {before:?}, then {after:?}");
    for (before, after) in before.into_iter().zip(after) {
        assert!(after < before + GROWTH_KIB, "{before:?}, then {after:?}");
    }
    scene.world.caught_up(&order).await?;
    let log = scene.world.log().await?;
    told.check(&log)?;
    let offered = log
        .iter()
        .filter(|record| record.key.as_deref().is_some_and(|key| key.starts_with(b"O-")));
    assert_eq!(offered.count(), 0, "refused requests wrote nothing");
    Ok(())
}
