//! Several order-services on one topic, each with a store of its own.

use std::collections::BTreeSet;

use sandbox::poison::Kind;

use crate::helpers::{App, DLQ, World};

/// How many records are rejected.
const REJECTED: u64 = 10;

/// Where the listed dead letters' records were.
async fn listed(app: &App) -> Vec<String> {
    let (_, page) = app.get("/dlq/messages").await;
    let messages = page["messages"].as_array().expect("messages");
    messages.iter().map(|message| message["origin"].to_string()).collect()
}

#[tokio::test]
async fn several_instances_may_each_copy_a_record_and_all_of_them_list_it_once() {
    let world = World::new().await;
    let (one, two) = (world.spawn_app().await, world.spawn_app().await);
    for n in 0..REJECTED {
        world.write_poison(Kind::WrongTotal, &format!("P-{n}"));
    }
    one.await_read(REJECTED, REJECTED).await;
    two.await_read(REJECTED, REJECTED).await;

    let copies = world.read(DLQ);
    let ids: BTreeSet<&str> = copies.iter().map(|copy| copy.text("orderlog.id")).collect();
    assert_eq!(ids.len() as u64, REJECTED, "by its id, a copy is recognized as one");
    assert!((REJECTED..=2 * REJECTED).contains(&(copies.len() as u64)));
    // It reads what is on the topic first, and adds nothing.
    let late = world.spawn_app().await;
    late.await_read(REJECTED, REJECTED).await;
    assert_eq!(world.read(DLQ).len(), copies.len());
    for app in [&one, &two, &late] {
        let listed = listed(app).await;
        let distinct: BTreeSet<&String> = listed.iter().collect();
        assert_eq!((listed.len() as u64, distinct.len() as u64), (REJECTED, REJECTED));
    }
}
