//! Registries that are not the one that the store knows: others, and empty ones.

use orderlog_contract::event::OrderStatus;
use orderlog_registry::Registry as Client;
use reqwest::StatusCode;
use sandbox::registry::Contents;
use sandbox::testing::contents_of_others;
use sandbox::third_party;
use serde_json::{Value, json};

use crate::helpers::{App, DLQ, World, await_suspended, created, event, eventually, partition_of};

/// Our schema as another text, under a new id.
struct Twin {
    id: u32,
    text: String,
}

impl Twin {
    async fn register(world: &World) -> Self {
        let mut twin = third_party::newest().expect("a schema");
        twin["doc"] = json!("of others");
        let text = twin.to_string();
        let id = world.register("others-value", &text).await;
        Self { id, text }
    }

    /// Writes that version of A-1 with this schema.
    fn write(&self, world: &World, version: i32, status: OrderStatus) {
        let data = serde_json::to_value(event("A-1", version, status)).expect("JSON");
        world.write_data_as(self.id, &self.text, "A-1", data);
    }
}

fn paused(stats: &Value, order_id: &str) -> String {
    let partition = usize::try_from(partition_of(order_id)).expect("a partition");
    stats["partitions"][partition]["paused"].to_string()
}

/// Writes A-1, and waits until it is read.
async fn write_the_first(world: &World, app: &App) {
    world.write_event(&created("A-1"));
    app.await_read(1, 0).await;
}

/// The same with a service that checks the registry every second. Then another registry, in which ids have other meanings,
/// takes the place of the right one, which is returned, and the service notices it.
async fn start_and_swap_registry(world: &mut World) -> (App, Contents) {
    let app = world.spawn_watchful().await;
    write_the_first(world, &app).await;
    let right = world.swap_registry(contents_of_others().await).await;
    await_suspended(&app).await;
    (app, right)
}

/// Brings back the right registry. Then A-1 must get as far as that version, which is that of the last of as many records,
/// and nothing must be dead-lettered.
async fn read_on(world: &mut World, app: &App, right: Contents, version: u64) {
    world.swap_registry(right).await;
    app.await_read(version, 0).await;
    assert_eq!(app.details("A-1").await.1["version"], version);
    assert!(world.read(DLQ).is_empty());
}

#[tokio::test]
async fn a_registry_that_gives_an_id_another_meaning_stops_consumption_until_the_right_one_is_back() {
    let mut world = World::new().await;
    let (app, right) = start_and_swap_registry(&mut world).await;
    world.write_event(&created("A-2"));
    assert_eq!(
        app.details("A-1").await.0,
        StatusCode::OK,
        "what is known is still served"
    );
    let stats = app.get("/stats").await.1;
    assert!(paused(&stats, "A-2").contains("a different schema"), "{stats}");
    // A restart does not change that.
    let app = world
        .spawn_unready(app.stop().await, |config| config.pipeline.schema_check_seconds = 1)
        .await;
    await_suspended(&app).await;
    assert_eq!(app.details("A-1").await.0, StatusCode::OK);
    // Until the registry has answered, an id means what it meant before: what is read then is read correctly.
    assert_eq!(
        app.get("/dlq/info").await.1["count"],
        0,
        "nothing was read with the wrong schema"
    );
    // And no restart is needed when the right registry is back.
    let wrong = world.swap_registry(right).await;
    app.await_read(2, 0).await;
    app.await_healthy().await;
    world.swap_registry(wrong).await;
    app.await_reason("a different schema").await;
    let client = Client::at(&world.registry_url).expect("a client");
    let verified = client
        .verify_lineage("order-events-value", orderlog_contract::lineage::LINEAGE)
        .await;
    assert!(verified.is_err(), "nothing of ours was registered there: {verified:?}");
}

#[tokio::test]
async fn records_that_arrive_while_consumption_is_suspended_and_as_it_resumes_are_all_read() {
    let mut world = World::new().await;
    let (app, right) = start_and_swap_registry(&mut world).await;
    let written = std::cell::Cell::new(1);
    let write_some = |world: &World| {
        for _ in 0..20 {
            written.set(written.get() + 1);
            world.write_event(&created(&format!("A-{}", written.get())));
        }
    };
    // The client prefetches these, and they are dropped.
    write_some(&world);
    world.swap_registry(right).await;
    // Others arrive at the very moment at which reading resumes, whenever that is.
    let resumes = || async {
        write_some(&world);
        app.get("/stats").await.1["records"] != 1
    };
    assert!(eventually(resumes).await, "{}", app.get("/health").await.1);
    app.await_read(written.get(), 0).await;
    app.await_healthy().await;
}

#[tokio::test]
async fn with_an_empty_registry_known_ids_are_still_read_and_nothing_is_dead_lettered() {
    let mut world = World::new().await;
    let app = world.spawn_watchful().await;
    write_the_first(&world, &app).await;
    let twin = Twin::register(&world).await;
    let right = world.swap_registry(Contents::default()).await;
    app.await_reason("ACCEPT_REGISTRY").await;
    world.write_event(&event("A-1", 2, OrderStatus::Confirmed));
    app.await_read(2, 0).await;
    // An id that the empty registry does not know may be one of those that it lost.
    twin.write(&world, 3, OrderStatus::Processing);
    let waits = || async { paused(&app.get("/stats").await.1, "A-1").contains("lost its content") };
    assert!(eventually(waits).await, "{}", app.get("/stats").await.1);
    assert_eq!(app.get("/health/ready").await.0, StatusCode::OK);
    read_on(&mut world, &app, right, 3).await;
    app.await_healthy().await;
}

#[tokio::test]
async fn nothing_is_learned_from_a_wrong_registry_that_answers_for_a_moment() {
    let mut world = World::new().await;
    // Its own checks are too rare to notice: the request for the record's schema does.
    let app = world.spawn_app().await;
    write_the_first(&world, &app).await;
    let twin = Twin::register(&world).await;
    let right = world.swap_registry(contents_of_others().await).await;
    twin.write(&world, 2, OrderStatus::Confirmed);
    app.await_reason("a different schema").await;
    read_on(&mut world, &app, right, 2).await;
}
