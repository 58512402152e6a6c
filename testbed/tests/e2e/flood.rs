//! A topic full of ids that no registry knows: a producer that talks to another registry, say. All of it is dead-lettered,
//! soon, and without taking more memory the longer it lasts.

use std::time::{Duration, Instant};

use common::codec::frame;
use testbed::events;
use testbed::registry::Registry;
use testbed::wait::until;
use testbed::world::World;
use testbed::writer::NewRecord;

const RECORDS: u32 = 100_000;
/// How long it may take.
const LIMIT: Duration = Duration::from_secs(300);
/// How much more memory the last three quarters may take, in KiB: the store's caches and memtables fill up once.
const GROWTH_KIB: u64 = 150 * 1024;

#[tokio::test]
async fn a_hundred_thousand_unknown_ids_are_dead_lettered_soon_and_in_flat_memory() -> anyhow::Result<()> {
    let world = World::new("flood")?;
    let order = world.order()?.start().await?;
    let writer = world.writer()?;
    let mut reports = Vec::new();
    for n in 0..RECORDS {
        let record = NewRecord {
            partition: Some(0),
            ..NewRecord::of("A", [&frame::header(1_000_000_000 + n)[..], b"?"].concat())
        };
        reports.push(writer.send(&record)?);
        if reports.len() == 10_000 {
            for report in reports.drain(..) {
                report.await??;
            }
        }
    }
    let begun = Instant::now();
    let ours = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    let behind = events::first(&events::id_in(0, 6, "behind"));
    writer.write(&events::record(ours, &behind)?).await?;
    let mut early = None;
    until("all are dead-lettered", LIMIT, async || {
        let done = order.http.stats().await?.totals.dead_lettered;
        if early.is_none() && done >= u64::from(RECORDS / 4) {
            early = Some(order.peak_memory()?);
        }
        anyhow::ensure!(done == u64::from(RECORDS), "{done} so far");
        Ok(())
    })
    .await?;
    let (early, late) = (early.unwrap_or_default(), order.peak_memory()?);
    println!(
        "{RECORDS} took {:?}; peak {early} KiB after a quarter, {late} KiB at the end",
        begun.elapsed()
    );
    assert!(late < early + GROWTH_KIB, "{early} KiB, then {late} KiB");
    assert_eq!(
        order.http.order(&behind.order.order_id, 1).await?.event_id,
        Some(behind.event_id)
    );
    world.letters_indexed(&order, RECORDS as usize).await?;
    assert_eq!(order.http.dlq().await?.by_code["unknown_schema_id"], u64::from(RECORDS));
    Ok(())
}
