//! How records name their schemas, and ids that the registry does not know (yet): readable records are read, and
//! unreadable ones are rejected at once.

use std::time::{Duration, Instant};

use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderStatus;
use orderlog_contract::frame::{self, SCHEMA_ID_HEADER};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::helpers::{App, DLQ, TOPIC, World, created, event, eventually, partition_of};

/// Our schema under a different id than that of our events.
fn copy(n: u32) -> String {
    let mut schema: Value = serde_json::from_str(&orderlog_contract::lineage::newest_text().text).expect("JSON");
    schema["doc"] = json!(format!("copy {n}"));
    schema.to_string()
}

/// A service that waits this long for a schema to appear.
async fn with_grace(world: &World, grace: Duration) -> App {
    let store = tempfile::tempdir().expect("a directory");
    with_grace_on(world, store, grace).await
}

/// The same on that store.
async fn with_grace_on(world: &World, store: TempDir, grace: Duration) -> App {
    let millis = u64::try_from(grace.as_millis()).expect("a time");
    world
        .respawn_app(store, |config| config.unknown_schema_grace_ms = millis)
        .await
}

/// The code and the reason of the newest dead letter.
async fn newest_dead_letter(app: &App) -> (Value, String) {
    let (_, listed) = app.get("/dlq/messages?limit=1").await;
    let dead_letter = &listed["messages"][0];
    assert_eq!(dead_letter["schemaId"], Value::Null, "{dead_letter}");
    let reason = dead_letter["reason"].as_str().unwrap_or_default();
    (dead_letter["code"].clone(), reason.to_owned())
}

#[tokio::test]
async fn a_previously_unknown_id_is_known_once_a_schema_gets_it() {
    let world = World::new().await;
    let app = world.spawn_app().await;
    // Ids are consecutive.
    let next = world.facts.other_schema_id + 1;
    world.write_event_as(next, &created("A"));
    app.await_read(1, 1).await;
    assert_eq!(world.register("copies-value", &copy(1)).await, next);
    world.write_event_as(next, &event("A", 2, OrderStatus::Pending));
    app.await_read(2, 1).await;
    assert_eq!(app.details("A").await.1["version"], 2);
}

#[tokio::test]
async fn an_id_that_appears_late_is_waited_for_even_after_other_unknown_ids() {
    let world = World::new().await;
    let app = with_grace(&world, Duration::from_secs(5)).await;
    let next = world.facts.other_schema_id + 1;
    world.write_event_as(next + 1_000, &created("A"));
    app.await_read(1, 1).await;
    // A follower lags behind the registry's leader for a while.
    world.write_event_as(next, &event("A", 2, OrderStatus::Pending));
    let here = partition_of("A");
    let waits = || async {
        let paused = app.get("/stats").await.1["partitions"][here as usize]["paused"].clone();
        let says = |text: &str| paused.as_str().is_some_and(|why| why.contains(text));
        says(&format!("does not know schema id {next}"))
    };
    assert!(eventually(waits).await, "{}", app.get("/stats").await.1);
    let appeared = Instant::now();
    assert_eq!(world.register("copies-value", &copy(1)).await, next);
    app.await_read(2, 1).await;
    assert!(
        appeared.elapsed() < Duration::from_secs(4),
        "it was requested again within the grace period"
    );
    assert_eq!(app.details("A").await.1["version"], 2);
}

#[tokio::test]
async fn one_grace_period_covers_all_records_that_are_there_when_it_begins() {
    let grace = Duration::from_secs(3);
    let world = World::new().await;
    let app = world.spawn_app().await;
    app.tolerate_dead_letters(partition_of("A")).await;
    let store = app.stop().await;
    let good = created("A");
    // More than one batch, each record with a new id; the good ones in between have new ids, too.
    for n in 0..2_500_u32 {
        world.send(
            partition_of("A"),
            b"A",
            &[&frame::header(1_000_000 + n)[..], b"x"].concat(),
        );
    }
    let id = world.register("copies-value", &copy(1)).await;
    let value = record_value(id, &good).expect("encodes");
    world.send(partition_of("A"), b"A", &value);
    world.flush();
    let begun = Instant::now();
    let app = with_grace_on(&world, store, grace).await;
    app.await_read(2_501, 2_500).await;
    // One grace period for each record would take hours, which no wait of these tests allows.
    assert!(begun.elapsed() > grace, "{:?}", begun.elapsed());
    assert_eq!(app.details("A").await.0, 200);
}

