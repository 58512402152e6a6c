//! Interoperability: Java programs with Kafka's own clients and Apicurio's Avro (de)serializers.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use testbed::events;
use testbed::world::World;

use crate::others::{self, Landed};

/// Runs one of the programs with that additional argument, and returns its output.
async fn run(world: &World, program: &str, argument: &str, input: String) -> anyhow::Result<String> {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    let java = home.filter(|java| java.is_file()).unwrap_or_else(|| "java".into());
    let mut command = Command::new(java);
    command
        // The cheap compiler and collector start in half the time.
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
        .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        .arg("-cp")
        .arg(world.servers.java_tools.join("*"))
        .arg(format!("{}/java/{program}", env!("CARGO_MANIFEST_DIR")))
        .args([&world.servers.kafka, &world.servers.registry, &world.topic, argument]);
    others::run(command, input).await
}

#[tokio::test]
async fn java_reads_events_of_two_versions_as_they_were_written() -> anyhow::Result<()> {
    let world = World::new("java-reads")?;
    let expected = others::two_versions(&world).await?.as_written;
    let printed = run(&world, "ReadEvents.java", &expected.len().to_string(), String::new()).await?;
    assert_eq!(others::seen(&printed)?, expected);
    Ok(())
}

#[tokio::test]
async fn an_event_that_java_wrote_is_applied() -> anyhow::Result<()> {
    let world = World::new("java-writes")?;
    let (cart, order) = world.pair().await?;
    // Without a previous event, its plain JSON is Avro's JSON encoding too.
    let event = events::first("JAVA-1");
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/order-event/v1.avsc");
    let printed = run(&world, "WriteEvent.java", schema, serde_json::to_string(&event)?).await?;
    let landed: Landed = serde_json::from_str(&printed).with_context(|| printed.clone())?;

    let shown = order.http.order("JAVA-1", 1).await?;
    assert_eq!(shown.event_id, Some(event.event_id));
    assert_eq!(shown.total_amount, "999.99");
    let stats = world.caught_up(&order).await?;
    assert_eq!((stats.totals.applied, stats.totals.dead_lettered), (1, 0), "{stats:?}");
    let updated = cart.http.updated("JAVA-1", "confirmed").await?;
    assert_eq!(
        (updated.partition, updated.offset),
        (landed.partition, landed.offset + 1),
        "Java's own partitioner and ours agree"
    );
    Ok(())
}
