//! order-service's settings: what both services share, and its own.

use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use orderlog_kafka::topic_name::TopicName;
use orderlog_projection::config::PipelineConfig;
use orderlog_projection::store::StoreUrl;
use orderlog_runtime::number::whole_number;
use orderlog_runtime::telemetry::LogConfig;
use orderlog_web::config::WebConfig;
use orderlog_web::http_url::HttpUrl;

use crate::admin::AdminConfig;
use crate::cli::Command;

/// How many records a replay sends in a second, unless it is set.
pub const REPLAY_RATE: u32 = 2_000;
/// The highest rate of a replay, in records per second.
pub const MAX_REPLAY_RATE: u32 = 100_000;

/// Consumes the order events from Kafka and serves the orders over HTTP.
///
/// Without a command it runs until it is stopped.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "order-service",
    version,
    about,
    args_conflicts_with_subcommands = true,
    override_usage = "order-service [OPTIONS]\n       order-service tail [OPTIONS]\n       order-service dlq <COMMAND> [OPTIONS]\n       order-service check-schemas [OPTIONS]"
)]
pub struct Cli {
    /// What to do besides running.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// How to run.
    #[command(flatten)]
    pub config: Config,
}

/// The settings of a running service.
#[derive(Clone, Debug, Parser)]
pub struct Config {
    /// What both services share.
    #[command(flatten)]
    pub pipeline: PipelineConfig,

    /// The HTTP server.
    #[command(flatten)]
    pub web: WebConfig,

    /// Who may change something.
    #[command(flatten)]
    pub admin: AdminConfig,

    /// How logs are written.
    #[command(flatten)]
    pub logs: LogConfig,

    /// Port that the HTTP server listens on; 0 picks a free one
    #[arg(long, env = "API_PORT", value_name = "API_PORT", default_value_t = 8001)]
    pub api_port: u16,

    /// Where the orders read from the topic are stored, as embedded:DIRECTORY
    #[arg(
        long,
        env = "STORE",
        value_name = "STORE",
        default_value = "embedded:./data/order-service"
    )]
    pub store: StoreUrl,

    /// Address at which clients reach cart-service; only for the pages at / and /about
    #[arg(
        long,
        env = "CART_SERVICE_URL",
        value_name = "CART_SERVICE_URL",
        default_value = "http://localhost:8000",
        value_parser = HttpUrl,
        hide_env_values = true
    )]
    pub cart_service_url: url::Url,

    /// Topic of the dead letters; by default the name of the event topic, followed by -dlq
    #[arg(long = "kafka-dlq-topic", env = "KAFKA_DLQ_TOPIC", value_name = "KAFKA_DLQ_TOPIC")]
    pub dlq_topic: Option<TopicName>,

    /// How long to wait for a schema id that the registry does not know, in milliseconds, before its records become dead
    /// letters
    #[arg(
        long,
        env = "UNKNOWN_SCHEMA_GRACE_MS",
        value_name = "UNKNOWN_SCHEMA_GRACE_MS",
        value_parser = whole_number::<u64>("milliseconds", 0..=86_400_000),
        default_value_t = 10_000
    )]
    pub unknown_schema_grace_ms: u64,

    /// How many records a replay of dead letters sends in a second, unless its request says otherwise
    #[arg(
        long,
        env = "REPLAY_RATE",
        value_name = "REPLAY_RATE",
        value_parser = whole_number::<u32>("records per second", 1..=u64::from(MAX_REPLAY_RATE)),
        default_value_t = REPLAY_RATE
    )]
    pub replay_rate: u32,
}

impl Config {
    /// The dead-letter topic.
    ///
    /// # Errors
    /// It is the events' own topic, or the name made from that one is too long.
    pub fn dead_letter_topic(&self) -> anyhow::Result<TopicName> {
        let topic = &self.pipeline.kafka.topic;
        let dead_letters = match &self.dlq_topic {
            Some(given) => given.clone(),
            None => format!("{topic}-dlq")
                .parse()
                .with_context(|| format!("the dead-letter topic cannot get its name from {topic}: set it with --kafka-dlq-topic / KAFKA_DLQ_TOPIC"))?,
        };
        anyhow::ensure!(
            dead_letters != *topic,
            "the dead-letter topic is the event topic itself, {topic}: dead letters would be read as events. Name another one with --kafka-dlq-topic / KAFKA_DLQ_TOPIC"
        );
        Ok(dead_letters)
    }

    /// How long to wait for a schema id that the registry does not know.
    pub fn unknown_schema_grace(&self) -> Duration {
        Duration::from_millis(self.unknown_schema_grace_ms)
    }
}

#[cfg(test)]
mod tests {
    use orderlog_runtime::testing::{self, assert_rejected, variables};

    use super::*;

    fn parse(arguments: &[&str]) -> Config {
        testing::parse(arguments).expect("a config")
    }

    #[test]
    fn the_defaults_are_as_documented() {
        let config = parse(&[]);
        assert_eq!(
            (config.api_port, config.unknown_schema_grace()),
            (8001, Duration::from_secs(10))
        );
        assert_eq!(config.store.to_string(), "embedded:./data/order-service");
        assert_eq!(
            config.dead_letter_topic().expect("a topic").as_str(),
            "order-events-dlq"
        );
    }

    #[test]
    fn the_dead_letter_topic_follows_the_topic_unless_it_is_named() {
        let topic = |arguments: &[&str]| parse(arguments).dead_letter_topic().map(|topic| topic.to_string());
        assert_eq!(topic(&["--kafka-topic=orders"]).expect("a topic"), "orders-dlq");
        assert_eq!(
            topic(&["--kafka-topic=orders", "--kafka-dlq-topic=dead"]).expect("a topic"),
            "dead"
        );
    }

    #[test]
    fn dead_letters_never_go_to_the_topic_they_come_from() {
        let error = parse(&["--kafka-topic=orders", "--kafka-dlq-topic=orders"])
            .dead_letter_topic()
            .expect_err("the same topic");
        assert!(error.to_string().contains("KAFKA_DLQ_TOPIC"), "{error}");
        let long = format!("--kafka-topic={}", "x".repeat(247));
        let error = format!("{:#}", parse(&[&long]).dead_letter_topic().expect_err("too long"));
        assert!(error.contains("KAFKA_DLQ_TOPIC") && error.contains("249"), "{error}");
    }

    #[test]
    fn the_address_of_cart_service_is_one_that_clients_can_follow() {
        for (argument, shown, hint) in [
            (
                "--cart-service-url=localhost:8000",
                "'localhost:8000'",
                "write an http or https address",
            ),
            (
                "--cart-service-url=javascript:alert(1)",
                "'javascript:alert(1)'",
                "write an http or https address",
            ),
            (
                "--cart-service-url=http://user:password@carts",
                "invalid value for",
                "remove user and password",
            ),
        ] {
            assert_rejected::<Config>(&[(argument, "CART_SERVICE_URL", shown, hint)]);
        }
    }

    #[test]
    fn a_grace_that_is_not_accepted_is_rejected_with_those_that_are() {
        assert_rejected::<Config>(&[(
            "--unknown-schema-grace-ms=10s",
            "UNKNOWN_SCHEMA_GRACE_MS",
            "'10s'",
            "must be a whole number of milliseconds from 0 to 86400000",
        )]);
    }

    #[test]
    fn each_flag_has_an_environment_variable_and_a_help_text() {
        assert!(variables::<Config>().contains(&"KAFKA_DLQ_TOPIC".to_owned()));
    }
}
