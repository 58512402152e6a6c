//! A partition with too many dead letters is paused until it is resumed.

use reqwest::{Method, StatusCode};
use sandbox::testing::answer;
use serde_json::{Value, json};

use crate::helpers::{App, DLQ, World, created, eventually, fields, id_where, partition_of};
use orderlog_contract::encode::record_value;

const FLOODED: &str = "FLOODED-1";

/// Writes that many records that are no events to the partition of [`FLOODED`].
fn flood(world: &World, records: usize) {
    (0..records).for_each(|_| world.send(partition_of(FLOODED), FLOODED.as_bytes(), b"garbage"));
    world.flush();
}

/// Writes one event that many times to the same partition.
fn write_good(world: &World, records: usize) {
    let value = record_value(world.facts.schema_id, &created(FLOODED)).expect("encodes");
    (0..records).for_each(|_| world.send(partition_of(FLOODED), FLOODED.as_bytes(), &value));
    world.flush();
}

/// An order id of the flooded partition.
fn in_the_flooded_one() -> String {
    id_where(|partition| partition == partition_of(FLOODED))
}

async fn resume(app: &App, body: Value) -> (StatusCode, Value) {
    answer(app.send(Method::POST, "/dlq/resume", &[], &body).await).await
}

/// What `/stats` and `/dlq/info` show of the flooded partition.
async fn shown(app: &App) -> (Value, Value) {
    let n = usize::try_from(partition_of(FLOODED)).expect("a partition");
    let (_, stats) = app.get("/stats").await;
    let (_, info) = app.get("/dlq/info").await;
    (stats["partitions"][n].clone(), info["breaker"]["partitions"][n].clone())
}

/// Waits until the flooded partition is paused after that many records.
async fn await_paused_at(app: &App, position: i64) {
    let is_paused = || async {
        let (stats, breaker) = shown(app).await;
        breaker["open"] == true && stats["position"] == position && stats["paused"].is_string()
    };
    assert!(eventually(is_paused).await, "{:?}", shown(app).await);
}

#[tokio::test]
async fn the_dead_letter_that_is_one_too_many_is_the_last_that_is_read_also_after_a_restart() {
    let world = World::new().await;
    let later = in_the_flooded_one();
    write_good(&world, 999);
    flood(&world, 1_001);
    flood(&world, 10);
    world.write_event(&created(&later));
    let app = world.spawn_app().await;
    await_paused_at(&app, 2_000).await;
    let store = app.stop().await;
    let app = world.respawn_app(store, |_| ()).await;
    await_paused_at(&app, 2_000).await;
    let elsewhere = id_where(|partition| partition != partition_of(FLOODED));
    world.write_event(&created(&elsewhere));
    app.await_read(2_001, 1_001).await;
    assert_eq!(app.details(&elsewhere).await.0, StatusCode::OK);
    assert_eq!(app.details(&later).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.read(DLQ).len(), 1_001);
    let partition = partition_of(FLOODED);
    let (stats, breaker) = shown(&app).await;
    let expected =
        json!({"partition": partition, "open": true, "deadLetters": 1_001, "records": 2_000, "limit": 1_000});
    assert_eq!((&stats["deadLettered"], &breaker), (&json!(1_001), &expected));
    let (_, health) = app.get("/health").await;
    assert_eq!(
        (&health["status"], &health["ready"]),
        (&json!("degraded"), &json!(true))
    );
    for shows in [&health["reasons"], &app.get("/dlq/info").await.1["breaker"]["reason"]] {
        let part = format!("partition {partition} is paused: 1001 of its last 2000 records are dead letters");
        assert!(shows.to_string().contains(&part), "{shows}");
    }
    let gauge =
        |open: i32| format!("orderlog_breaker_open{{service=\"order-service\",partition=\"{partition}\"}} {open}\n");
    assert!(app.text("/metrics").await.contains(&gauge(1)));

    assert_eq!(
        resume(&app, json!({})).await,
        (StatusCode::OK, json!({"resumed": [partition]}))
    );
    app.await_read(2_012, 1_011).await;
    assert_eq!(app.details(&later).await.0, StatusCode::OK);
    assert!(app.text("/metrics").await.contains(&gauge(0)));
    assert_eq!(resume(&app, json!({})).await, (StatusCode::OK, json!({"resumed": []})));
}

