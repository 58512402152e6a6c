//! Registries that are not the one that the store knows: others, empty ones, and ones that lost something.

use cart_service::Application;
use orderlog_contract::event::OrderStatus;
use orderlog_contract::lineage;
use orderlog_projection::store::Embedded;
use orderlog_runtime::supervisor::Supervisor;
use orderlog_runtime::telemetry;
use reqwest::{Client, StatusCode};
use sandbox::registry::Contents;
use sandbox::testing::{contents_of_others, event};
use sandbox::third_party;
use serde_json::{Value, json};

use crate::helpers::{App, World, eventually};
use crate::others::write;

const SUBJECT: &str = "order-events-value";

async fn ask(world: &World, path: &str) -> (StatusCode, Value) {
    let answer = Client::new().get(format!("{}{path}", world.registry_url)).send().await;
    crate::helpers::answer(answer.expect("an answer")).await
}

async fn refuses(app: &App, part: &str) {
    let (status, problem) = app.create_short("A-9").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    assert!(
        problem["detail"].as_str().is_some_and(|why| why.contains(part)),
        "{problem}"
    );
    assert_eq!(app.get("/health/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn nothing_is_registered_at_a_wrong_registry_and_the_right_one_is_enough_to_continue() {
    let mut world = World::new();
    let app = world.start_watchful().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let right = world.swap_registry(contents_of_others().await).await;
    app.await_reason("a different schema").await;
    refuses(&app, "a different schema").await;
    let wrong = world.swap_registry(right).await;
    app.await_healthy().await;
    assert_eq!(app.create_short("A-2").await.0, StatusCode::CREATED);
    assert_eq!(app.update("A-1", "confirmed").await.0, StatusCode::OK);

    // A start with the wrong one does not register anything there either.
    let store = app.stop().await;
    let right = world.swap_registry(wrong).await;
    let app = world
        .start_unready(store, |config| config.pipeline.schema_check_seconds = 1)
        .await;
    app.await_reason("a different schema").await;
    assert_eq!(
        ask(&world, &format!("/subjects/{SUBJECT}/versions")).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        ask(&world, &format!("/config/{SUBJECT}")).await.0,
        StatusCode::NOT_FOUND
    );
    world.swap_registry(right).await;
    app.await_healthy().await;
    assert_eq!(app.create_short("A-3").await.0, StatusCode::CREATED);
    app.stop().await;
}

#[tokio::test]
async fn with_an_empty_registry_nothing_is_written_until_it_knows_its_schemas_again() {
    let mut world = World::new();
    let app = world.start_watchful().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let records = world.record_count();
    let right = world.swap_registry(Contents::default()).await;
    app.await_reason("ACCEPT_REGISTRY").await;
    refuses(&app, "lost its content").await;
    assert_eq!(world.record_count(), records);
    assert_eq!(
        ask(&world, "/subjects").await.1,
        json!([]),
        "nothing was registered there"
    );
    world.swap_registry(right).await;
    app.await_healthy().await;
    assert_eq!(app.create_short("A-2").await.0, StatusCode::CREATED);
    app.stop().await;
}

#[tokio::test]
async fn a_mistyped_topic_ends_the_start_before_anything_is_registered() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let store = app.stop().await;
    let before = ask(&world, "/subjects").await.1;
    let mut config = world.config(store.path());
    config.pipeline.kafka.topic = "orders-new".parse().expect("a name");
    let built = Application::build(config, telemetry::metrics_recorder(), Supervisor::default()).await;
    let error = format!("{:#}", built.err().expect("refused"));
    for part in ["filled from topic order-events", "KAFKA_TOPIC says orders-new", "STORE"] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert_eq!(ask(&world, "/subjects").await.1, before);
    // With the right name, it is as it was.
    let app = world.start_unready(store, |_| ()).await;
    app.await_ready().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CONFLICT);
    app.stop().await;
}

#[tokio::test]
async fn an_operator_may_accept_an_empty_registry() {
    let mut world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let store = app.stop().await;
    world.registry_down().await;
    world.registry_up(Contents::default());
    let app = world.start_unready(store, |_| ()).await;
    app.await_reason("lost its content").await;
    let app = world
        .start_unready(app.stop().await, |config| config.pipeline.accept_registry = true)
        .await;
    app.await_ready().await;
    assert_eq!(app.create_short("A-2").await.0, StatusCode::CREATED);
    assert_eq!(
        app.update("A-1", "confirmed").await.0,
        StatusCode::OK,
        "what was read is still known"
    );
    assert_eq!(
        ask(&world, &format!("/subjects/{SUBJECT}/versions")).await.1,
        json!([1])
    );
    // It is reported once, and not at every start.
    let app = world.start_unready(app.stop().await, |_| ()).await;
    app.await_healthy().await;
    assert_eq!(app.create_short("A-3").await.0, StatusCode::CREATED);
    app.stop().await;
}

