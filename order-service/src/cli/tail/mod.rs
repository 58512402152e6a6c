//! `order-service tail`: prints the records of a topic as JSON lines. It decodes any Avro schema of the registry; whether an
//! event follows our rules is not judged. It joins no group and commits nothing.

mod line;
mod reading;
mod schemas;
mod start;

use std::io::{self, BufWriter};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use orderlog_contract::lineage;
use orderlog_contract::order::full_id;
use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::settings::KafkaConfig;
use orderlog_kafka::topic_name::TopicName;
use orderlog_registry::Registry;
use orderlog_registry::config::RegistryConfig;
use orderlog_runtime::supervisor::Supervisor;
use tokio::runtime::Handle;

use self::reading::Tail;
use self::schemas::Schemas;
use self::start::Start;
use super::output::{self, Output};

/// `client.id` of its Kafka client.
const CLIENT: &str = "order-service-tail";

pub(super) const EXAMPLES: &str = "A line has key, partition, offset, schemaId, schemaVersion, timestamp and event: the value as Avro's JSON encoding, as
kafka-avro-console-consumer prints it. A record that cannot be decoded has the event null, and code and reason instead. A dead
letter also has deadLetter: why it was rejected.

Examples:
  order-service tail                                     the whole topic, then exit
  order-service tail --follow --from end                 new records, until Ctrl-C
  order-service tail --order 1001                        one order's events
  order-service tail --from 2026-01-02T03:04:05Z         since that time
  order-service tail --from 2:17 --limit 1 --headers     one record, with its headers
  order-service tail --topic order-events-dlq            the dead letters
  order-service tail | jq 'select(.event == null)'       records that cannot be decoded

Exit codes:
  0  everything that was asked for was printed, or nobody reads it any more
  1  the topic could not be read
  2  an option is invalid";

/// What to print.
#[derive(Args, Clone, Debug)]
pub struct TailArgs {
    /// Topic to read, such as the dead-letter topic; by default that of KAFKA_TOPIC
    #[arg(id = "read-topic", long = "topic", value_name = "TOPIC")]
    pub topic: Option<TopicName>,

    /// Where to begin: beginning, end, an offset, offsets by partition (0:17,3:40: only those are read), or a time
    /// (2026-01-02T03:04:05Z)
    #[arg(long, value_name = "START", default_value = "beginning")]
    pub from: Start,

    /// Only the records with this order id as their key; only the partition of that key is read
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,

    /// Go on with new records as they come, instead of exiting at the end
    #[arg(long, short)]
    pub follow: bool,

    /// Exit after that many lines
    #[arg(long, short = 'n', value_name = "LINES", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,

    /// Also print the records' headers
    #[arg(long)]
    pub headers: bool,

    /// Where the topic is.
    #[command(flatten)]
    pub kafka: KafkaConfig,

    /// Where its schemas are.
    #[command(flatten)]
    pub registry: RegistryConfig,
}

/// Prints the records, and on stderr what goes wrong.
pub async fn run(args: &TailArgs) -> ExitCode {
    match print(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn print(args: &TailArgs) -> anyhow::Result<()> {
    let topic = args.topic.as_ref().unwrap_or(&args.kafka.topic).to_string();
    let subject = lineage::subject(&topic);
    let registry = Registry::new(&args.registry)?.for_subject(subject.clone());
    // The records of a dead-letter topic have the schemas of the topic that they come from.
    let schemas = Schemas::new(registry, vec![subject, lineage::subject(&args.kafka.topic)]);
    let tail = Tail {
        cluster: Cluster::new(CLIENT, &args.kafka)?,
        topic,
        from: args.from.clone(),
        key: args.order.as_deref().map(|order| full_id(order).into_owned()),
        follow: args.follow,
        limit: args.limit,
        headers: args.headers,
    };
    let runtime = Handle::current();
    // A thread of its own: it waits for Kafka and for whoever reads stdout.
    let reading = Supervisor::default().spawn_blocking("reading the topic", move || {
        let mut output = Output::new(BufWriter::new(io::stdout().lock()));
        tail.run(schemas, &runtime, &mut output, |note| {
            eprintln!("order-service tail: {note}")
        })
    });
    reading.await.context("reading the topic")?
}
