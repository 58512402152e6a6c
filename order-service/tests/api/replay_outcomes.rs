//! What becomes of the dead letters that a replay sends again, and of those that it does not.

use orderlog_contract::event::OrderStatus;
use reqwest::StatusCode;
use sandbox::poison::Kind;
use serde_json::json;

use crate::helpers::{App, DLQ, TOPIC, World, created, event};
use crate::replays::{outcomes, post, replay, replays, write_misplaced};

#[tokio::test]
async fn what_is_rejected_three_times_after_a_replay_is_parked_and_keeps_its_first_code_and_origin() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let (poison, _) = world.write_poison(Kind::WrongTotal, "P-1");
    app.await_read(1, 1).await;
    for n in 1..=3_u64 {
        let (_, dry_run) = post(&app, "/dlq/replay", json!({"all": true, "dryRun": true})).await;
        assert_eq!(dry_run["messages"][0]["outcome"], "wouldFail", "{dry_run}");
        assert_eq!(dry_run["messages"][0]["code"], "invalid_order", "{dry_run}");
        let job = replay(&app, json!({"all": true})).await;
        let expected = if n == 3 { "parked" } else { "deadLettered" };
        assert_eq!(outcomes(&job), [(expected, 1)], "{job}");
        assert_eq!(
            (&job["messages"][0]["code"], &job["messages"][0]["firstCode"]),
            (&json!("invalid_order"), &json!("invalid_order"))
        );
        app.await_read(1 + n, 1).await;
        let mut letters = world.read(DLQ);
        letters.retain(|letter| letter.value.is_some());
        let letter = letters.last().expect("a dead letter");
        assert_eq!(letter.value.as_deref(), Some(&poison.value[..]));
        assert_eq!(letter.text("orderlog.replays"), n.to_string());
        assert_eq!(letter.text("orderlog.first-code"), "invalid_order");
        assert_eq!(letter.text("orderlog.id"), letters[0].text("orderlog.id"));
        assert_eq!(letters.len() as u64, n + 1);
    }
    assert_eq!(
        outcomes(&replay(&app, json!({"all": true})).await),
        [],
        "a filter passes it over"
    );
    let parked = world
        .read(DLQ)
        .iter()
        .rposition(|letter| letter.value.is_some())
        .expect("a dead letter");
    let job = replay(&app, json!({"ids": [format!("0-{}", offset_of(&app, parked).await)]})).await;
    assert_eq!(
        (outcomes(&job), &job["sent"]),
        (vec![("parked", 1)], &json!(0)),
        "{job}"
    );
    assert_eq!(replays(&world).len(), 3);
}

/// The broker of the sandbox has no transaction markers, so positions in the topic are offsets.
async fn offset_of(app: &App, position: usize) -> usize {
    let (status, letter) = app.get(&format!("/dlq/messages/0/{position}")).await;
    assert_eq!(status, 200, "{letter}");
    position
}

#[tokio::test]
async fn an_event_that_its_order_has_already_or_is_past_is_a_duplicate_or_superseded() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    let events = [created("D-1"), created("S-1"), event("S-1", 2, OrderStatus::Confirmed)];
    for event in &events {
        world.write_event(event);
    }
    write_misplaced(&world, &events[0]);
    write_misplaced(&world, &events[1]);
    app.await_read(5, 2).await;
    let (_, dry_run) = post(&app, "/dlq/replay", json!({"ids": ["0-0", "0-1"], "dryRun": true})).await;
    let forecasts: Vec<_> = (0..2).map(|n| dry_run["messages"][n]["outcome"].clone()).collect();
    assert_eq!(forecasts, ["wouldDuplicate", "wouldSupersede"], "{dry_run}");
    let job = replay(&app, json!({"all": true})).await;
    assert_eq!(outcomes(&job), [("duplicate", 1), ("superseded", 1)]);
}

