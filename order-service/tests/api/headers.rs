//! Records with unexpected headers: each becomes a dead letter, and the next record is applied.

use crate::helpers::{DLQ, Stored, TOPIC, World, created, partition_of, produce};

const MEGABYTE: usize = 1024 * 1024;

/// The only dead letter that results from the records before a good one. The service must not produce it twice.
async fn only_dead_letter(world: &World) -> Stored {
    let good = created("A");
    world.write_event(&good);
    let app = world.spawn_app().await;
    app.await_read(2, 1).await;
    assert_eq!(app.details("A").await.0, 200);
    let dead_letter = world.read(DLQ).pop().expect("a letter");
    drop(app.stop().await);
    // Without a store, it learns from the topic that the dead letter was written.
    let app = world.spawn_app().await;
    app.await_read(2, 1).await;
    let (_, listed) = app.get("/dlq/messages").await;
    assert_eq!(listed["messages"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(world.read(DLQ).len(), 1);
    dead_letter
}

#[tokio::test]
async fn a_thousand_headers_are_copied_in_order() {
    let world = World::new().await;
    let names: Vec<String> = (0..1_000)
        .map(|n| {
            if n % 3 == 0 {
                String::new()
            } else {
                format!("h{}", n % 7)
            }
        })
        .collect();
    let value = |n: usize| {
        if n.is_multiple_of(5) {
            None
        } else {
            Some(&b"\xff\0value"[..n % 8])
        }
    };
    let own: Vec<_> = names.iter().enumerate().map(|(n, name)| (&**name, value(n))).collect();
    world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(b"junk"), &own);
    let dead_letter = only_dead_letter(&world).await;
    assert_eq!(dead_letter.borrowed_headers()[..1_000], own);
    assert_eq!(
        (dead_letter.value.as_deref(), dead_letter.text("orderlog.code")),
        (Some(&b"junk"[..]), "not_framed")
    );
}

#[tokio::test]
async fn a_header_of_a_megabyte_is_copied() {
    let world = World::new().await;
    let large = vec![0xff; MEGABYTE];
    world.write_with(
        TOPIC,
        partition_of("A"),
        Some(b"A"),
        Some(b"junk"),
        &[("large", Some(&large))],
    );
    let dead_letter = only_dead_letter(&world).await;
    assert_eq!(dead_letter.header("large").map(<[u8]>::len), Some(MEGABYTE));
    assert_eq!(dead_letter.value.as_deref(), Some(&b"junk"[..]));
}

#[tokio::test]
async fn a_name_of_a_megabyte_is_copied() {
    let world = World::new().await;
    let name = "n".repeat(MEGABYTE);
    world.write_with(TOPIC, partition_of("A"), Some(b"A"), Some(b"junk"), &[(&name, None)]);
    let dead_letter = only_dead_letter(&world).await;
    assert_eq!(dead_letter.headers[0], (name, None));
}

#[tokio::test]
async fn names_that_are_not_utf_8_are_copied_and_do_not_hide_the_added_headers() {
    let world = World::new().await;
    let own: Vec<(&[u8], &[u8])> = (0..1_000).map(|_| (&b"\xff\xfe"[..], &b"\xff"[..])).collect();
    produce(
        &world.broker.bootstrap_servers(),
        TOPIC,
        partition_of("A"),
        b"junk",
        &own,
    );
    let dead_letter = only_dead_letter(&world).await;
    // The readable ones are the dead letter's own, after a thousand unreadable ones.
    assert_eq!(
        dead_letter.headers.first().map(|(name, _)| &**name),
        Some("__connect.errors.topic")
    );
    assert_eq!(dead_letter.text("orderlog.code"), "not_framed");
    assert_eq!(dead_letter.unreadable, 1_000);
}