#[tokio::test]
async fn after_a_resume_with_a_higher_limit_that_many_dead_letters_are_tolerated() {
    let world = World::new().await;
    let partition = partition_of(FLOODED);
    let app = world.spawn_app().await;
    flood(&world, 1_500);
    await_paused_at(&app, 1_001).await;
    let (status, answered) = resume(&app, json!({"partition": partition, "maxDeadLetters": 1_500})).await;
    assert_eq!((status, answered), (StatusCode::OK, json!({"resumed": [partition]})));
    flood(&world, 1_500);
    await_paused_at(&app, 2_502).await;
    let app = world.respawn_app(app.stop().await, |_| ()).await;
    assert_eq!(
        resume(&app, json!({"partition": partition})).await.1,
        json!({"resumed": [partition]})
    );
    assert_eq!(shown(&app).await.1["limit"], 1_500);
    // It is not paused, and is not going to be.
    assert_eq!(
        resume(&app, json!({"partition": partition, "maxDeadLetters": 2_000.0})).await,
        (StatusCode::OK, json!({"resumed": []}))
    );
    flood(&world, 2_500);
    app.await_read(5_500, 5_500).await;
    assert_eq!(shown(&app).await.1["deadLetters"], 2_000);
}

#[tokio::test]
async fn replayed_records_that_are_rejected_again_do_not_count() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    flood(&world, 900);
    app.await_read(900, 900).await;
    let all = json!({"all": true});
    let (status, job) = answer(app.send(Method::POST, "/dlq/replay", &[], &all).await).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{job}");
    let path = format!("/dlq/replays/{}", job["id"].as_str().expect("an id"));
    let is_done = || async { app.get(&path).await.1["state"] == "done" };
    assert!(eventually(is_done).await, "{}", app.get(&path).await.1);
    assert_eq!(app.get(&path).await.1["outcomes"]["deadLettered"], 900);
    let (stats, breaker) = shown(&app).await;
    assert_eq!(
        (&stats["deadLettered"], &breaker["open"]),
        (&json!(1_800), &json!(false))
    );
    assert_eq!(breaker["deadLetters"], 900);
    flood(&world, 101);
    let is_paused = || async { shown(&app).await.1["open"] == true };
    assert!(eventually(is_paused).await, "others still do: {:?}", shown(&app).await);
}

#[tokio::test]
async fn a_rebuild_reads_what_was_there_and_counts_what_comes_after() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    flood(&world, 1_500);
    await_paused_at(&app, 1_001).await;
    assert_eq!(resume(&app, json!({})).await.0, StatusCode::OK);
    app.await_read(1_500, 1_500).await;
    let store = app.stop().await;
    let app = world.respawn_app(store, |config| config.pipeline.rebuild = true).await;
    app.await_read(1_500, 1_500).await;
    assert_eq!(shown(&app).await.1["deadLetters"], 0);
    flood(&world, 1_500);
    await_paused_at(&app, 2_501).await;
    assert_eq!(world.read(DLQ).len(), 2_501);
}

#[tokio::test]
async fn a_resume_of_no_partition_or_with_no_limit_is_refused_and_says_why() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    for (body, invalid) in [
        (json!({"partition": 6}), "partition"),
        (json!({"partition": -1}), "partition"),
        (json!({"partition": 2_147_483_648_u64}), "partition"),
        (json!({"partition": "2"}), "partition"),
        (json!({"maxDeadLetters": 999}), "maxDeadLetters"),
        (json!({"maxDeadLetters": 2_001}), "maxDeadLetters"),
        (json!({"maxDeadLetters": 1_500.5}), "maxDeadLetters"),
        (json!({"max": 1_500}), "max"),
    ] {
        let (status, problem) = resume(&app, body.clone()).await;
        assert_eq!(
            (status, fields(&problem)),
            (StatusCode::BAD_REQUEST, vec![invalid]),
            "{body}"
        );
    }
    let world = World::without_topics().await;
    let app = world
        .spawn_unready(tempfile::tempdir().expect("a directory"), |_| ())
        .await;
    let (status, problem) = resume(&app, json!({})).await;
    assert_eq!(
        (status, &problem["type"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("/problems/not-ready")),
        "{problem}"
    );
}
