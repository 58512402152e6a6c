//! The sandbox's command line.

use clap::{Parser, Subcommand};
use orderlog_kafka::partition::Partitioner;
use orderlog_web::access::AccessConfig;

use crate::poison::Kind;

/// Runs the whole pipeline in one process, with nothing to install: a Kafka broker (in memory), a schema registry,
/// cart-service and order-service. Nothing is kept when it ends.
#[derive(Clone, Debug, Parser)]
#[command(name = "sandbox", version, about)]
pub struct Cli {
    /// What to do; by default, run the pipeline
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Port of cart-service
    #[arg(long, env = "SANDBOX_CART_PORT", default_value_t = 8000)]
    pub cart_port: u16,

    /// Port of order-service
    #[arg(long, env = "SANDBOX_ORDER_PORT", default_value_t = 8001)]
    pub order_port: u16,

    /// Port of the schema registry
    #[arg(long, env = "SANDBOX_REGISTRY_PORT", default_value_t = 8081)]
    pub registry_port: u16,

    /// How producers of the topic map keys to partitions
    #[arg(long, env = "KAFKA_PARTITIONER", value_enum, default_value_t)]
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
    /// Write an invalid record to a topic, to see what happens to it
    Poison {
        /// Which fault it has
        #[arg(long, value_enum, default_value_t = Kind::NotAvro)]
        kind: Kind,

        /// The broker, as the running sandbox prints it
        #[arg(long, env = "KAFKA_BOOTSTRAP_SERVERS", value_name = "HOST:PORT")]
        kafka_bootstrap_servers: String,

        /// The topic
        #[arg(long, env = "KAFKA_TOPIC", default_value = "order-events")]
        kafka_topic: String,

        /// How producers of the topic map keys to partitions
        #[arg(long, env = "KAFKA_PARTITIONER", value_enum, default_value_t)]
        kafka_partitioner: Partitioner,

        /// The registry; the records' schemas are registered there
        #[arg(
            long,
            env = "SCHEMA_REGISTRY_URL",
            default_value = "http://localhost:8081",
            hide_env_values = true
        )]
        schema_registry_url: String,
    },
}
