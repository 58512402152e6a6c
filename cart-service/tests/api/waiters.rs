//! Whom the projection notifies of an event: its writer, and only about that event, not about others with its id.

use std::sync::Arc;
use std::time::Duration;

use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::order::Outcome;
use orderlog_kafka::settings::KafkaConfig;
use orderlog_projection::config::PipelineConfig;
use orderlog_projection::schema_id_audit::SchemaIdAudit;
use orderlog_projection::store::{Embedded, Store};
use orderlog_projection::{Projection, RejectedRecord, RejectionHandler, Settings, Unhandled};
use orderlog_registry::Registry;
use orderlog_registry::config::RegistryConfig;
use orderlog_runtime::supervisor::Supervisor;
use sandbox::testing::{event, partition_of};
use sandbox::third_party;
use uuid::Uuid;

use crate::helpers::World;
use crate::others::append;

/// Skips invalid records.
struct Skip;

impl RejectionHandler for Skip {
    fn prepare(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn handle(&mut self, _rejected: &[RejectedRecord<'_>]) -> Vec<Unhandled> {
        Vec::new()
    }

    fn tick(&mut self) {}
}

fn start(world: &World, store: &std::path::Path, life: &Supervisor) -> Projection {
    let pipeline = PipelineConfig {
        kafka: KafkaConfig {
            bootstrap_servers: world.broker.bootstrap_servers(),
            kafka_extra: vec![("fetch.wait.max.ms".to_owned(), "3".into())],
            has_admin_api: false,
            ..KafkaConfig::default()
        },
        registry: RegistryConfig::at(&world.registry_url).expect("an address"),
        ..PipelineConfig::default()
    };
    let settings = Settings::of("waiters", &pipeline, Duration::from_millis(50)).expect("settings");
    let registry = Arc::new(Registry::new(&pipeline.registry).expect("a client"));
    let store = Store::from(Embedded::open(store).expect("a store"));
    let audit = SchemaIdAudit::new(registry, store.clone(), false);
    Projection::start(settings, store, audit, Skip, life).expect("starts")
}

/// What the writer of an event is told when those records are read, of which the last is its own. Also returns how many
/// precede it in its partition.
async fn told(world: &World, events: &[OrderEvent]) -> (Outcome, i64) {
    let (dir, life) = (tempfile::tempdir().expect("a directory"), Supervisor::default());
    let ours = orderlog_contract::lineage::newest_text().text;
    let id = world.register("order-events-value", &ours).await;
    let projection = start(world, dir.path(), &life);
    let (mine, _) = events.split_last().expect("an event");
    let mut waiting = projection.view().waiters().event(mine);
    for event in events {
        let data = serde_json::to_value(event).expect("JSON");
        let value = third_party::value(id, &ours, data).expect("encodes");
        append(world, &event.order.order_id, &value);
    }
    let told = tokio::time::timeout(Duration::from_secs(20), waiting.outcome()).await;
    projection.stop().await;
    let told = told.expect("in time").expect("the projection runs");
    (told.outcome, told.offset)
}

#[tokio::test]
async fn an_event_whose_id_another_writer_used_first_is_not_reported_as_applied() {
    let mine = event("A-1", 1, OrderStatus::New);
    let mut faster = mine.clone();
    faster.order.status = OrderStatus::Confirmed;
    assert_eq!(told(&World::new(), &[faster, mine]).await, (Outcome::Superseded, 1));
}

#[tokio::test]
async fn the_writer_of_an_event_is_answered_by_its_own_record_whatever_else_has_its_id() {
    let mine = event("A-1", 2, OrderStatus::New);
    let elsewhere = OrderEvent {
        event_id: mine.event_id,
        ..event("A-2", 1, OrderStatus::New)
    };
    let before = event("A-1", 1, OrderStatus::New);
    let earlier = OrderEvent {
        event_id: mine.event_id,
        ..before.clone()
    };
    let other_link = OrderEvent {
        previous_event_id: Some(Uuid::now_v7()),
        ..before
    };
    let lies = 1 + i64::from(partition_of("A-1") == partition_of("A-2")) + 1;
    assert_eq!(
        told(&World::new(), &[elsewhere, earlier, other_link, mine]).await,
        (Outcome::Applied { gap: false }, lies)
    );
}

#[tokio::test]
async fn an_event_that_is_in_the_log_twice_wins_with_its_first_record() {
    let mine = event("A-1", 1, OrderStatus::New);
    assert_eq!(
        told(&World::new(), &[mine.clone(), mine]).await,
        (Outcome::Applied { gap: false }, 0)
    );
}
