//! Replaying and discarding dead letters, over HTTP.

use orderlog_contract::encode::record_value;
use orderlog_contract::event::{OrderEvent, OrderStatus};
use reqwest::{Method, StatusCode};
use sandbox::poison::Kind;
use serde_json::{Value, json};

use crate::helpers::{App, DLQ, PARTITIONS, Stored, TOPIC, World, created, event, eventually, partition_of};

pub(crate) async fn post(app: &App, path: &str, body: Value) -> (StatusCode, Value) {
    sandbox::testing::answer(app.send(Method::POST, path, &[("X-Orderlog-User", "jo")], &body).await).await
}

/// Replays, and waits for the end.
pub(crate) async fn replay(app: &App, body: Value) -> Value {
    let (status, job) = post(app, "/dlq/replay", body).await;
    assert_eq!(status, 202, "{job}");
    ended(app, &job).await
}

async fn ended(app: &App, job: &Value) -> Value {
    let path = format!("/dlq/replays/{}", job["id"].as_str().expect("an id"));
    let has_ended = || async { app.get(&path).await.1["state"] != "running" };
    assert!(eventually(has_ended).await, "{}", app.get(&path).await.1);
    app.get(&path).await.1
}

/// Writes a valid event to a partition that is not its key's.
pub(crate) fn write_misplaced(world: &World, event: &OrderEvent) {
    let order_id = &event.order.order_id;
    let value = record_value(world.facts.schema_id, event).expect("encodes");
    let partition = (partition_of(order_id) + 1) % PARTITIONS;
    world.write_with(
        TOPIC,
        partition,
        Some(order_id.as_bytes()),
        Some(&value),
        &[("own", Some(b"x"))],
    );
}

pub(crate) fn outcomes(job: &Value) -> Vec<(&str, u64)> {
    let outcomes = job["outcomes"].as_object().expect("outcomes");
    let counts = outcomes
        .iter()
        .map(|(name, count)| (name.as_str(), count.as_u64().expect("a count")));
    counts.filter(|(_, count)| *count > 0).collect()
}

/// The records that are replays.
pub(crate) fn replays(world: &World) -> Vec<Stored> {
    let mut records = world.read(TOPIC);
    records.retain(|record| record.header("orderlog.replay-of").is_some());
    records
}

#[tokio::test]
async fn misplaced_events_go_to_their_partition_once_and_in_order_and_a_dry_run_says_so_before() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let events = [created("R-1"), event("R-1", 2, OrderStatus::Confirmed)];
    events.iter().for_each(|event| write_misplaced(&world, event));
    app.await_read(2, 2).await;

    let (status, dry_run) = post(&app, "/dlq/replay", json!({"all": true, "dryRun": true})).await;
    assert_eq!(status, 200, "{dry_run}");
    assert_eq!((&dry_run["total"], &dry_run["examined"]), (&json!(2), &json!(2)));
    let counts = json!({"wouldApply": 2, "wouldDuplicate": 0, "wouldSupersede": 0, "wouldFail": 0});
    assert_eq!(dry_run["byOutcome"], counts, "{dry_run}");
    assert_eq!(dry_run["messages"][1]["id"], "0-1");
    assert_eq!(world.read(TOPIC).len(), 2, "nothing was written");

    let job = replay(&app, json!({"code": "wrong_partition"})).await;
    assert_eq!(
        (&job["state"], &job["by"], &job["error"]),
        (&json!("done"), &json!("jo"), &Value::Null)
    );
    assert_eq!((&job["total"], &job["sent"]), (&json!(2), &json!(2)), "{job}");
    assert_eq!(outcomes(&job), [("applied", 2)]);
    assert_eq!(job["messages"][0]["firstCode"], "wrong_partition", "{job}");
    let (status, order) = app.details("R-1").await;
    assert_eq!((status, &order["version"]), (StatusCode::OK, &json!(2)));
    assert_eq!(app.get("/dlq/info").await.1["count"], 0);

    let letters = world.read(DLQ);
    let sent = replays(&world);
    assert_eq!(sent.len(), 2);
    for (n, (sent, letter)) in sent.iter().zip(&letters).enumerate() {
        assert_eq!((&sent.key, &sent.value), (&letter.key, &letter.value), "byte for byte");
        assert_eq!(sent.partition, partition_of("R-1"));
        let named = |name: &str| sent.text(name).to_owned();
        assert_eq!(sent.headers[0], letter.headers[0], "its own header");
        assert_eq!(named("orderlog.at"), letter.text("orderlog.at"));
        assert_eq!(named("orderlog.id"), letter.text("orderlog.id"));
        assert_eq!(named("orderlog.replay-of"), format!("0-{n}"));
        assert_eq!(
            (named("orderlog.replays"), named("orderlog.job")),
            ("1".into(), job["id"].as_str().expect("an id").into())
        );
    }
    let mark = letters.last().expect("a mark");
    assert_eq!(
        (&mark.key, &mark.value, mark.text("orderlog.mark")),
        (&None, &None, "replayed")
    );
    assert_eq!(
        (mark.text("orderlog.dead-letters"), mark.text("orderlog.by")),
        ("0-0,0-1", "jo")
    );

    // They are not open any more.
    let again = replay(&app, json!({"ids": ["0-0", "0-9"]})).await;
    assert_eq!(outcomes(&again), [("failed", 2)]);
    assert_eq!(again["messages"][0]["reason"], "it was replayed already");
    assert_eq!(outcomes(&replay(&app, json!({"all": true})).await), []);
    assert_eq!(replays(&world).len(), 2);
    let (_, list) = app.get("/dlq/replays").await;
    assert_eq!(list["replays"].as_array().map(Vec::len), Some(3), "{list}");
    assert_eq!(list["replays"][2]["id"], job["id"], "newest first");
}

