//! cart-service's settings: what both services share, and its own.

use std::time::Duration;

use clap::Parser;
use orderlog_projection::check_schemas::Command;
use orderlog_projection::config::PipelineConfig;
use orderlog_projection::store::StoreUrl;
use orderlog_runtime::number::whole_number;
use orderlog_runtime::telemetry::LogConfig;
use orderlog_web::config::WebConfig;
use orderlog_web::http_url::HttpUrl;

/// Takes orders and their updates over HTTP and publishes them as Avro events to Kafka.
///
/// Without a command it runs until it is stopped.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "cart-service",
    version,
    about,
    args_conflicts_with_subcommands = true,
    override_usage = "cart-service [OPTIONS]\n       cart-service check-schemas [OPTIONS]"
)]
pub struct Cli {
    /// What to do besides running.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// How to run.
    #[command(flatten)]
    pub config: Config,
}

/// How many idempotency keys are remembered by default.
pub const IDEMPOTENCY_KEYS: usize = 1_000_000;

/// How long an unresolved order is not written.
pub const UNRESOLVED_FOR: Duration = Duration::from_secs(10 * 60);

/// The settings of a running service.
#[derive(Clone, Debug, Parser)]
pub struct Config {
    /// What both services share.
    #[command(flatten)]
    pub pipeline: PipelineConfig,

    /// The HTTP server.
    #[command(flatten)]
    pub web: WebConfig,

    /// How logs are written.
    #[command(flatten)]
    pub logs: LogConfig,

    /// Port that the HTTP server listens on; 0 picks a free one
    #[arg(long, env = "API_PORT", value_name = "API_PORT", default_value_t = 8000)]
    pub api_port: u16,

    /// Where this instance stores the orders that it has read from the topic, as embedded:DIRECTORY
    #[arg(
        long,
        env = "STORE",
        value_name = "STORE",
        default_value = "embedded:./data/cart-service"
    )]
    pub store: StoreUrl,

    /// Address at which clients reach order-service, for the Location header of created orders
    #[arg(
        long,
        env = "ORDER_SERVICE_URL",
        value_name = "ORDER_SERVICE_URL",
        default_value = "http://localhost:8001",
        value_parser = HttpUrl,
        hide_env_values = true
    )]
    pub order_service_url: reqwest::Url,

    /// Maximum time for a write, in milliseconds; after that the answer is 504 and the outcome unknown
    #[arg(
        long,
        env = "WRITE_DEADLINE_MS",
        value_name = "WRITE_DEADLINE_MS",
        default_value_t = 5000,
        value_parser = whole_number::<u64>("milliseconds", 500..=60_000)
    )]
    pub write_deadline_ms: u64,

    /// How long to wait for a schema id that the registry does not know, in milliseconds, before its records are skipped.
    /// Orders of their partition cannot be written meanwhile, so keep it well below the write deadline
    #[arg(
        long,
        env = "UNKNOWN_SCHEMA_GRACE_MS",
        value_name = "UNKNOWN_SCHEMA_GRACE_MS",
        value_parser = whole_number::<u64>("milliseconds", 0..=86_400_000),
        default_value_t = 1000
    )]
    pub unknown_schema_grace_ms: u64,

    /// Number of idempotency keys to remember; beyond it, the oldest are forgotten
    #[arg(
        long,
        env = "IDEMPOTENCY_KEYS",
        value_name = "IDEMPOTENCY_KEYS",
        default_value_t = IDEMPOTENCY_KEYS,
        value_parser = whole_number::<usize>("keys", 1..=100_000_000)
    )]
    pub idempotency_keys: usize,

    /// How long an unresolved order is not written; set in code only
    #[arg(skip = UNRESOLVED_FOR)]
    pub unresolved_for: Duration,
}

impl Config {
    /// Maximum time for a write.
    pub fn write_deadline(&self) -> Duration {
        Duration::from_millis(self.write_deadline_ms)
    }

    /// How long to wait for a schema id that the registry does not know.
    pub fn unknown_schema_grace(&self) -> Duration {
        Duration::from_millis(self.unknown_schema_grace_ms)
    }
}

#[cfg(test)]
mod tests {
    use orderlog_runtime::testing::{assert_rejected, variables};

    use super::*;

    #[test]
    fn each_flag_has_a_help_text_and_a_variable_that_its_document_lists() {
        let document = include_str!("../../docs/configuration.md");
        for variable in variables::<Config>() {
            assert!(
                document.contains(&format!("| `{variable}` |")),
                "{variable} is not in docs/configuration.md"
            );
        }
    }

    #[test]
    fn a_number_that_is_not_accepted_is_rejected_with_those_that_are() {
        assert_rejected::<Config>(&[
            (
                "--write-deadline-ms=5s",
                "WRITE_DEADLINE_MS",
                "'5s'",
                "must be a whole number of milliseconds from 500 to 60000",
            ),
            (
                "--unknown-schema-grace-ms=1s",
                "UNKNOWN_SCHEMA_GRACE_MS",
                "'1s'",
                "must be a whole number of milliseconds from 0 to 86400000",
            ),
            (
                "--idempotency-keys=0",
                "IDEMPOTENCY_KEYS",
                "'0'",
                "must be a whole number of keys from 1 to 100000000",
            ),
        ]);
    }

    #[test]
    fn an_address_of_order_service_is_one_that_clients_can_use() {
        let rejected = |argument, value| (argument, "ORDER_SERVICE_URL", value, "write an http or https address");
        assert_rejected::<Config>(&[
            rejected("--order-service-url=foo", "'foo'"),
            rejected("--order-service-url=localhost:8001", "'localhost:8001'"),
            (
                "--order-service-url=http://user:password@orders",
                "ORDER_SERVICE_URL",
                "invalid value for",
                "remove user and password",
            ),
        ]);
    }
}
