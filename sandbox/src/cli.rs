//! The sandbox's command line.

use clap::{Parser, Subcommand};
use orderlog_kafka::partition::Partitioner;
use orderlog_web::access::AccessConfig;

use crate::poison::command::PoisonArgs;

/// Runs the whole pipeline in one process, with nothing to install: librdkafka's mock Kafka broker, a schema
/// registry, cart-service and order-service. Nothing is kept when it ends.
///
/// The broker is for clients built on librdkafka: it has no Admin API, and Java's client and Kafka's own tools do not work with
/// it. It keeps about 5 MiB of each partition, and drops the oldest records beyond that.
#[derive(Clone, Debug, Parser)]
#[command(name = "sandbox", version, about)]
pub struct Cli {
    /// What to do; by default, run the pipeline
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Port of cart-service
    #[arg(long, env = "SANDBOX_CART_PORT", value_name = "PORT", default_value_t = 8000)]
    pub cart_port: u16,

    /// Port of order-service
    #[arg(long, env = "SANDBOX_ORDER_PORT", value_name = "PORT", default_value_t = 8001)]
    pub order_port: u16,

    /// Port of the schema registry
    #[arg(long, env = "SANDBOX_REGISTRY_PORT", value_name = "PORT", default_value_t = 8081)]
    pub registry_port: u16,

    /// Port of the broker; if it is in use, the next free one is taken
    #[arg(long, env = "SANDBOX_KAFKA_PORT", value_name = "PORT", default_value_t = 9092)]
    pub kafka_port: u16,

    /// How producers of the topic map keys to partitions
    #[arg(long, env = "KAFKA_PARTITIONER", value_name = "RULE", value_enum, default_value_t)]
    pub kafka_partitioner: Partitioner,

    /// Who may call both services over HTTP
    #[command(flatten)]
    pub access: AccessConfig,

    /// Also create and update orders continuously, and write an invalid record now and then
    #[arg(long)]
    pub demo: bool,
}

/// The sandbox's other commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Write an invalid record to a topic, and see what order-service does with it
    Poison(PoisonArgs),
}
