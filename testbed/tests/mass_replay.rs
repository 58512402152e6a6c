//! Many dead letters are replayed while order-service is killed: each one is sent once, and memory stays flat. In its own test
//! binary, so that it has the machine to itself.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use testbed::client::Client;
use testbed::events;
use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::wait::until;
use testbed::world::World;
use testbed::writer::NewRecord;

/// The time limit of each step.
const LIMIT: Duration = Duration::from_secs(900);
/// How often order-service is killed.
const KILLS: u64 = 5;
/// How many records are on their way to the broker.
const CHUNK: u32 = 10_000;

/// With the variables that `scripts/test.sh` sets for the tests: `cargo test -p testbed --all-features --test mass_replay --
/// --ignored --nocapture`, after `cargo build --workspace --all-targets --all-features`.
#[tokio::test]
#[ignore = "takes some minutes"]
async fn a_hundred_thousand_dead_letters_are_replayed_once_each_although_order_service_is_killed_five_times()
-> anyhow::Result<()> {
    are_replayed_once(100_000).await
}

#[tokio::test]
async fn thousands_of_dead_letters_are_replayed_once_each_although_order_service_is_killed_five_times()
-> anyhow::Result<()> {
    are_replayed_once(3_000).await
}

async fn are_replayed_once(count: u32) -> anyhow::Result<()> {
    let world = World::new("mass-replay")?;
    let mut order = world.order()?.start().await?;
    let partitions = Topics::new(&world.servers.kafka)?.partitions(&world.topic)?;
    for partition in 0..partitions {
        // Everything that is written here is invalid.
        post(
            &order.http,
            "/dlq/resume",
            &json!({"partition": partition, "maxDeadLetters": 2000}),
            200,
        )
        .await?;
    }
    let begun = Instant::now();
    write_misplaced(&world, partitions, count).await?;
    let http = order.http.clone();
    until("they are dead letters", LIMIT, async || {
        let open = http.dlq().await?.count;
        anyhow::ensure!(open == u64::from(count), "{open} so far");
        Ok(())
    })
    .await?;
    println!("{count} records are dead letters after {:?}", begun.elapsed());

    let begun = Instant::now();
    // Faster than it can be.
    let job = post(
        &order.http,
        "/dlq/replay",
        &json!({"all": true, "ratePerSecond": 100_000}),
        202,
    )
    .await?;
    let path = format!("/dlq/replays/{}", job["id"].as_str().context("an id")?);
    let mut peak = 0;
    for kill in 1..=KILLS {
        let enough = u64::from(count) * kill / (KILLS + 1);
        let http = order.http.clone();
        let job = until("some are sent", LIMIT, async || {
            let job = http.get(&path).await?.value();
            anyhow::ensure!(job["sent"].as_u64() >= Some(enough), "{job}");
            Ok(job)
        })
        .await?;
        peak = peak.max(order.peak_memory()?);
        println!(
            "killed after {:?}: {} sent, {}",
            begun.elapsed(),
            job["sent"],
            job["outcomes"]
        );
        order.kill()?;
        order.start_again(&[]).await?;
    }
    let http = order.http.clone();
    let job = until("the replay ends", LIMIT, async || {
        let job: Value = http.get(&path).await?.read(200)?;
        anyhow::ensure!(job["state"] != "running", "{job}");
        Ok(job)
    })
    .await?;
    let (took, peak) = (begun.elapsed(), peak.max(order.peak_memory()?));
    let rate = f64::from(count) / took.as_secs_f64();
    println!("{count} replayed in {took:?}, {rate:.0} per second, peak {peak} KiB");
    assert_eq!((&job["state"], &job["sent"]), (&json!("done"), &json!(count)), "{job}");
    assert_eq!(job["outcomes"]["applied"], count, "{job}");
    assert_eq!(order.http.stats().await?.orders, u64::from(count));
    assert_eq!(order.http.dlq().await?.by_state["replayed"], u64::from(count));
    each_once(&world, count).await
}

/// Writes valid events to partitions that are not those of their keys.
async fn write_misplaced(world: &World, partitions: i32, count: u32) -> anyhow::Result<()> {
    let (writer, mut reports) = (world.writer()?, Vec::new());
    let schema_id = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    for n in 0..count {
        let home = i32::try_from(n)? % partitions;
        let event = events::first(&events::id_in(home, &format!("M{n}")));
        reports.push(writer.send(&NewRecord {
            partition: Some((home + 1) % partitions),
            ..events::record(schema_id, &event)?
        })?);
        if reports.len() == CHUNK as usize || n + 1 == count {
            for report in reports.drain(..) {
                report.await??;
            }
        }
    }
    Ok(())
}

/// Checks that each dead letter was sent once, with a reader of its own.
async fn each_once(world: &World, count: u32) -> anyhow::Result<()> {
    let mut copies: BTreeMap<String, u32> = BTreeMap::new();
    for record in world.log().await? {
        let id = record.header("orderlog.replay-of");
        if !id.is_empty() {
            *copies.entry(id).or_default() += 1;
        }
    }
    let twice: Vec<_> = copies.iter().filter(|(_, copies)| **copies > 1).collect();
    assert_eq!((copies.len(), twice), (count as usize, Vec::new()));
    println!("each of {count} dead letters is on the topic once");
    Ok(())
}

async fn post(http: &Client, path: &str, body: &Value, status: u16) -> anyhow::Result<Value> {
    http.send_with(Method::POST, path, &[], body).await?.read(status)
}