#[tokio::test]
async fn dead_letters_in_several_partitions_are_discarded_or_replayed_each_once_and_counted_so() {
    let world = World::without_topics().await;
    world.broker.create_topic(TOPIC, PARTITIONS).expect("a topic");
    world.broker.create_topic(DLQ, 3).expect("a topic");
    let app = world.spawn_app().await;
    for n in 0..20 {
        write_misplaced(&world, &created(&format!("R-{n}")));
    }
    app.await_read(20, 20).await;
    let (_, job) = post(&app, "/dlq/replay", json!({"all": true, "ratePerSecond": 4})).await;
    let path = format!("/dlq/replays/{}", job["id"].as_str().expect("an id"));
    let sent = || async { app.get(&path).await.1["sent"] != 0 };
    assert!(eventually(sent).await);
    let (status, answer) = post(&app, "/dlq/discard", json!({"all": true, "reason": "a test"})).await;
    assert_eq!(status, 200, "{answer}");
    let (_, info) = app.get("/dlq/info").await;
    assert_eq!(info["byState"]["discarded"], answer["discarded"], "{info}");
    assert_eq!(info["count"], 0, "the marks of all partitions are known: {info}");
    let job = ended(&app, &job).await;
    let (sent, discarded) = (job["sent"].as_u64(), answer["discarded"].as_u64());
    assert_eq!(
        sent.zip(discarded).map(|(sent, discarded)| sent + discarded),
        Some(20),
        "{job} {answer}"
    );
    assert_eq!(replays(&world).len() as u64, sent.expect("a count"));
    let mut marked: Vec<i32> = Vec::new();
    for mark in world.read(DLQ) {
        if mark.header("orderlog.reason").is_some() {
            marked.push(mark.partition);
        }
    }
    marked.sort_unstable();
    assert_eq!(marked, [0, 1, 2]);
}

