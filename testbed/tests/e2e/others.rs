//! Other programs that read and write the topic: how they are run, what they print, and what that must be.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::Context;
use orderlog_contract::event::OrderStatus;
use orderlog_contract::lineage;
use sandbox::third_party;
use serde::Deserialize;
use serde_json::Value;
use testbed::log::Record;
use testbed::registry::Registry;
use testbed::world::World;
use testbed::{events, expected, next_version};

/// Events as JSON, by partition and offset.
pub type Events = BTreeMap<(i32, i64), Value>;

/// An event as another program read it.
#[derive(Debug, Deserialize)]
struct Seen {
    partition: i32,
    offset: i64,
    key: String,
    event: Value,
}

/// Where another program wrote its event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Landed {
    pub partition: i32,
    pub offset: i64,
    pub schema_id: u32,
}

/// A topic with events of two versions.
pub struct TwoVersions {
    /// Each event as it was written.
    pub as_written: Events,
    /// Each event as seen by a reader that knows only our newest version.
    pub as_ours: Events,
}

/// Runs a program with that input, and returns its output.
pub async fn run(mut command: Command, input: String) -> anyhow::Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        child.stdin.take().context("no stdin")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "{command:?} failed: {said}");
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    })
    .await?
}

/// The events in a program's output, one per line.
pub fn seen(printed: &str) -> anyhow::Result<Events> {
    let event = |line| {
        let seen: Seen = serde_json::from_str(line).with_context(|| format!("not an event: {line}"))?;
        anyhow::ensure!(seen.event["order"]["orderId"] == seen.key, "the wrong key: {seen:?}");
        Ok(((seen.partition, seen.offset), seen.event))
    };
    printed.lines().map(event).collect()
}

/// The events of a log that our newest version wrote. The struct's JSON names are those of the schema.
pub fn events(log: &[Record]) -> anyhow::Result<Events> {
    let event = |record: &Record| Ok((record.place(), serde_json::to_value(expected::event(record)?)?));
    log.iter().map(event).collect()
}

/// Fills a topic with events of our newest version and of the next one.
pub async fn two_versions(world: &World) -> anyhow::Result<TwoVersions> {
    let cart = world.cart()?.start().await?;
    for n in 0..5 {
        let id = format!("A-{n}");
        cart.http.created(&id).await?;
        cart.http.updated(&id, "confirmed").await?;
    }
    let mut as_ours = events(&world.log().await?)?;
    let mut as_written = as_ours.clone();
    let registry = Registry::new(&world.servers.registry)?;
    let id = registry
        .register(&lineage::subject(&world.topic), &third_party::with_a_new_field()?)
        .await?;
    let writer = world.writer()?;
    for (n, note) in [None, Some(""), Some("Alles Gute 🎁")].into_iter().enumerate() {
        let first = events::first(&format!("B-{n}"));
        for event in [&first, &events::next(&first, OrderStatus::Shipped)] {
            let place = writer.write(&next_version::record(id, event, note)?).await?;
            as_ours.insert(place, serde_json::to_value(event)?);
            as_written.insert(place, next_version::event(event, note)?);
        }
    }
    Ok(TwoVersions { as_written, as_ours })
}
