//! Dead letters in the hands of others: Spring Kafka's and Kafka Connect's own classes decode their headers, and a letter that a
//! tool copies back as it is keeps its first origin.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context;
use serde_json::{Value, json};
use testbed::log::Record;
use testbed::poison::{Kind, Poisoner};
use testbed::service::Service;
use testbed::world::World;

use crate::dead_letter_format::own_headers;
use crate::others;

/// Runs one of the programs, and returns its output.
async fn run(world: &World, program: &str, arguments: &[&str], input: String) -> anyhow::Result<String> {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    let java = home.filter(|java| java.is_file()).unwrap_or_else(|| "java".into());
    let mut command = Command::new(java);
    command
        // The cheap compiler and collector start in half the time.
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"])
        // Beside the tools of the other programs, whose versions differ.
        .arg(world.servers.java_tools.with_file_name("java-readers").join("*"))
        .arg(format!("{}/java/readers/{program}", env!("CARGO_MANIFEST_DIR")))
        .args(arguments);
    others::run(command, input).await
}

/// A record with a wrong total, and its dead letter.
async fn one_dead_letter(world: &World) -> anyhow::Result<(Service, Record, Record)> {
    let order = world.order()?.start().await?;
    let poisoner = Poisoner::new(&world.servers, &world.topic).await?;
    let poisoned = poisoner.write(Kind::WrongTotal, "P-1", &own_headers()).await?;
    world.await_dead_letters(&order, 1).await?;
    let log = world.log().await?;
    let source = log.into_iter().find(|record| record.place() == poisoned.place);
    let letter = world.dead_letters().await?.pop().context("no dead letter")?;
    Ok((order, source.context("no record")?, letter))
}

#[tokio::test]
async fn spring_and_connect_decode_the_headers_to_the_right_values() -> anyhow::Result<()> {
    let world = World::new("dead-letter-readers")?;
    let (_order, source, letter) = one_dead_letter(&world).await?;
    let mut lines = String::new();
    for (name, value) in &letter.headers {
        if let Some(value) = value {
            let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push_str(&format!("{name}\t{hex}\n"));
        }
    }
    let printed = run(&world, "ReadDeadLetter.java", &[], lines).await?;
    let seen: Value = serde_json::from_str(&printed).with_context(|| printed.clone())?;
    let reason = "order.totalMinor must be the sum of quantity times unitPriceMinor";
    let exception = "orderlog.invalid_order";
    let trace = format!("{exception}: {reason}\n\tat common::order(order-service)\n");
    let spring = json!({
        "topic": world.topic, "partition": source.partition, "offset": source.offset, "timestamp": source.timestamp,
        "timestampType": "LOG_APPEND_TIME", "group": "order-service", "exception": exception, "cause": exception,
        "message": reason, "stacktrace": trace,
    });
    let connect = json!({
        "topic": world.topic, "partition": source.partition, "offset": source.offset, "connector.name": "order-service",
        "task.id": 0, "stage": "TASK_PUT", "class.name": "common::order", "exception.class.name": exception,
        "exception.message": reason, "exception.stacktrace": trace,
    });
    assert_eq!(seen, json!({"spring": spring, "connect": connect}));
    Ok(())
}

#[tokio::test]
async fn a_letter_that_is_copied_back_as_it_is_keeps_its_first_origin() -> anyhow::Result<()> {
    let world = World::new("dead-letter-copied-back")?;
    let (order, source, first) = one_dead_letter(&world).await?;
    let from = world.dead_letter_topic();
    let arguments = [world.servers.kafka.as_str(), from.as_str(), world.topic.as_str()];
    let printed = run(&world, "CopyBack.java", &arguments, String::new()).await?;
    let (partition, offset) = printed.trim().split_once(' ').context("no place")?;
    world.await_dead_letters(&order, 2).await?;

    let letters = world.dead_letters().await?;
    let second = letters
        .iter()
        .find(|letter| letter.offset != first.offset)
        .context("no second one")?;
    assert_eq!((&second.key, &second.value), (&first.key, &first.value));
    assert_eq!(
        second.header("orderlog.at"),
        format!("{}-{partition}-{offset}", world.topic)
    );
    assert_eq!(second.header("orderlog.replays"), "1");
    for name in [
        "orderlog.id",
        "__connect.errors.offset",
        "__connect.errors.partition",
        "orderlog.code",
    ] {
        assert_eq!(second.header(name), first.header(name), "{name}");
    }
    // The headers that were added first are replaced, not repeated.
    let count = |name: &str| second.headers.iter().filter(|(other, _)| other == name).count();
    assert_eq!((count("orderlog.id"), count("kafka_dlt-original-offset")), (1, 1));
    let shown = order.http.dead_letters(10).await?;
    let offsets: Vec<_> = shown
        .iter()
        .filter_map(|letter| letter.origin.as_ref())
        .map(|it| it.offset)
        .collect();
    assert_eq!(offsets, [source.offset; 2]);
    Ok(())
}
