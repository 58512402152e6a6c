//! What kcat, a common tool, shows of the topic and of a dead letter: keys and headers in plain text.

use std::process::Command;

use sandbox::testing::documents::only_block_run_by;
use testbed::events;
use testbed::log::Header;
use testbed::poison::{Kind, Poisoner};
use testbed::world::World;

use crate::others;

const CONSUMING: &str = include_str!("../../../docs/consuming.md");
/// As the marker of the block names this test.
const THIS: &str = "testbed/tests/e2e/kcat.rs";

/// Lists partition, offset, key and headers of a topic's records.
async fn list(world: &World, topic: &str) -> anyhow::Result<String> {
    let mut command = Command::new("kcat");
    command
        .args(["-C", "-q", "-e", "-b", &world.servers.kafka, "-t", topic])
        .args(["-f", "%p %o %k %h\n"]);
    others::run(command, String::new()).await
}

fn header(name: &str, value: &str) -> Header {
    (name.to_owned(), Some(value.as_bytes().to_vec()))
}

#[tokio::test]
async fn kcat_lists_keys_and_headers_of_the_topic() -> anyhow::Result<()> {
    let world = World::new("kcat-topic")?;
    let (cart, order) = world.pair().await?;
    let created = cart.http.created("A-1").await?;
    let schema_id = Poisoner::new(&world.servers, &world.topic).await?.schema_id();
    let mut record = events::record(schema_id, &events::first("B-1"))?;
    record.headers = vec![header("traceparent", "00-1"), header("orderlog.note", "größer")];
    let (partition, offset) = world.writer()?.write(&record).await?;
    world.caught_up(&order).await?;

    let listed = list(&world, &world.topic).await?;
    let mut lines: Vec<&str> = listed.lines().collect();
    lines.sort_unstable_by_key(|line| line.contains(" B-1 "));
    assert_eq!(lines.len(), 2, "{listed}");
    let key = format!("{} {} A-1 ", created.partition, created.offset);
    assert!(lines[0].starts_with(&key), "{listed}");
    let headers = "traceparent=00-1,orderlog.note=größer";
    assert_eq!(lines[1], format!("{partition} {offset} B-1 {headers}"));
    Ok(())
}

#[tokio::test]
async fn the_documented_kcat_line_shows_every_record() -> anyhow::Result<()> {
    let world = World::new("kcat-documented")?;
    let cart = world.cart()?.start().await?;
    let created = cart.http.created("A-1").await?;
    let mut shell = Command::new("sh");
    let line = only_block_run_by(THIS, CONSUMING)?
        .text
        .replace("localhost:9092", &world.servers.kafka)
        .replace("order-events", &world.topic);
    shell.args(["-c", &line]);
    let printed = others::run(shell, String::new()).await?;
    let record = format!("partition {} offset {} key A-1, ", created.partition, created.offset);
    assert!(
        printed.starts_with(&record) && printed.lines().count() == 1,
        "{printed}"
    );
    Ok(())
}

#[tokio::test]
async fn kcat_shows_why_a_record_became_a_dead_letter() -> anyhow::Result<()> {
    let world = World::new("kcat-dead-letter")?;
    let order = world.order()?.start().await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    let poisoned = poisoner
        .write(Kind::NotAvro, "P-1", &[header("traceparent", "00-1")])
        .await?;
    world.await_dead_letters(&order, 1).await?;

    // Not split: a timestamp's bytes may contain a line break or a comma.
    let listed = list(&world, &world.dead_letter_topic()).await?;
    let (partition, offset) = poisoned.place;
    assert!(listed.starts_with("0 0 P-1 traceparent=00-1,"), "{listed:?}");
    for (name, value) in [
        ("__connect.errors.topic", world.topic.clone()),
        ("__connect.errors.partition", partition.to_string()),
        ("__connect.errors.offset", offset.to_string()),
        ("kafka_dlt-original-topic", world.topic.clone()),
        (
            "__connect.errors.exception.message",
            "the value begins with byte 0x74 instead of magic byte 0x00; it looks like plain text".to_owned(),
        ),
        ("orderlog.code", "not_framed".to_owned()),
        ("orderlog.id", format!("{}-{partition}-{offset}", world.topic)),
    ] {
        assert!(listed.contains(&format!(",{name}={value},")), "{name}: {listed:?}");
    }
    Ok(())
}