#[tokio::test]
async fn a_replay_can_be_stopped_and_another_waits_for_its_turn() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    for n in 0..20 {
        write_misplaced(&world, &created(&format!("R-{n}")));
    }
    app.await_read(20, 20).await;
    let (_, slow) = post(&app, "/dlq/replay", json!({"all": true, "ratePerSecond": 1})).await;
    let (_, next) = post(&app, "/dlq/replay", json!({"ids": ["0-19"]})).await;
    let path = |job: &Value| format!("/dlq/replays/{}", job["id"].as_str().expect("an id"));
    let sent = || async { app.get(&path(&slow)).await.1["sent"] != 0 };
    assert!(eventually(sent).await);
    let (_, waiting) = app.get(&path(&next)).await;
    let reason = waiting["waiting"].as_str().expect("a reason");
    assert!(reason.contains(slow["id"].as_str().expect("an id")), "{waiting}");

    let (_, unwanted) = post(&app, "/dlq/replay", json!({"ids": ["0-18"]})).await;
    let (_, unwanted) = post(&app, &format!("{}/stop", path(&unwanted)), json!({})).await;
    assert_eq!(
        (&unwanted["state"], &unwanted["sent"]),
        (&json!("stopped"), &json!(0)),
        "nothing has to be waited for: {unwanted}"
    );
    let (status, _) = post(&app, &format!("{}/stop", path(&slow)), json!({})).await;
    assert_eq!(status, 200);
    let stopped = ended(&app, &slow).await;
    assert_eq!(stopped["state"], "stopped", "{stopped}");
    let sent = stopped["sent"].as_u64().expect("a count");
    assert!((1..20).contains(&sent), "{stopped}");
    assert_eq!(outcomes(&ended(&app, &next).await), [("applied", 1)]);
    let counted = || async { app.get(&path(&slow)).await.1["outcomes"]["applied"] == sent };
    assert!(
        eventually(counted).await,
        "what it sent is still counted: {}",
        app.get(&path(&slow)).await.1
    );
    assert_eq!(app.get("/dlq/info").await.1["count"], 20 - sent - 1);

    let store = app.stop().await;
    let app = world.respawn_app(store, |_| ()).await;
    let (_, kept) = app.get(&path(&slow)).await;
    assert_eq!(
        (&kept["state"], &kept["outcomes"]["applied"]),
        (&json!("stopped"), &json!(sent)),
        "{kept}"
    );
    assert_eq!(replays(&world).len() as u64, sent + 1);
}

#[tokio::test]
async fn a_replay_goes_on_after_a_restart_where_it_was() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    for n in 0..20 {
        write_misplaced(&world, &created(&format!("R-{n}")));
    }
    app.await_read(20, 20).await;
    let (_, job) = post(&app, "/dlq/replay", json!({"all": true, "ratePerSecond": 2})).await;
    let path = format!("/dlq/replays/{}", job["id"].as_str().expect("an id"));
    let sent = || async { app.get(&path).await.1["sent"] != 0 };
    assert!(eventually(sent).await);
    let store = app.stop().await;
    let before = replays(&world).len();
    assert!((1..20).contains(&before), "{before}");
    let app = world.respawn_app(store, |_| ()).await;
    let job = ended(&app, &job).await;
    assert_eq!(
        (&job["state"], &job["sent"], outcomes(&job)),
        (&json!("done"), &json!(20), vec![("applied", 20)]),
        "{job}"
    );
    let sent = replays(&world);
    let mut letters: Vec<&str> = sent.iter().map(|record| record.text("orderlog.replay-of")).collect();
    letters.sort_unstable();
    letters.dedup();
    assert_eq!((sent.len(), letters.len()), (20, 20), "once each");
}

#[tokio::test]
async fn a_rebuild_counts_no_outcome_twice() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    write_misplaced(&world, &created("R-1"));
    app.await_read(1, 1).await;
    let job = replay(&app, json!({"all": true})).await;
    let store = app.stop().await;
    let app = world.respawn_app(store, |config| config.pipeline.rebuild = true).await;
    app.await_read(2, 0).await;
    assert_eq!(ended(&app, &job).await, job);
}

#[tokio::test]
async fn without_the_registry_a_dry_run_does_not_guess_and_a_replay_needs_none() {
    let mut world = World::new().await;
    let app = world.spawn_app().await;
    world.write_poison(Kind::UnknownSchemaId, "P-1");
    app.await_read(1, 1).await;
    let contents = world.registry_down().await;
    let (status, problem) = post(&app, "/dlq/replay", json!({"all": true, "dryRun": true})).await;
    assert_eq!(
        (status, &problem["type"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("/problems/unavailable")),
        "{problem}"
    );
    assert!(problem["detail"].to_string().contains("registry"), "{problem}");
    let (status, job) = post(&app, "/dlq/replay", json!({"all": true})).await;
    assert_eq!(status, 202);
    let sent = || async { replays(&world).len() == 1 };
    assert!(eventually(sent).await);
    world.registry_up(contents);
    assert_eq!(outcomes(&ended(&app, &job).await), [("deadLettered", 1)]);
}
