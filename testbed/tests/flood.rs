//! A topic full of ids that the registry does not know, as from a producer that uses another registry. All of it is
//! dead-lettered quickly, and memory stays flat. In its own test binary, so that it has the machine to itself.

use std::time::{Duration, Instant};

use orderlog_contract::frame;
use reqwest::Method;
use testbed::events;
use testbed::registry::Registry;
use testbed::service::Service;
use testbed::wait::until;
use testbed::world::World;
use testbed::writer::NewRecord;

/// The time limit.
const LIMIT: Duration = Duration::from_secs(300);
/// How much memory the last three quarters may add, in KiB: the store's caches and memtables fill up once.
const GROWTH_KIB: u64 = 150 * 1024;

/// An order of partition 0.
fn key(n: u32) -> String {
    events::id_in(0, &format!("F{n}"))
}

/// Writes that many records to partition 0, each with its own id and key, and a good one after them.
async fn flood(world: &World, records: u32) -> anyhow::Result<()> {
    let writer = world.writer()?;
    let mut reports = Vec::new();
    for n in 0..records {
        let value = [&frame::header(1_000_000_000 + n)[..], b"?"].concat();
        reports.push(writer.send(&NewRecord::of(&key(n), value))?);
        if reports.len() == 10_000 {
            for report in reports.drain(..) {
                report.await??;
            }
        }
    }
    let ours = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let behind = events::first(&events::id_in(0, "behind"));
    writer.write(&events::record(ours, &behind)?).await?;
    Ok(())
}

/// Waits until `done` counts all records. The last three quarters must add little memory.
async fn in_flat_memory(
    service: &Service,
    records: u32,
    mut done: impl AsyncFnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut early = None;
    until("all are skipped", LIMIT, async || {
        let done = done().await?;
        if early.is_none() && done >= u64::from(records / 4) {
            early = Some(service.peak_memory()?);
        }
        anyhow::ensure!(done == u64::from(records), "{done} so far");
        Ok(())
    })
    .await?;
    let (early, late) = (early.unwrap_or_default(), service.peak_memory()?);
    println!(
        "{records} took {:?}; peak {early} KiB after a quarter, {late} KiB at the end",
        begun.elapsed()
    );
    assert!(late < early + GROWTH_KIB, "{early} KiB, then {late} KiB");
    Ok(())
}

#[tokio::test]
async fn tens_of_thousands_of_unknown_ids_are_skipped_quickly_and_in_flat_memory() -> anyhow::Result<()> {
    are_skipped(20_000).await
}

/// With the variables that `scripts/test.sh` sets for the tests: `cargo test -p testbed --all-features --test flood --
/// --ignored --nocapture`, after `cargo build --workspace --all-targets --all-features`.
#[tokio::test]
#[ignore = "takes two minutes"]
async fn hundreds_of_thousands_of_unknown_ids_are_skipped_quickly_and_in_flat_memory() -> anyhow::Result<()> {
    are_skipped(100_000).await
}

async fn are_skipped(records: u32) -> anyhow::Result<()> {
    let world = World::new("flood")?;
    let order = world.order()?.start().await?;
    let no_breaker = r#"{"partition": 0, "maxDeadLetters": 2000}"#.to_owned();
    let body = Some(("application/json", no_breaker));
    let set = order.http.send(Method::POST, "/dlq/resume", body).await?;
    assert_eq!(set.status, 200, "{set:?}");
    flood(&world, records).await?;
    in_flat_memory(&order, records, async || {
        Ok(order.http.stats().await?.totals.dead_lettered)
    })
    .await?;
    order.http.order(&events::id_in(0, "behind"), 1).await?;
    world.await_dead_letters(&order, records as usize).await?;
    assert_eq!(order.http.dlq().await?.by_code["unknown_schema_id"], u64::from(records));
    drop(order);

    // cart-service has that many unresolved orders.
    let world = World::new("flood-doubts")?;
    let cart = world.cart()?.start().await?;
    let records = records / 5;
    flood(&world, records).await?;
    in_flat_memory(&cart, records, async || {
        let metrics = cart.http.get("/metrics").await?.text;
        let name = "orderlog_unusable_records_total{service=\"cart-service\",code=\"unknown_schema_id\"} ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        Ok(line.unwrap_or("0").parse()?)
    })
    .await?;
    let refused = cart.http.create_short(&key(records - 1)).await?;
    assert!(refused.text.contains("does not know schema id"), "{refused:?}");
    cart.http.created(&events::id_in(0, "fine")).await?;
    Ok(())
}
