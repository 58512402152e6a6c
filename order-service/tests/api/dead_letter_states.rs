//! Marks on the dead-letter topic, and what `/dlq` makes of them.

use order_service::dead_letter::marks::{self, Mark};
use serde_json::{Value, json};

use crate::helpers::{DLQ, TOPIC, World, eventually, fields};

/// Writes a mark, with other headers before its own.
fn write_mark(world: &World, mark: &Mark, others: &[(&str, Option<&[u8]>)]) {
    let headers = marks::headers(mark);
    let own = headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
    let all: Vec<(&str, Option<&[u8]>)> = others.iter().copied().chain(own).collect();
    world.write_with(DLQ, 0, None, None, &all);
}

fn discarded(ids: &[&str]) -> Mark {
    Mark::Discarded {
        ids: ids.iter().map(|id| id.parse().expect("an id")).collect(),
        reason: "a test".into(),
        by: "jo".into(),
    }
}

fn ids(page: &Value) -> Vec<&str> {
    let messages = page["messages"].as_array().expect("messages");
    messages
        .iter()
        .map(|message| message["id"].as_str().expect("an id"))
        .collect()
}

#[tokio::test]
async fn a_mark_takes_dead_letters_out_of_the_list_and_the_counts_for_every_instance() {
    let world = World::new().await;
    for value in [&b"first"[..], b"second", b"third"] {
        world.write_with(TOPIC, 1, Some(b"A"), Some(value), &[]);
    }
    let app = world.spawn_app().await;
    app.await_read(3, 3).await;
    let job = "01a21ee4-f53b-70e0-81b1-ce7faba13903";
    let replayed = Mark::Replayed {
        ids: vec!["0-0".parse().expect("an id")],
        job: job.parse().expect("a UUID"),
        by: "127.0.0.1".into(),
    };
    write_mark(&world, &replayed, &[]);
    write_mark(&world, &discarded(&["0-0", "0-2", "0-99"]), &[]);
    app.await_read(3, 1).await;

    let (_, listed) = app.get("/dlq/messages").await;
    assert_eq!(ids(&listed), ["0-1"]);
    assert_eq!(
        (&listed["messages"][0]["state"], &listed["messages"][0]["settled"]),
        (&json!("open"), &Value::Null)
    );
    let (_, listed) = app.get("/dlq/messages?state=replayed").await;
    assert_eq!(ids(&listed), ["0-0"], "the first mark counts");
    let settled = json!({"at": "2023-11-14T22:13:20.123Z", "by": "127.0.0.1", "reason": null, "job": job});
    assert_eq!(listed["messages"][0]["settled"], settled);
    let (_, listed) = app.get("/dlq/messages?state=discarded").await;
    assert_eq!(ids(&listed), ["0-2"]);
    let settled = json!({"at": "2023-11-14T22:13:20.123Z", "by": "jo", "reason": "a test", "job": null});
    assert_eq!(listed["messages"][0]["settled"], settled);
    let (_, all) = app.get("/dlq/messages?state=any").await;
    assert_eq!(ids(&all), ["0-2", "0-1", "0-0"]);
    let (_, info) = app.get("/dlq/info").await;
    assert_eq!(
        (&info["count"], &info["byCode"]),
        (&json!(1), &json!({"not_framed": 1}))
    );
    assert_eq!(
        info["byState"],
        json!({"open": 1, "parked": 0, "replayed": 1, "discarded": 1})
    );

    // Another instance, with a store of its own, learns it from the topic, and dead-letters none again.
    let other = world.spawn_app().await;
    other.await_read(3, 1).await;
    assert_eq!(
        other.get("/dlq/messages?state=any").await.1["messages"],
        all["messages"]
    );
    assert_eq!(world.read(DLQ).len(), 5);
}

#[tokio::test]
async fn what_only_looks_like_a_mark_is_listed_as_a_foreign_record() {
    let world = World::new().await;
    world.write_with(TOPIC, 1, Some(b"A"), Some(b"junk"), &[]);
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    write_mark(&world, &discarded(&["0-0"]), &[("foreign", Some(b"x"))]);
    let headers = marks::headers(&discarded(&["0-0"]));
    let headers: Vec<(&str, Option<&[u8]>)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect();
    world.write_with(DLQ, 0, Some(b"A"), None, &headers);
    world.write_with(DLQ, 0, None, Some(b""), &headers);
    app.await_read(1, 4).await;
    let (_, listed) = app.get("/dlq/messages").await;
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(4));
    let (_, info) = app.get("/dlq/info").await;
    assert_eq!(info["byCode"], json!({"not_framed": 1}));
}

#[tokio::test]
async fn a_record_that_was_replayed_three_times_is_parked() {
    let world = World::new().await;
    world.write_with(TOPIC, 1, Some(b"A"), Some(b"junk"), &[]);
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    for n in 1..=3 {
        let sent_back = world.read(DLQ).pop().expect("a dead letter");
        let (key, value) = (sent_back.key.as_deref(), sent_back.value.as_deref());
        world.write_with(TOPIC, 1, key, value, &sent_back.borrowed_headers());
        app.await_read(1 + n, 1 + n).await;
    }
    let (_, parked) = app.get("/dlq/messages?state=parked").await;
    assert_eq!(ids(&parked), ["0-3"]);
    assert_eq!(parked["messages"][0]["replays"], 3);
    write_mark(&world, &discarded(&["0-3"]), &[]);
    let by_state = json!({"open": 3, "parked": 0, "replayed": 0, "discarded": 1});
    let is_discarded = || async { app.get("/dlq/info").await.1["byState"] == by_state };
    assert!(eventually(is_discarded).await, "{}", app.get("/dlq/info").await.1);
    let (_, problem) = app.get("/dlq/messages?state=none").await;
    assert_eq!(fields(&problem), ["state"]);
}
