//! Replays of dead letters: whatever dies or is fenced meanwhile, every record is sent exactly once. That is checked in the
//! topics, with a reader of their own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_kafka::partition::Partitioner;
use orderlog_runtime::crash_point::Point;
use reqwest::Method;
use serde_json::{Value, json};
use testbed::client::Client;
use testbed::service::Service;
use testbed::topics::Topics;
use testbed::wait::{LONG, until};
use testbed::world::World;
use testbed::writer::{NewRecord, Writer};
use testbed::{events, registry};

/// Where order-service dies, and at which visit of that point: at the beginning of a replay, and in the middle of it.
pub(crate) const POINTS: [(Point, u32); 6] = [
    (Point::ReplayNotBegun, 1),
    (Point::ReplayNotBegun, 3),
    (Point::ReplayProduced, 1),
    (Point::ReplayProduced, 3),
    (Point::ReplayCommitted, 1),
    (Point::ReplayCommitted, 3),
];
/// Dead letters of one round: more than three transactions.
const ROUND: usize = 350;

/// Valid events in partitions that are not those of their keys.
pub(crate) struct Misplaced {
    writer: Writer,
    schema_id: u32,
    partitions: i32,
    written: usize,
}

impl Misplaced {
    pub(crate) async fn new(world: &World) -> anyhow::Result<Self> {
        let registry = registry::Registry::new(&world.servers.registry)?;
        Ok(Self {
            writer: world.writer()?,
            schema_id: registry.ours(&world.topic).await?,
            partitions: Topics::new(&world.servers.kafka)?.partitions(&world.topic)?,
            written: 0,
        })
    }

    /// Writes as many, and waits until they are dead letters.
    pub(crate) async fn write(&mut self, count: usize, order: &Service) -> anyhow::Result<()> {
        let open = order.http.dlq().await?.count;
        let mut reports = Vec::with_capacity(count);
        for n in self.written..self.written + count {
            let event = events::first(&format!("R-{n}"));
            let home = Partitioner::default().of_key(event.order.order_id.as_bytes(), self.partitions);
            let record = NewRecord {
                partition: Some((home + 1) % self.partitions),
                ..events::record(self.schema_id, &event)?
            };
            reports.push(self.writer.send(&record)?);
        }
        for report in reports {
            report.await??;
        }
        self.written += count;
        until("they are dead letters", 2 * LONG, async || {
            let now = order.http.dlq().await?.count;
            anyhow::ensure!(now == open + count as u64, "{now} dead letters");
            Ok(())
        })
        .await
    }
}

pub(crate) async fn start(http: &Client, body: Value) -> anyhow::Result<String> {
    let answer = http.send_with(Method::POST, "/dlq/replay", &[], &body).await?;
    let job: Value = answer.read(202)?;
    Ok(job["id"].as_str().context("an id")?.to_owned())
}

pub(crate) async fn job(http: &Client, id: &str) -> anyhow::Result<Value> {
    http.get(&format!("/dlq/replays/{id}")).await?.read(200)
}

pub(crate) async fn ended(http: &Client, id: &str) -> anyhow::Result<Value> {
    until("the replay ends", 4 * LONG, async || {
        let job = job(http, id).await?;
        anyhow::ensure!(job["state"] != "running", "{job}");
        Ok(job)
    })
    .await
}

/// Waits until that many records of the replay were sent, and returns it.
pub(crate) async fn sent(http: &Client, id: &str, count: u64) -> anyhow::Result<Value> {
    until("records are sent", LONG, async || {
        let job = job(http, id).await?;
        anyhow::ensure!(job["sent"].as_u64() >= Some(count), "{job}");
        Ok(job)
    })
    .await
}

