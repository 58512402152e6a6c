//! Our schemas at a real registry: registered, only verified, or refused, and what a deploy pipeline is told
//! beforehand.

use orderlog_contract::lineage::{LINEAGE, newest_text, subject};
use sandbox::third_party;
use serde_json::json;
use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::world::World;

/// Our newest schema without a field that has no default: neither side can read the other.
fn incompatible() -> anyhow::Result<String> {
    let mut schema = third_party::newest()?;
    third_party::fields(&mut schema, &["order"])?.retain(|field| field["name"] != "currency");
    Ok(schema.to_string())
}

fn no_topic_was_made(world: &World) -> anyhow::Result<()> {
    let topics = Topics::new(&world.servers.kafka)?;
    for topic in [&world.topic, &world.dead_letter_topic()] {
        assert_eq!(topics.partitions(topic)?, 0, "{topic} was made");
    }
    Ok(())
}

#[tokio::test]
async fn with_verify_nothing_is_registered_and_a_missing_schema_stops_the_start() -> anyhow::Result<()> {
    let world = World::new("schemas-verify")?;
    let registry = Registry::new(&world.servers.registry)?;
    for setup in [world.cart()?, world.order()?] {
        let mut service = setup.with("SCHEMAS", "verify").spawn()?;
        let code = service.ended().await?;
        let log = service.log();
        assert_eq!(code, Some(1), "{log}");
        for part in [
            &subject(&world.topic),
            &world.servers.registry,
            "SCHEMAS=register",
            "check-schemas",
        ] {
            assert!(log.contains(part), "{part} in {log}");
        }
    }
    assert!(
        registry.versions(&subject(&world.topic)).await?.is_empty(),
        "nothing was registered"
    );
    no_topic_was_made(&world)?;

    registry.ours(&world.topic).await?;
    let cart = world.cart()?.with("SCHEMAS", "verify").start().await?;
    cart.http.created("A-1").await?;
    let registered = registry.versions(&subject(&world.topic)).await?;
    assert_eq!(registered.len(), LINEAGE.len(), "{registered:?}");
    Ok(())
}

#[tokio::test]
async fn an_incompatible_schema_stops_the_start_with_field_rule_and_versions() -> anyhow::Result<()> {
    let world = World::new("schemas-refused")?;
    let registry = Registry::new(&world.servers.registry)?;
    registry.register(&subject(&world.topic), &incompatible()?).await?;
    let level = registry.level(&subject(&world.topic)).await?;
    for setup in [world.cart()?, world.order()?] {
        let (code, report) = setup.run(&["check-schemas"]).await?;
        let mut service = setup.spawn()?;
        let ended = service.ended().await?;
        let log = service.log();
        assert_eq!((code, ended), (Some(1), Some(1)), "{report} {log}");
        for said in [&report, &log] {
            for part in [
                "order.currency",
                "READER_FIELD_MISSING_DEFAULT_VALUE",
                "v1",
                &subject(&world.topic),
            ] {
                assert!(said.contains(part), "{part} in {said}");
            }
        }
    }
    assert_eq!(
        registry.versions(&subject(&world.topic)).await?,
        [1],
        "nothing was registered"
    );
    assert_eq!(
        registry.level(&subject(&world.topic)).await?,
        level,
        "the level is as it was"
    );
    no_topic_was_made(&world)
}

#[tokio::test]
async fn a_deploy_pipeline_sees_the_exit_code_and_nothing_is_registered() -> anyhow::Result<()> {
    let world = World::new("schemas-check")?;
    let registry = Registry::new(&world.servers.registry)?;
    let order = world.order()?;
    let (code, report) = order.run(&["check-schemas"]).await?;
    assert_eq!(code, Some(0), "{report}");
    assert!(registry.versions(&subject(&world.topic)).await?.is_empty());
    let (code, report) = order.clone().with("SCHEMAS", "verify").run(&["check-schemas"]).await?;
    assert_eq!(code, Some(1), "{report}");
    registry.ours(&world.topic).await?;
    let (code, report) = order.clone().with("SCHEMAS", "verify").run(&["check-schemas"]).await?;
    assert_eq!(code, Some(0), "{report}");
    let away = order.with("SCHEMA_REGISTRY_URL", "http://127.0.0.1:9");
    let (code, report) = away.run(&["check-schemas"]).await?;
    assert_eq!(
        (code, report.contains("http://127.0.0.1:9")),
        (Some(2), true),
        "{report}"
    );
    Ok(())
}

#[tokio::test]
async fn types_of_a_referenced_schema_are_fetched_from_the_real_registry() -> anyhow::Result<()> {
    let world = World::new("schemas-references")?;
    let order = world.order()?.start().await?;
    let registry = Registry::new(&world.servers.registry)?;
    let mut schema = third_party::newest()?;
    let fields = third_party::fields(&mut schema, &["order"])?;
    let items = fields.iter_mut().find(|field| field["name"] == "items").expect("items");
    let name = "com.ecommerce.order.OrderItem";
    let mut item = std::mem::replace(&mut items["type"]["items"], json!(name));
    item["namespace"] = json!("com.ecommerce.order");
    let of_items = format!("{}-items", world.topic);
    registry.register(&of_items, &item.to_string()).await?;
    let reference = json!([{"name": name, "subject": of_items, "version": 1}]);
    let id = registry
        .register_with(&format!("{}-other", world.topic), &schema.to_string(), &reference)
        .await?;
    let event = testbed::events::first("A-1");
    let value = third_party::value(id, &newest_text().text, serde_json::to_value(&event)?)?;
    let record = testbed::writer::NewRecord::of("A-1", value);
    world.writer()?.write(&record).await?;
    assert_eq!(order.http.order("A-1", 1).await?.event_id, Some(event.event_id));
    Ok(())
}
