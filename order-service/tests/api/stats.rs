//! `GET /stats`: every record is accounted for.

use orderlog_contract::barrier;
use orderlog_contract::event::OrderStatus;
use sandbox::poison::Kind;
use serde_json::json;

use crate::helpers::{DLQ, TOPIC, World, created, event, eventually, id_where, partition_of};

#[tokio::test]
async fn every_outcome_is_counted_once_where_it_happened() {
    let world = World::new().await;
    let first = created("A");
    world.write_event(&first); // applied
    world.write_event(&first); // duplicate
    world.write_event(&created("A")); // superseded
    world.write_event(&event("A", 4, OrderStatus::Confirmed)); // applied, with a gap
    let (here, elsewhere) = (partition_of("A"), id_where(|partition| partition != partition_of("A")));
    world.write_with(TOPIC, here, Some(b"A"), None, &[]); // ignored
    world.write_with(TOPIC, here, Some(b"A"), Some(b"junk"), &[]); // dead-lettered
    world.write_event(&created(&elsewhere)); // applied
    let app = world.spawn_app().await;
    app.await_read(7, 1).await;

    let (_, stats) = app.get("/stats").await;
    let totals = json!({"applied": 3, "duplicate": 1, "superseded": 1, "ignored": 1, "deadLettered": 1, "gaps": 1});
    assert_eq!(
        (&stats["topic"], &stats["orders"], &stats["records"]),
        (&json!(TOPIC), &json!(2), &json!(7))
    );
    assert_eq!(stats["totals"], totals);
    let partitions = stats["partitions"].as_array().expect("partitions");
    assert_eq!(partitions.len(), 6);
    let expected = json!({
        "partition": here, "position": 6, "end": 6, "lag": 0, "lagUnknownSince": null, "paused": null, "openTransaction": null,
        "applied": 2, "duplicate": 1, "superseded": 1, "ignored": 1, "deadLettered": 1, "gaps": 1
    });
    let caught_up = || async { app.get("/stats").await.1["partitions"][here as usize] == expected };
    assert!(eventually(caught_up).await, "{stats}");
    assert_eq!(partitions[partition_of(&elsewhere) as usize]["applied"], 1);
}

#[tokio::test]
async fn a_barrier_is_ignored_in_every_partition_and_is_no_dead_letter() {
    let world = World::new().await;
    for partition in 0..6 {
        world.write_with(
            TOPIC,
            partition,
            None,
            None,
            &[(barrier::HEADER, Some(b"cart-service"))],
        );
    }
    world.write_event(&created("A"));
    let app = world.spawn_app().await;
    app.await_read(7, 0).await;
    let (_, stats) = app.get("/stats").await;
    let totals = json!({"applied": 1, "duplicate": 0, "superseded": 0, "ignored": 6, "deadLettered": 0, "gaps": 0});
    assert_eq!(stats["totals"], totals);
    assert!(world.read(DLQ).is_empty());
}

#[tokio::test]
async fn the_sums_hold_for_every_kind_of_poison_together() {
    let world = World::new().await;
    let kinds = <Kind as clap::ValueEnum>::value_variants();
    let mut good = 0;
    for (n, kind) in kinds.iter().enumerate() {
        good += world.write_poison(*kind, &format!("P-{n}")).1;
    }
    let poison = kinds.len() as u64;
    let app = world.spawn_app().await;
    app.await_read(poison + good, poison).await;
    let (_, stats) = app.get("/stats").await;
    assert_eq!(
        (&stats["totals"]["deadLettered"], &stats["totals"]["applied"]),
        (&json!(poison), &json!(good))
    );
}
