//! Interoperability: Confluent's Python client, with its AvroDeserializer and AvroSerializer.

use std::process::Command;

use anyhow::Context;
use orderlog_contract::{barrier, lineage};
use orderlog_kafka::partition::Partitioner;
use sandbox::third_party;
use testbed::registry::Registry;
use testbed::topics::Topics;
use testbed::world::World;
use testbed::writer::NewRecord;
use testbed::{events, next_version};

use crate::others::{self, Landed};

/// The file of our newest schema.
fn newest() -> String {
    let version = lineage::LINEAGE.len();
    format!("{}/../schemas/order-event/v{version}.avsc", env!("CARGO_MANIFEST_DIR"))
}

/// Runs one of the scripts with those additional arguments, and returns its output.
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
async fn python_and_both_services_read_past_barriers() -> anyhow::Result<()> {
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
async fn python_reads_events_of_two_versions_with_our_newest_as_its_own() -> anyhow::Result<()> {
    let world = World::new("python-reads-two-versions")?;
    let expected = others::two_versions(&world).await?.as_ours;
    let printed = run(
        &world,
        "read_events.py",
        &[&expected.len().to_string(), &newest()],
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
    let printed = run(&world, "write_event.py", &[&newest()], serde_json::to_string(&event)?).await?;
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
    std::fs::write(&schema, third_party::with_a_new_field()?)?;
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

#[tokio::test]
async fn pythons_producers_place_keys_where_we_do() -> anyhow::Result<()> {
    let world = World::new("python-partitioners")?;
    Topics::new(&world.servers.kafka)?.create(&world.topic, 7, &[]).await?;
    let mut keys: Vec<String> = (0..300).map(|n| format!("ORD-{n}")).collect();
    keys.extend((0..100).map(|n| format!("Größe-{n}-注文")));
    keys.push("é".repeat(64));
    for (setting, partitioner, takes_empty_keys) in [
        // Without a setting, like most producers; a record with an empty key may be anywhere then.
        ("default", Partitioner::Crc32, false),
        ("consistent_random", Partitioner::Crc32, false),
        ("consistent", Partitioner::Crc32, true),
        ("murmur2_random", Partitioner::Murmur2, true),
        ("fnv1a_random", Partitioner::Fnv1a, true),
    ] {
        let mut keys = keys.clone();
        keys.extend(takes_empty_keys.then(String::new));
        let printed = run(&world, "lay_keys.py", &[setting], serde_json::to_string(&keys)?).await?;
        let landed: Vec<i32> = serde_json::from_str(&printed)?;
        let ours: Vec<i32> = keys.iter().map(|key| partitioner.of_key(key.as_bytes(), 7)).collect();
        assert_eq!(landed, ours, "{setting}");
    }
    Ok(())
}

#[tokio::test]
async fn records_placed_by_pythons_own_partitioner_are_valid_if_the_setting_names_it() -> anyhow::Result<()> {
    let world = World::new("python-crc32")?;
    let mut cart = world.cart()?.with("KAFKA_PARTITIONER", "crc32").start().await?;
    let mut order = world.order()?.with("KAFKA_PARTITIONER", "crc32").start().await?;
    for n in 0..6 {
        let id = format!("PY-{n}");
        let input = serde_json::to_string(&events::first(&id))?;
        let printed = run(&world, "write_event.py", &[&newest(), "default"], input).await?;
        let landed: Landed = serde_json::from_str(&printed).with_context(|| printed.clone())?;
        order.http.order(&id, 1).await?;
        let updated = cart.http.updated(&id, "confirmed").await?;
        assert_eq!(updated.partition, landed.partition, "{id}");
    }
    let stats = world.caught_up(&order).await?;
    assert_eq!((stats.totals.applied, stats.totals.dead_lettered), (12, 0), "{stats:?}");
    let described = order.http.get("/asyncapi.json").await?.text;
    assert!(described.contains("partitioner=consistent_random"), "{described}");

    // Under another partitioner neither its store nor its topic fits.
    tokio::try_join!(cart.terminate(), order.terminate())?;
    for service in [&mut cart, &mut order] {
        service.spawn(&["--kafka-partitioner=murmur2"])?;
        assert_ne!(service.ended().await?, Some(0));
        let log = service.log();
        assert!(
            log.contains("partitioned by crc32") && log.contains("KAFKA_PARTITIONER"),
            "{log}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_writer_with_pythons_own_partitioner_learns_what_to_set_if_the_topic_uses_another() -> anyhow::Result<()> {
    let world = World::new("python-other-partitioner")?;
    let order = world.order()?.start().await?;
    let lies_elsewhere = |id: &String| {
        let partition = |partitioner: Partitioner| partitioner.of_key(id.as_bytes(), 6);
        partition(Partitioner::Crc32) != partition(Partitioner::Murmur2)
    };
    let id = (0..).map(|n| format!("PY-{n}")).find(lies_elsewhere).context("an id")?;
    let input = serde_json::to_string(&events::first(&id))?;
    run(&world, "write_event.py", &[&newest(), "default"], input).await?;
    world.await_dead_letters(&order, 1).await?;
    let dead_letters = order.http.get("/dlq/messages").await?.text;
    for part in [
        "wrong_partition",
        "partitioner=murmur2_random",
        "KAFKA_PARTITIONER=crc32",
    ] {
        assert!(dead_letters.contains(part), "{part} in {dead_letters}");
    }
    Ok(())
}
