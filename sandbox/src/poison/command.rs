//! The subcommand `poison`: writes an invalid record, and says what became of it.

use std::io::{self, ErrorKind, Write};

use anyhow::Context;
use clap::Args;
use orderlog_kafka::partition::Partitioner;
use reqwest::Url;

use super::{Kind, OrderService, Outcome, Poisoner, Written};

/// Its flags. Their defaults are a sandbox on its default ports.
#[derive(Args, Clone, Debug)]
pub struct PoisonArgs {
    /// What is wrong with the record
    #[arg(long, value_enum, default_value_t = Kind::NotAvro)]
    pub kind: Kind,

    /// The broker
    #[arg(
        long,
        env = "KAFKA_BOOTSTRAP_SERVERS",
        value_name = "HOST:PORT",
        default_value = "localhost:9092"
    )]
    pub kafka_bootstrap_servers: String,

    /// The topic, which must exist
    #[arg(long, env = "KAFKA_TOPIC", value_name = "TOPIC", default_value = "order-events")]
    pub kafka_topic: String,

    /// How producers of the topic map keys to partitions
    #[arg(long, env = "KAFKA_PARTITIONER", value_name = "RULE", value_enum, default_value_t)]
    pub kafka_partitioner: Partitioner,

    /// The registry; asked only for kinds that need a schema id from it
    #[arg(
        long,
        env = "SCHEMA_REGISTRY_URL",
        value_name = "URL",
        default_value = "http://localhost:8081",
        hide_env_values = true
    )]
    pub schema_registry_url: String,

    /// The order-service to ask what became of the record
    #[arg(
        long,
        env = "ORDER_SERVICE_URL",
        value_name = "URL",
        default_value = "http://localhost:8001",
        value_parser = http_url
    )]
    pub order_service_url: Url,
}

fn http_url(text: &str) -> Result<Url, &'static str> {
    orderlog_web::http_url::base(text)
        .ok_or("write an http or https address without query and fragment, such as http://localhost:8001")
}

/// Writes the record, and prints where it is and what order-service did with it.
///
/// # Errors
/// If it cannot be written. It is not an error if no order-service answers.
pub async fn run(args: &PoisonArgs) -> anyhow::Result<()> {
    let order_service = OrderService::at(&args.order_service_url)?;
    let poisoner = Poisoner::connect(
        &args.kafka_bootstrap_servers,
        &args.kafka_topic,
        args.kafka_partitioner,
        &args.schema_registry_url,
    )
    .await?;
    let written = poisoner.write(args.kind, &Poisoner::an_order_id()).await?;
    print(&announcement(&written, &args.kafka_bootstrap_servers))?;
    let outcome = order_service.outcome_of(&written).await;
    print(&report(
        &written,
        &outcome,
        &args.kafka_bootstrap_servers,
        order_service.url(),
    ))
}

/// Prints a line. Whoever has read enough, as `head` has, may close the pipe.
fn print(line: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("writing to stdout"),
        _ => Ok(()),
    }
}

fn announcement(written: &Written, servers: &str) -> String {
    let Written {
        kind,
        topic,
        key,
        partition,
        offset,
        ..
    } = written;
    let record = if *kind == Kind::IllegalStep {
        "a valid record and then an invalid one"
    } else {
        "an invalid record"
    };
    format!("Wrote {record} ({kind}) to topic {topic} at {servers}: key {key}, partition {partition}, offset {offset}.")
}

fn report(written: &Written, outcome: &Outcome, servers: &str, url: &str) -> String {
    let Written {
        key,
        order_id,
        partition,
        offset,
        ..
    } = written;
    let other_kafka = format!(
        "it probably reads from another Kafka than the one at {servers}; set --kafka-bootstrap-servers / KAFKA_BOOTSTRAP_SERVERS to its own (the sandbox prints the address), or --order-service-url / ORDER_SERVICE_URL"
    );
    let dead_letters = format!("\n\n  curl -i '{url}/dlq/messages?orderId={key}'\n");
    match outcome {
        Outcome::DeadLettered { code, reason } => {
            format!("order-service has dead-lettered it as {code}: {reason}\n\nSee the dead letter:{dead_letters}")
        }
        Outcome::Accepted => format!(
            "order-service has read it and applied it. See the order:\n\n  curl -i '{url}/order-details?orderId={order_id}'\n"
        ),
        Outcome::NotRead { paused } => {
            let why = match paused {
                Some(why) => format!("partition {partition} is paused: {why}"),
                None => format!("see {url}/health"),
            };
            format!("order-service has not read it yet; {why}\n\nLater, see whether it is a dead letter:{dead_letters}")
        }
        Outcome::NotShown => format!(
            "The order-service at {url} is past offset {offset} of partition {partition}, but shows neither a dead letter nor an order with this event: {other_kafka}. If it does read that Kafka, look again later:{dead_letters}"
        ),
        Outcome::NotThere => {
            format!("The order-service at {url} does not see offset {offset} of partition {partition}: {other_kafka}.")
        }
        Outcome::OtherTopic(topic) => format!(
            "The order-service at {url} reads another topic, {topic}; set --order-service-url / ORDER_SERVICE_URL to see what becomes of the record."
        ),
        Outcome::NoAnswer(why) => format!(
            "order-service at {url} could not be queried ({why}); start it, or set --order-service-url / ORDER_SERVICE_URL.\n\nOnce it has read the record, see the dead letter:{dead_letters}"
        ),
    }
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