#[tokio::test]
async fn a_discarded_dead_letter_stays_on_the_topic_but_counts_no_more_and_is_not_replayed() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    for n in 0..3 {
        world.write_poison(Kind::NotAvro, &format!("P-{n}"));
    }
    app.await_read(3, 3).await;
    let (status, answer) = post(
        &app,
        "/dlq/discard",
        json!({"ids": ["0-0", "0-2", "0-9"], "reason": " a test "}),
    )
    .await;
    let skipped = json!([{"id": "0-9", "reason": "there is no dead letter with this id"}]);
    assert_eq!(
        (status, answer),
        (StatusCode::OK, json!({"discarded": 2, "skipped": skipped}))
    );
    let (_, answer) = post(&app, "/dlq/discard", json!({"ids": ["0-0"], "reason": "again"})).await;
    let skipped = json!([{"id": "0-0", "reason": "it was discarded already"}]);
    assert_eq!(answer, json!({"discarded": 0, "skipped": skipped}));
    assert_eq!(app.get("/dlq/info").await.1["count"], 1);
    let records = world.read(DLQ);
    let mark = records.last().expect("a mark");
    assert_eq!(
        (mark.text("orderlog.mark"), mark.text("orderlog.reason")),
        ("discarded", "a test")
    );
    assert_eq!(records.len(), 4);
    let job = replay(&app, json!({"ids": ["0-0"]})).await;
    assert_eq!(job["messages"][0]["reason"], "it was discarded");
    let (_, answer) = post(&app, "/dlq/discard", json!({"code": "not_framed", "reason": "all"})).await;
    assert_eq!(answer["discarded"], 1);
    let (_, answer) = post(&app, "/dlq/discard", json!({"all": true, "reason": "again"})).await;
    assert_eq!(answer, json!({"discarded": 0, "skipped": []}));
    assert!(replays(&world).is_empty());
}

#[tokio::test]
async fn what_cannot_be_sent_fails_with_a_reason_and_the_rest_goes_on() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    write_misplaced(&world, &created("R-1"));
    app.await_read(1, 1).await;
    world.write_with(DLQ, 0, Some(b"k"), Some(b"not ours"), &[]);
    app.await_read(1, 2).await;
    let elsewhere = [
        ("kafka_dlt-original-topic", &b"other"[..]),
        ("kafka_dlt-original-partition", &[0, 0, 0, 0]),
        ("kafka_dlt-original-offset", &[0; 8]),
        ("kafka_dlt-original-timestamp", &[0; 8]),
        ("orderlog.code", b"undecodable"),
        ("orderlog.at", b"other-0-0"),
        ("orderlog.added", b"7"),
    ];
    let elsewhere = elsewhere.map(|(name, value)| (name, Some(value)));
    world.write_with(DLQ, 0, Some(b"k"), Some(b"v"), &elsewhere);
    app.await_read(1, 3).await;
    let (_, dry_run) = post(&app, "/dlq/replay", json!({"all": true, "dryRun": true})).await;
    assert_eq!(
        (&dry_run["byOutcome"]["wouldApply"], &dry_run["byOutcome"]["wouldFail"]),
        (&json!(1), &json!(2)),
        "{dry_run}"
    );
    let job = replay(&app, json!({"all": true})).await;
    assert_eq!(
        (outcomes(&job), &job["state"]),
        (vec![("applied", 1), ("failed", 2)], &json!("done")),
        "{job}"
    );
    let reasons = job["messages"].to_string();
    assert!(
        reasons.contains("not a dead letter of order-service") && reasons.contains("topic other"),
        "{reasons}"
    );
    assert!(world.read(TOPIC).len() == 2 && replays(&world).len() == 1);
}

#[tokio::test]
async fn each_rejected_record_of_a_history_names_the_dead_letter_that_is_its_copy() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    world.write_poison(Kind::WrongTotal, "P-1");
    app.await_read(1, 1).await;
    let job = replay(&app, json!({"all": true})).await;
    assert_eq!(outcomes(&job), [("deadLettered", 1)], "{job}");
    app.await_read(2, 1).await;

    let (_, history) = app.get("/orders/P-1/history").await;
    let events = history["events"].as_array().expect("events");
    assert_eq!(events.len(), 2, "{history}");
    for rejected in events {
        let id = rejected["deadLetter"]
            .as_str()
            .expect("a dead letter")
            .replace('-', "/");
        let (_, letter) = app.get(&format!("/dlq/messages/{id}")).await;
        let headers = letter["headers"].as_array().expect("headers");
        let at = headers
            .iter()
            .find(|header| header["name"] == "orderlog.at")
            .expect("a position");
        let position = format!("{TOPIC}-{}-{}", rejected["partition"], rejected["offset"]);
        assert_eq!(at["value"], position, "{history}");
    }
    assert_ne!(events[0]["deadLetter"], events[1]["deadLetter"]);
}
