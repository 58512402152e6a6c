//! Others read and write the topic too: Confluent's Python client, with its AvroDeserializer and AvroSerializer.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::Context;
use serde::Deserialize;
use serde_json::Value;
use testbed::events;
use testbed::reference;
use testbed::registry::Registry;
use testbed::world::World;

/// An event as Python saw it.
#[derive(Debug, Deserialize)]
struct Seen {
    partition: i32,
    offset: i64,
    key: String,
    event: Value,
}

/// Where Python's event landed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Landed {
    partition: i32,
    offset: i64,
    schema_id: u32,
}

/// Runs one of the scripts with those further arguments, and returns what it prints.
async fn run(world: &World, script: &str, argument: &str, input: String) -> anyhow::Result<String> {
    let mut command = Command::new(&world.servers.python);
    command
        .arg(format!("{}/python/{script}", env!("CARGO_MANIFEST_DIR")))
        .args([&world.servers.kafka, &world.servers.registry, &world.topic, argument])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let script = script.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().context("starting Python (ORDERLOG_TEST_PYTHON)")?;
        child.stdin.take().context("no stdin")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{script} failed: {said}");
        Ok(String::from_utf8(output.stdout)?)
    })
    .await?
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
    let printed = run(&world, "read_events.py", &log.len().to_string(), String::new()).await?;
    let seen = printed
        .lines()
        .map(serde_json::from_str::<Seen>)
        .collect::<Result<Vec<_>, _>>()?;
    let seen: BTreeMap<(i32, i64), Seen> = seen
        .into_iter()
        .map(|seen| ((seen.partition, seen.offset), seen))
        .collect();
    assert_eq!(seen.len(), log.len(), "{seen:?}");
    for record in &log {
        let seen = &seen[&record.place()];
        assert_eq!(Some(seen.key.as_bytes()), record.key.as_deref());
        // The struct's names in JSON are those of the schema, and so are Python's.
        assert_eq!(seen.event, serde_json::to_value(reference::event(record)?)?);
    }
    Ok(())
}

#[tokio::test]
async fn an_event_that_python_wrote_is_applied() -> anyhow::Result<()> {
    let world = World::new("python-writes")?;
    let (cart, order) = world.pair().await?;
    let event = events::first("PY-1");
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../schemas/order-event/v1.avsc");
    let printed = run(&world, "write_event.py", schema, serde_json::to_string(&event)?).await?;
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
