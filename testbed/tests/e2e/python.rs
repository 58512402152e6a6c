//! Others read and write the topic too: Confluent's Python client, with its AvroDeserializer and AvroSerializer.

use std::process::Command;

use anyhow::Context;
use common::barrier;
use sandbox::foreign;
use testbed::registry::Registry;
use testbed::world::World;
use testbed::writer::NewRecord;
use testbed::{events, next_version};

use crate::others::{self, Landed};

const V1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/order-event/v1.avsc");

/// Runs one of the scripts with those further arguments, and returns what it prints.
async fn run(world: &World, script: &str, arguments: &[&str], input: String) -> anyhow::Result<String> {
    let mut command = Command::new(&world.servers.python);
    command
        .arg(format!("{}/python/{script}", env!("CARGO_MANIFEST_DIR")))
        .args([&world.servers.kafka, &world.servers.registry, &world.topic])
        .args(arguments);
    others::run(command, input).await
}

#[tokio::test]
async fn python_reads_every_event_as_it_was_written() -> anyhow::Result<()> {
    let world = World::new("python-reads")?;
    let cart = world.cart()?.start().await?;
    for n in 0..30 {
        let id = format!("A-{n}");
        cart.http.created(&id).await?;
        if n % 2 == 0 {
            cart.http.updated(&id, "confirmed").await?;
        }
    }
    let log = world.log().await?;
    let printed = run(&world, "read_events.py", &[&log.len().to_string()], String::new()).await?;
    assert_eq!(others::seen(&printed)?, others::events(&log)?);
    Ok(())
}

#[tokio::test]
async fn python_and_both_services_read_over_barriers() -> anyhow::Result<()> {
    let world = World::new("python-barriers")?;
    let (cart, order) = world.pair().await?;
    let created = cart.http.created("A-1").await?;
    let events = others::events(&world.log().await?)?;
    let barrier = NewRecord {
        partition: Some(created.partition),
        headers: vec![(barrier::HEADER.to_owned(), Some(b"cart-service".to_vec()))],
        ..NewRecord::default()
    };
    for _ in 0..3 {
        world.writer()?.write(&barrier).await?;
    }
    let updated = cart.http.updated("A-1", "confirmed").await?;
    assert_eq!(updated.offset, created.offset + 4);
    let stats = world.caught_up(&order).await?;
    assert_eq!(
        (stats.totals.applied, stats.totals.ignored, stats.totals.dead_lettered),
        (2, 3, 0),
        "{stats:?}"
    );
    assert!(world.dead_letters().await?.is_empty());
    let printed = run(&world, "read_events.py", &["5"], String::new()).await?;
    let seen = others::seen(&printed)?;
    assert_eq!(seen.len(), 2, "{printed}");
    assert!(
        events.iter().all(|(place, event)| seen.get(place) == Some(event)),
        "{printed}"
    );
    Ok(())
}

#[tokio::test]
async fn python_reads_events_of_two_versions_with_the_first_as_its_own() -> anyhow::Result<()> {
    let world = World::new("python-reads-two-versions")?;
    let expected = others::two_versions(&world).await?.as_ours;
    let printed = run(
        &world,
        "read_events.py",
        &[&expected.len().to_string(), V1],
        String::new(),
    )
    .await?;
    assert_eq!(others::seen(&printed)?, expected);
    Ok(())
}

#[tokio::test]
async fn an_event_that_python_wrote_is_applied() -> anyhow::Result<()> {
    let world = World::new("python-writes")?;
    let (cart, order) = world.pair().await?;
    let event = events::first("PY-1");
    let printed = run(&world, "write_event.py", &[V1], serde_json::to_string(&event)?).await?;
    let landed: Landed = serde_json::from_str(&printed).with_context(|| printed.clone())?;
    let ours = Registry::new(&world.servers.registry)?.ours(&world.topic).await?;
    assert_eq!(landed.schema_id, ours, "the same schema is the same id: {landed:?}");

    let shown = order.http.order("PY-1", 1).await?;
    assert_eq!(
        (shown.event_id, shown.customer_id.as_str()),
        (Some(event.event_id), "CUST-TESTBED")
    );
    assert_eq!(shown.total_amount, "999.99");
    let stats = world.caught_up(&order).await?;
    assert_eq!((stats.totals.applied, stats.totals.dead_lettered), (1, 0), "{stats:?}");
    let updated = cart.http.updated("PY-1", "confirmed").await?;
    assert_eq!(
        (updated.partition, updated.offset),
        (landed.partition, landed.offset + 1)
    );
    assert_eq!(order.http.order("PY-1", 2).await?.status, "confirmed");
    Ok(())
}

#[tokio::test]
async fn an_event_that_python_wrote_with_the_next_version_is_applied() -> anyhow::Result<()> {
    let world = World::new("python-writes-next-version")?;
    let (_cart, order) = world.pair().await?;
    let dir = tempfile::tempdir()?;
    let schema = dir.path().join("v2.avsc");
    std::fs::write(&schema, foreign::with_a_new_field()?)?;
    let event = events::first("PY-2");
    let input = next_version::event(&event, Some("Alles Gute"))?.to_string();
    let schema = schema.display().to_string();
    run(&world, "write_event.py", &[&schema], input).await?;

    let shown = order.http.order("PY-2", 1).await?;
    assert_eq!(shown.event_id, Some(event.event_id));
    assert_eq!(shown.total_amount, "999.99");
    let stats = world.caught_up(&order).await?;
    assert_eq!((stats.totals.applied, stats.totals.dead_lettered), (1, 0), "{stats:?}");
    Ok(())
}