#[tokio::test]
async fn a_permanently_deleted_schema_of_another_producer_is_reported_and_does_not_stop_writes() {
    let world = World::new();
    let app = world.start_watchful().await;
    let mut twin = third_party::newest().expect("a schema");
    twin["doc"] = json!("of others");
    let twin = twin.to_string();
    let id = world.register("others-value", &twin).await;
    let data = serde_json::to_value(event("A-1", 1, OrderStatus::New)).expect("JSON");
    write(&world, id, &twin, "A-1", data);
    assert!(eventually(|| async { app.update("A-1", "confirmed").await.0 == StatusCode::OK }).await);
    let subject = format!("{}/subjects/others-value", world.registry_url);
    for url in [subject.clone(), format!("{subject}?permanent=true")] {
        let deleted = Client::new().delete(url).send().await.expect("an answer");
        assert_eq!(deleted.status(), StatusCode::OK);
    }
    app.await_reason(&format!("no longer knows schema id {id}")).await;
    assert_eq!(app.create_short("A-2").await.0, StatusCode::CREATED);
    assert_eq!(app.get("/health/ready").await.0, StatusCode::OK);
    // A restart is not delayed either.
    let app = world.start_unready(app.stop().await, |_| ()).await;
    app.await_ready().await;
    assert_eq!(app.create_short("A-3").await.0, StatusCode::CREATED);
    app.stop().await;
}

#[tokio::test]
async fn a_store_with_an_id_from_a_wrong_registry_is_repaired_by_the_right_one() {
    let world = World::new();
    let app = world.start().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    let mut store = app.stop().await;
    // Leftovers of earlier releases: our schema under an id that means something else in this registry, or nothing.
    let taken = world.register("others-value", r#""string""#).await;
    for id in [taken, 1_000] {
        let opened = Embedded::open(store.path()).expect("a store");
        opened.schemas().learn_own(SUBJECT, id).expect("learns");
        drop(opened);
        let app = world.start_unready(store, |_| ()).await;
        app.await_ready().await;
        app.await_healthy().await;
        let order = format!("A-{id}");
        assert_eq!(app.create_short(&order).await.0, StatusCode::CREATED);
        store = app.stop().await;
        let known = Embedded::open(store.path())
            .expect("a store")
            .schemas()
            .known()
            .expect("reads");
        assert!(
            !known.ids.contains(&id) && known.own.is_some_and(|own| own != id),
            "{known:?}"
        );
    }
}

#[tokio::test]
async fn a_lowered_compatibility_level_is_reported_and_left_alone_until_the_next_start() {
    let world = World::new();
    let app = world.start_watchful().await;
    let set = |level: &'static str| {
        let url = format!("{}/config/{SUBJECT}", world.registry_url);
        async move {
            let body = json!({ "compatibility": level });
            let set = Client::new().put(url).json(&body).send().await.expect("an answer");
            assert_eq!(set.status(), StatusCode::OK);
        }
    };
    set("NONE").await;
    app.await_reason("compatibility level NONE").await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    set("FULL_TRANSITIVE").await;
    app.await_healthy().await;
    set("NONE").await;
    let app = world.start_unready(app.stop().await, |_| ()).await;
    app.await_healthy().await;
    let level = ask(&world, &format!("/config/{SUBJECT}")).await.1;
    assert_eq!(level["compatibilityLevel"], "FULL_TRANSITIVE");
    app.stop().await;
}

#[tokio::test]
async fn a_read_only_registry_is_enough_if_it_has_our_schema() {
    let world = World::new();
    let read_only = |mode: &'static str| {
        let url = format!("{}/mode", world.registry_url);
        async move {
            let set = Client::new().put(url).json(&json!({ "mode": mode })).send().await;
            assert_eq!(set.expect("an answer").status(), StatusCode::OK);
        }
    };
    read_only("READONLY").await;
    let app = world
        .start_unready(tempfile::tempdir().expect("a directory"), |_| ())
        .await;
    app.await_reason("SCHEMAS=verify").await;
    // Somebody who may write registers it, and the mode is restored.
    read_only("READWRITE").await;
    world.register(SUBJECT, &lineage::newest_text().text).await;
    read_only("READONLY").await;
    app.await_ready().await;
    assert_eq!(app.create_short("A-1").await.0, StatusCode::CREATED);
    app.stop().await;
}
