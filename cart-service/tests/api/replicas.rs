//! Two cart-services on one topic: the log decides between them.

use reqwest::StatusCode;

use crate::helpers::World;

#[tokio::test]
async fn exactly_one_of_two_creates_at_two_replicas_wins_every_time() {
    let world = World::new();
    let (one, two) = tokio::join!(world.start(), world.start());
    for n in 0..50 {
        let id = format!("A-{n}");
        let ((a, _), (b, _)) = tokio::join!(one.create_short(&id), two.create_short(&id));
        let mut both = [a, b];
        both.sort();
        assert_eq!(both, [StatusCode::CREATED, StatusCode::CONFLICT], "{id}");
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn an_order_created_through_one_replica_can_be_updated_through_the_other_at_once() {
    let world = World::new();
    let (one, two) = tokio::join!(world.start(), world.start());
    for n in 0..20 {
        let id = format!("A-{n}");
        assert_eq!(one.create_short(&id).await.0, StatusCode::CREATED);
        assert_eq!(two.update(&id, "confirmed").await.0, StatusCode::OK);
        assert_eq!(one.update(&id, "shipped").await.0, StatusCode::OK);
        assert_eq!(two.update(&id, "confirmed").await.0, StatusCode::CONFLICT);
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn a_lagging_replica_refuses_nothing_wrongly() {
    let world = World::new();
    let one = world.start().await;
    // New records do not wake a waiting fetch of the mock broker, so this replica sees records up to a second and a
    // half late.
    let lagging = world
        .start_with(|config| config.pipeline.kafka.kafka_extra = vec![("fetch.wait.max.ms".into(), "1500".into())])
        .await;
    for n in 0..3 {
        let id = format!("A-{n}");
        assert_eq!(one.create_short(&id).await.0, StatusCode::CREATED);
        // It has not read the order yet, but does not answer 404.
        let (status, body) = lagging.update(&id, "confirmed").await;
        assert_eq!(status, StatusCode::OK, "{id}: {body}");
        assert_eq!(one.update(&id, "cancelled").await.0, StatusCode::OK);
        // It has not read the cancellation yet, but does not answer 200 without writing.
        assert_eq!(lagging.update(&id, "confirmed").await.0, StatusCode::CONFLICT, "{id}");
    }
    one.stop().await;
    lagging.stop().await;
}

#[tokio::test]
async fn a_restart_keeps_everything_that_was_known() {
    let world = World::new();
    let app = world.start().await;
    for n in 0..20 {
        app.create_short(&format!("A-{n}")).await;
    }
    let store = app.stop().await;
    let again = world.start_unready(store, |_| ()).await;
    again.await_ready().await;
    for n in 0..20 {
        assert_eq!(again.create_short(&format!("A-{n}")).await.0, StatusCode::CONFLICT);
        assert_eq!(again.update(&format!("A-{n}"), "pending").await.0, StatusCode::OK);
    }
    again.stop().await;
}
