//! Replays and what else happens on the dead-letter topic: another producer's open transaction, several partitions, and another
//! topic of the same name.

use anyhow::Context;
use orderlog_runtime::crash_point::Point;
use reqwest::Method;
use serde_json::{Value, json};
use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::{NewRecord, Writer};

use crate::replay::{Misplaced, each_once, ended, job, sent, start};

/// Marks that were committed above an open transaction cannot be read before that ends. Until then it is not known what was
/// replayed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_while_another_producers_transaction_hides_what_was_replayed() -> anyhow::Result<()> {
    const COUNT: usize = 300;
    let world = World::new("replay-hidden")?;
    let mut order = world.order()?.start().await?;
    let mut misplaced = Misplaced::new(&world).await?;
    misplaced.write(COUNT, &order).await?;
    order.kill()?;
    order.spawn_to_crash(&format!("{}:4", Point::ReplayCommitted.name()), &[])?;
    order.ready().await?;
    let id = start(&order.http, json!({"all": true, "ratePerSecond": 30})).await?;
    sent(&order.http, &id, 1).await?;
    let other = Writer::in_transaction(&world.servers.kafka, &world.dead_letter_topic())?;
    other.write(&NewRecord::of("other", "")).await?;
    // The last transaction, at least, is committed above that one, and not in the store.
    order.await_crash().await?;
    order.start_again(&[]).await?;
    until("it waits", LONG, async || {
        let job = job(&order.http, &id).await?;
        let waiting = job["waiting"].as_str().unwrap_or_default();
        anyhow::ensure!(waiting.contains("behind its topic"), "{job}");
        Ok(())
    })
    .await?;
    assert_eq!(copies(&world).await?, 4 * 30);
    let body = json!({"all": true, "reason": "a test"});
    let refused = order.http.send_with(Method::POST, "/dlq/discard", &[], &body).await?;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.text.contains("transaction"), "{refused:?}");
    assert_eq!(job(&order.http, &id).await?["state"], "running");
    assert_eq!(copies(&world).await?, 4 * 30, "nothing was sent meanwhile");
    other.abort()?;
    let job = ended(&order.http, &id).await?;
    assert_eq!((&job["state"], &job["sent"]), (&json!("done"), &json!(COUNT)), "{job}");
    each_once(&world, COUNT).await?;
    Ok(())
}

/// How many records of the event topic are replays.
async fn copies(world: &World) -> anyhow::Result<usize> {
    let mut records = world.log().await?;
    records.retain(|record| !record.header("orderlog.replay-of").is_empty());
    Ok(records.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_replay_has_sent_is_not_discarded_in_any_of_several_partitions() -> anyhow::Result<()> {
    const COUNT: usize = 400;
    let world = World::new("replay-partitions")?;
    let topics = Topics::new(&world.servers.kafka)?;
    topics.create(&world.dead_letter_topic(), 4, &[]).await?;
    let mut order = world.order()?.start().await?;
    let mut misplaced = Misplaced::new(&world).await?;
    misplaced.write(COUNT, &order).await?;
    let id = start(&order.http, json!({"all": true, "ratePerSecond": 50})).await?;
    sent(&order.http, &id, 50).await?;
    let body = json!({"all": true, "reason": "a test"});
    let answer = order.http.send_with(Method::POST, "/dlq/discard", &[], &body).await?;
    let discarded = answer.read::<Value>(200)?["discarded"].as_u64().context("a count")?;
    assert_eq!(
        order.http.dlq().await?.count,
        0,
        "the index has the marks of all partitions"
    );
    order.kill()?;
    order.start_again(&[]).await?;
    let job = ended(&order.http, &id).await?;
    let replayed = job["sent"].as_u64().context("a count")?;
    assert_eq!(
        (&job["state"], discarded + replayed),
        (&json!("done"), COUNT as u64),
        "{discarded} discarded, {job}"
    );
    assert_eq!(copies(&world).await? as u64, replayed);
    let mut partitions: Vec<i32> = Vec::new();
    for record in world.dead_letters().await? {
        if record.header("orderlog.mark") == "discarded" {
            partitions.push(record.partition);
        }
    }
    partitions.sort_unstable();
    assert_eq!(partitions, [0, 1, 2, 3], "one mark each");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_of_a_topic_that_was_recreated_ends_and_says_why() -> anyhow::Result<()> {
    let world = World::new("replay-recreated")?;
    let mut order = world.order()?.start().await?;
    let mut misplaced = Misplaced::new(&world).await?;
    misplaced.write(20, &order).await?;
    let id = start(&order.http, json!({"all": true, "ratePerSecond": 1})).await?;
    sent(&order.http, &id, 1).await?;
    let running = job(&order.http, &id).await?;
    assert_eq!(running["state"], "running", "{running}");
    order.kill()?;
    let topics = Topics::new(&world.servers.kafka)?;
    topics.delete(&world.dead_letter_topic()).await?;
    order.start_again(&[]).await?;
    let job = ended(&order.http, &id).await?;
    let error = job["error"].as_str().unwrap_or_default();
    assert_eq!(job["state"], "failed", "{job}");
    assert!(error.contains("recreated"), "{job}");
    Ok(())
}
