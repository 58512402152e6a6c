//! What survives the process: the position, the counts, and which dead letters were sent already.

use sandbox::poison::Kind;

use crate::helpers::{App, DLQ, World, created};

/// A service that has read one good and two bad records.
async fn with_history(world: &World) -> App {
    world.write_event(&created("A"));
    world.write_poison(Kind::Empty, "B");
    world.write_poison(Kind::WrongKey, "C");
    let app = world.spawn_app().await;
    app.await_read(3, 2).await;
    app
}

#[tokio::test]
async fn a_restart_continues_where_it_stopped_and_sends_nothing_again() {
    let world = World::new().await;
    let before = with_history(&world).await;
    let stats = before.get("/stats").await.1["totals"].clone();
    let store = before.stop().await;
    let app = world.respawn_app(store, |_| ()).await;
    app.await_read(3, 2).await;
    assert_eq!(app.get("/stats").await.1["totals"], stats);
    assert_eq!(app.details("A").await.0, 200);
    world.write_event(&created("D"));
    world.write_poison(Kind::Short, "E");
    app.await_read(5, 3).await;
    assert_eq!(world.read(DLQ).len(), 3);
}

#[tokio::test]
async fn a_rebuild_reads_everything_again_and_sends_nothing_again() {
    let world = World::new().await;
    let store = with_history(&world).await.stop().await;
    let app = world.respawn_app(store, |config| config.pipeline.rebuild = true).await;
    app.await_read(3, 2).await;
    assert_eq!(app.details("A").await.0, 200);
    assert_eq!(world.read(DLQ).len(), 2);
}

#[tokio::test]
async fn a_service_that_lost_its_store_learns_from_the_topic_what_was_sent() {
    let world = World::new().await;
    drop(with_history(&world).await.stop().await);
    let app = world.spawn_app().await;
    app.await_read(3, 2).await;
    assert_eq!(world.read(DLQ).len(), 2);
}

#[tokio::test]
async fn a_second_copy_of_a_dead_letter_is_neither_listed_nor_counted() {
    let world = World::new().await;
    let app = with_history(&world).await;
    // A dead letter that a killed process left in flight arrives late.
    let dead_letter = world.read(DLQ).remove(0);
    world.write_with(
        DLQ,
        0,
        dead_letter.key.as_deref(),
        dead_letter.value.as_deref(),
        &dead_letter.borrowed_headers(),
    );
    world.write_poison(Kind::Short, "E");
    app.await_read(4, 3).await;
    assert_eq!(world.read(DLQ).len(), 4);
    assert_eq!(
        app.get("/dlq/messages").await.1["messages"]
            .as_array()
            .expect("messages")
            .len(),
        3
    );
}

#[tokio::test]
async fn another_dead_letter_topic_gets_its_own_index() {
    let world = World::new().await;
    let store = with_history(&world).await.stop().await;
    world.broker.create_topic("elsewhere", 1).expect("a topic");
    let elsewhere = |config: &mut order_service::Config| config.dlq_topic = Some("elsewhere".parse().expect("a name"));
    let app = world.respawn_app(store, elsewhere).await;
    app.await_read(3, 0).await;
    world.write_poison(Kind::Short, "E");
    app.await_read(4, 1).await;
    assert_eq!((world.read(DLQ).len(), world.read("elsewhere").len()), (2, 1));
}
