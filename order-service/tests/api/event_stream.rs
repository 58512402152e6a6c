//! `GET /events`: what happens, as server-sent events.

use std::time::Duration;

use orderlog_contract::event::OrderStatus;
use serde_json::Value;
use tokio::time::timeout;

use crate::helpers::{App, TOPIC, World, created, event, partition_of};

/// Longer than any event takes.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A client of the stream.
struct Listener {
    response: reqwest::Response,
    text: String,
}

impl Listener {
    async fn of(app: &App) -> Self {
        let response = app.response("/events").await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The data of the next event with that name; `None` when the stream ends.
    async fn next(&mut self, wanted: &str) -> Option<Value> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(data) = event.strip_prefix(&format!("event: {wanted}\ndata: ")) {
                    return Some(serde_json::from_str(data).expect("one line of JSON"));
                }
            }
            let chunk = timeout(TIMEOUT, self.response.chunk()).await.expect("an event in time");
            self.text
                .push_str(std::str::from_utf8(&chunk.expect("a stream")?).expect("text"));
        }
    }
}

#[tokio::test]
async fn a_client_is_told_everything_at_first_and_then_what_changes() {
    let world = World::new().await;
    world.write_event(&created("A"));
    let app = world.spawn_app().await;
    app.await_read(1, 0).await;
    let mut listener = Listener::of(&app).await;
    let orders = listener.next("orders").await.expect("orders");
    assert_eq!(
        (&orders["orders"][0]["orderId"], &orders["skipped"]),
        (&"A".into(), &0.into())
    );
    assert_eq!(listener.next("stats").await.expect("statistics")["orders"], 1);
    assert_eq!(listener.next("dlq").await.expect("dead letters")["count"], 0);
    assert_eq!(
        listener.next("health").await.expect("health")["service"],
        "order-service"
    );

    world.write_event(&event("A", 2, OrderStatus::Confirmed));
    let orders = listener.next("orders").await.expect("orders");
    let changed = &orders["orders"][0];
    let (_, details) = app.details("A").await;
    for field in ["orderId", "status", "version", "totalAmount", "currency"] {
        assert_eq!(changed[field], details[field], "{field}");
    }
    assert_eq!(
        (&changed["partition"], &changed["offset"]),
        (&partition_of("A").into(), &1.into())
    );
    assert_eq!(orders["orders"].as_array().expect("orders").len(), 1, "{orders}");

    world.write_with(TOPIC, partition_of("B"), Some(b"B"), Some(b"junk"), &[]);
    assert_eq!(listener.next("dlq").await.expect("dead letters")["count"], 1);
}

#[tokio::test]
async fn a_client_gets_a_sample_of_many_changes_and_the_number_of_the_others() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let mut listener = Listener::of(&app).await;
    listener.next("orders").await.expect("the first events");
    let events = 3_000;
    for n in 0..events {
        let event = created(&format!("ORD-{n}"));
        let id = event.order.order_id.as_str();
        let value = orderlog_contract::encode::record_value(world.facts.schema_id, &event).expect("encodes");
        world.send(partition_of(id), id.as_bytes(), &value);
    }
    world.flush();
    let (mut shown, mut skipped) = (0, 0);
    while shown + skipped < events {
        let orders = listener.next("orders").await.expect("orders");
        let count = orders["orders"].as_array().expect("orders").len();
        assert!(count <= 20, "{orders}");
        shown += count as u64;
        skipped += orders["skipped"].as_u64().expect("a number");
    }
    assert_eq!(shown + skipped, events);
    assert!(skipped > 0, "{shown} were shown");
}

#[tokio::test]
async fn the_stream_ends_with_its_time_and_with_the_service() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let text = timeout(TIMEOUT, app.text("/events?seconds=1")).await.expect("it ends");
    assert!(text.starts_with("retry: ") && text.ends_with("\n\n"), "{text}");
    assert_eq!(app.get("/events?seconds=0").await.0, 400);
    let mut listener = Listener::of(&app).await;
    listener.next("health").await.expect("the first events");
    // Its end does not wait for clients that listen.
    timeout(Duration::from_secs(5), app.stop())
        .await
        .expect("it stops at once");
    assert_eq!(listener.next("nothing").await, None);
}

#[tokio::test]
async fn there_are_at_most_a_hundred_streams() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let mut listeners = Vec::new();
    for _ in 0..100 {
        listeners.push(Listener::of(&app).await);
    }
    let (status, problem) = app.get("/events").await;
    assert_eq!(
        (status.as_u16(), &problem["type"]),
        (503, &"/problems/unavailable".into()),
        "{problem}"
    );
    listeners.pop();
    let is_free = || async { app.response("/events?seconds=1").await.status() == 200 };
    assert!(crate::helpers::eventually(is_free).await);
}

#[tokio::test]
async fn a_client_from_elsewhere_takes_the_place_of_the_oldest_of_many_from_one_address() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let mut listeners = Vec::new();
    for _ in 0..100 {
        listeners.push(Listener::of(&app).await);
    }
    let elsewhere = reqwest::Client::builder().local_address(std::net::IpAddr::from([127, 0, 0, 2]));
    let elsewhere = elsewhere.build().expect("a client");
    let admitted = elsewhere.get(format!("{}/events", app.url)).send().await;
    assert_eq!(admitted.expect("an answer").status(), 200);
    let mut oldest = listeners.remove(0);
    let ended = async { while let Ok(Some(_)) = oldest.response.chunk().await {} };
    timeout(TIMEOUT, ended).await.expect("it ends");
    let (next, _) = (listeners[0].next("stats").await, listeners[98].next("stats").await);
    assert!(next.is_some(), "the others go on");
}

#[tokio::test]
async fn a_client_is_told_how_a_replay_comes_along() {
    let world = World::new().await;
    world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(b"junk"), &[]);
    let app = world.spawn_app().await;
    app.await_read(1, 1).await;
    let mut listener = Listener::of(&app).await;
    listener.next("health").await.expect("the first events");
    let all = serde_json::json!({"all": true});
    let response = app.send(reqwest::Method::POST, "/dlq/replay", &[], &all).await;
    assert_eq!(response.status(), 202);
    let started: Value = response.json().await.expect("JSON");
    loop {
        let job = listener.next("replay").await.expect("a replay");
        assert_eq!((&job["id"], &job["messages"]), (&started["id"], &Value::Null), "{job}");
        if job["state"] != "running" {
            assert_eq!(
                (&job["state"], &job["outcomes"]["deadLettered"]),
                (&"done".into(), &1.into()),
                "{job}"
            );
            break;
        }
    }
}