/// Checks that each of as many dead letters was sent once, and that the marks on the dead-letter topic name exactly those.
/// Returns how many each job has sent.
pub(crate) async fn each_once(world: &World, count: usize) -> anyhow::Result<BTreeMap<String, u64>> {
    let (mut copies, mut jobs) = (BTreeMap::<String, String>::new(), BTreeMap::new());
    for record in world.log().await? {
        let (letter, job) = (record.header("orderlog.replay-of"), record.header("orderlog.job"));
        if !letter.is_empty() {
            *jobs.entry(job.clone()).or_default() += 1;
            let before = copies.insert(letter.clone(), job);
            anyhow::ensure!(before.is_none(), "{letter} was sent twice");
        }
    }
    let mut marked = BTreeMap::new();
    for record in world.dead_letters().await? {
        let letters = record.header("orderlog.dead-letters");
        for letter in letters.split(',').filter(|letter| !letter.is_empty()) {
            let before = marked.insert(letter.to_owned(), record.header("orderlog.job"));
            anyhow::ensure!(before.is_none(), "{letter} was marked twice");
        }
    }
    anyhow::ensure!(copies == marked, "what was sent is not what the marks say");
    assert_eq!(copies.len(), count, "dead letters were sent");
    Ok(jobs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_is_killed_between_any_two_steps_goes_on_and_sends_nothing_twice() -> anyhow::Result<()> {
    let world = World::new("replay-crashes")?;
    let mut order = world.order()?.start().await?;
    let mut misplaced = Misplaced::new(&world).await?;
    for (round, (point, nth)) in POINTS.into_iter().enumerate() {
        misplaced.write(ROUND, &order).await?;
        order.kill()?;
        order.spawn_to_crash(&format!("{}:{nth}", point.name()), &[])?;
        order.ready().await?;
        let id = start(&order.http, json!({"all": true})).await?;
        // It dies while it sends, so the replay is running.
        order.await_crash().await?;
        order.start_again(&[]).await?;
        let job = ended(&order.http, &id).await?;
        let count = json!(ROUND);
        assert_eq!(job["state"], "done", "after {point:?}: {job}");
        assert_eq!(
            (&job["sent"], &job["outcomes"]["applied"]),
            (&count, &count),
            "after {point:?}: {job}"
        );
        each_once(&world, (round + 1) * ROUND).await?;
        assert_eq!(order.http.dlq().await?.count, 0);
    }
    assert_eq!(order.http.stats().await?.orders, misplaced.written as u64);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_that_replay_the_same_dead_letters_send_each_once() -> anyhow::Result<()> {
    let world = World::new("replay-instances")?;
    let (mut one, mut two) = (world.order()?.spawn()?, world.order()?.spawn()?);
    one.ready().await?;
    two.ready().await?;
    let mut misplaced = Misplaced::new(&world).await?;
    misplaced.write(1_500, &one).await?;
    let body = || json!({"all": true, "ratePerSecond": 300});
    let (first, second) = tokio::try_join!(start(&one.http, body()), start(&two.http, body()))?;
    let (first, second) = tokio::try_join!(ended(&one.http, &first), ended(&two.http, &second))?;
    let by_job = each_once(&world, 1_500).await?;
    for job in [&first, &second] {
        let sent = by_job.get(job["id"].as_str().context("an id")?).copied().unwrap_or(0);
        assert_eq!(job["state"], "done", "{job}");
        assert_eq!(
            (&job["sent"], &job["outcomes"]["applied"]),
            (&json!(sent), &json!(sent)),
            "{job}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_was_fenced_goes_on() -> anyhow::Result<()> {
    let world = World::new("replay-fenced")?;
    let order = world.order()?.start().await?;
    let mut misplaced = Misplaced::new(&world).await?;
    misplaced.write(ROUND, &order).await?;
    let id = start(&order.http, json!({"all": true, "ratePerSecond": 100})).await?;
    sent(&order.http, &id, 1).await?;
    let transactional = format!("{}-replay", world.dead_letter_topic());
    let other = Writer::fencing(&world.servers.kafka, &world.dead_letter_topic(), &transactional)?;
    until("it says so", LONG, async || {
        let job = job(&order.http, &id).await?;
        let waiting = job["waiting"].as_str().unwrap_or_default();
        anyhow::ensure!(waiting == "another instance is replaying", "{job}");
        Ok(())
    })
    .await?;
    drop(other);
    let job = ended(&order.http, &id).await?;
    assert_eq!((&job["state"], &job["sent"]), (&json!("done"), &json!(ROUND)), "{job}");
    each_once(&world, ROUND).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_dead_letters_are_replayed_through_five_kills() -> anyhow::Result<()> {
    const COUNT: usize = 10_000;
    let world = World::new("replay-many")?;
    // So many that no partition has a thousand dead letters, and none is paused for that.
    let topics = Topics::new(&world.servers.kafka)?;
    topics
        .create(&world.topic, 12, &[("message.timestamp.type", "LogAppendTime")])
        .await?;
    let mut order = world.order()?.start().await?;
    let mut misplaced = Misplaced::new(&world).await?;
    misplaced.write(COUNT, &order).await?;
    let begun = Instant::now();
    let id = start(&order.http, json!({"all": true, "ratePerSecond": 1_000})).await?;
    for kill in 1..=5 {
        let job = sent(&order.http, &id, kill * 1_500).await?;
        assert_eq!(job["state"], "running", "killed too late: {job}");
        order.kill()?;
        order.start_again(&[]).await?;
    }
    let job = ended(&order.http, &id).await?;
    println!(
        "{COUNT} dead letters in {:.1} s with five kills, peak memory {} MiB",
        begun.elapsed().as_secs_f64(),
        order.peak_memory()? / 1024
    );
    assert_eq!((&job["state"], &job["sent"]), (&json!("done"), &json!(COUNT)), "{job}");
    assert_eq!(job["outcomes"]["applied"], json!(COUNT), "{job}");
    each_once(&world, COUNT).await?;
    Ok(())
}

/// A killed process leaves its transaction open. Readers of the topics wait for its end; the next start does not let them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_ends_the_transaction_that_a_killed_process_left_open() -> anyhow::Result<()> {
    let world = World::new("replay-open")?;
    let mut order = world.order()?.start().await?;
    let mut cart = world.cart()?.spawn()?;
    cart.ready().await?;
    let mut misplaced = Misplaced::new(&world).await?;
    misplaced.write(100, &order).await?;
    order.kill()?;
    order.spawn_to_crash(&Point::ReplayProduced.name(), &[])?;
    order.ready().await?;
    let id = start(&order.http, json!({"all": true})).await?;
    order.await_crash().await?;
    order.spawn(&[])?;
    for partition in 0..misplaced.partitions {
        let order_id = events::id_in(partition, "AFTER");
        until("cart-service answers", Duration::from_secs(30), async || {
            let answer = cart.http.create_short(&order_id).await?;
            anyhow::ensure!(matches!(answer.status, 201 | 409), "{answer:?}");
            Ok(())
        })
        .await?;
    }
    order.ready().await?;
    let job = ended(&order.http, &id).await?;
    assert_eq!((&job["state"], &job["sent"]), (&json!("done"), &json!(100)), "{job}");
    each_once(&world, 100).await?;
    Ok(())
}