#[tokio::test]
async fn an_id_that_no_registry_can_know_is_rejected_at_once_and_named() {
    let world = World::new().await;
    let app = with_grace(&world, Duration::from_secs(600)).await;
    let datum = record_value(7, &created("A")).expect("encodes")[frame::HEADER_LEN..].to_vec();
    let eight_bytes = [&[0][..], &7_u64.to_be_bytes(), &datum].concat();
    let glue = [&[3, 0][..], &[7; 16], &datum].concat();
    let guid = [&[1][..], &[7; 16]].concat();
    let apicurio = 7_u64.to_be_bytes();
    let cases = [
        (&eight_bytes[..], None, "a schema id of eight bytes, 7,"),
        (&frame::header(0), None, "schema id 0;"),
        (&frame::header(u32::MAX), None, "schema id 4294967295;"),
        (&glue, None, "AWS Glue"),
        (b"Obj\x01", None, "an Avro container file"),
        (b"{\"orderId\":\"A\"}", None, "JSON"),
        (&datum, Some(("apicurio.value.globalId", &apicurio[..])), "globalId: 7"),
        (
            &datum,
            Some((SCHEMA_ID_HEADER, &guid[..16])),
            "16 bytes that are neither",
        ),
    ];
    for (n, (value, header, found)) in (1..).zip(cases) {
        let headers: Vec<_> = header.map(|(name, value)| (name, Some(value))).into_iter().collect();
        world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(value), &headers);
        app.await_read(n, n).await;
        let (code, reason) = newest_dead_letter(&app).await;
        assert!(code == "not_framed" && reason.contains(found), "{found}: {reason}");
    }
}

#[tokio::test]
async fn a_schema_that_is_named_in_a_header_is_read_like_any_other() {
    let mut world = World::new().await;
    let app = world.spawn_app().await;
    let bare = |version, status| {
        let value = record_value(7, &event("A", version, status)).expect("encodes");
        value[frame::HEADER_LEN..].to_vec()
    };
    let write = |world: &World, value: &[u8], named: &[u8]| {
        let headers = [("other", None), (SCHEMA_ID_HEADER, Some(named))];
        world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(value), &headers);
    };
    world.register("copies-value", &copy(1)).await;
    let url = format!("{}/subjects/copies-value/versions/latest", world.registry_url);
    let held: Value = reqwest::get(url).await.expect("answers").json().await.expect("JSON");
    let guid: Uuid = serde_json::from_value(held["guid"].clone()).expect("a GUID");
    let by_guid = [&[1][..], guid.as_bytes()].concat();
    let by_id = frame::header(world.facts.schema_id);
    write(&world, &bare(1, OrderStatus::New), &by_guid);
    write(&world, &bare(2, OrderStatus::Pending), &by_id);
    app.await_read(2, 0).await;
    assert_eq!(app.details("A").await.1["version"], 2);
    // The order's current event has a GUID, after a restart too, and while the registry is down.
    write(&world, &bare(3, OrderStatus::Confirmed), &by_guid);
    app.await_read(3, 0).await;
    let store = app.stop().await;
    let contents = world.registry_down().await;
    let app = world.respawn_app(store, |_| ()).await;
    assert_eq!(app.details("A").await.1["version"], 3);
    write(&world, &bare(4, OrderStatus::Shipped), &by_guid);
    app.await_read(4, 0).await;
    world.registry_up(contents);

    // A rejection of its data names no id, because the schema has none.
    world.write_with(
        TOPIC,
        partition_of("A"),
        Some(b"B"),
        Some(&bare(5, OrderStatus::Shipped)),
        &[(SCHEMA_ID_HEADER, Some(&by_guid))],
    );
    app.await_read(5, 1).await;
    assert_eq!(newest_dead_letter(&app).await.0, "key_mismatch");
    // A GUID that the registry does not know gets its grace period, and is given up.
    write(&world, &bare(5, OrderStatus::Shipped), &[&[1][..], &[7; 16]].concat());
    app.await_read(6, 2).await;
    let (code, reason) = newest_dead_letter(&app).await;
    assert_eq!(code, "unknown_schema_id");
    assert!(reason.contains("GUID 07070707-0707-0707-0707-070707070707"), "{reason}");
    let dead_letter = world.read(DLQ).pop().expect("a letter");
    assert_eq!(dead_letter.header("orderlog.schema-id"), None);
}
