//! Settings of the pipeline, which both services share, as command-line flags with an environment variable each. Read
//! once, by main; a value that was accepted here is valid. Ports and stores, whose defaults differ, are in the services'
//! own structs.

use clap::{ArgAction, Args};
use orderlog_kafka::settings::KafkaConfig;
use orderlog_registry::config::RegistryConfig;
use orderlog_runtime::flag::yes_or_no;
use orderlog_runtime::number::whole_number;

/// What a service of the pipeline needs to know. Flatten it into the service's own `clap` struct, or build it in code:
/// `PipelineConfig { kafka, ..PipelineConfig::default() }`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct PipelineConfig {
    /// The cluster and the topic.
    #[command(flatten)]
    pub kafka: KafkaConfig,

    /// The schema registry.
    #[command(flatten)]
    pub registry: RegistryConfig,

    /// Interval between schema id checks against the registry, in seconds
    #[arg(
        long,
        env = "SCHEMA_CHECK_SECONDS",
        value_name = "SCHEMA_CHECK_SECONDS",
        default_value_t = 30,
        value_parser = whole_number::<u64>("seconds", 1..=86_400)
    )]
    pub schema_check_seconds: u64,

    /// Clear the store and read the whole topic again (for example after the topic was recreated)
    #[arg(
        long,
        env = "REBUILD",
        value_name = "REBUILD",
        value_parser = yes_or_no,
        action = ArgAction::Set,
        num_args = 0..=1,
        default_value = "false",
        default_missing_value = "true"
    )]
    pub rebuild: bool,

    /// Continue from the log start even though records were deleted before they were read
    #[arg(
        long,
        env = "ACCEPT_TRUNCATED",
        value_name = "ACCEPT_TRUNCATED",
        value_parser = yes_or_no,
        action = ArgAction::Set,
        num_args = 0..=1,
        default_value = "false",
        default_missing_value = "true"
    )]
    pub accept_truncated: bool,

    /// Continue even though the schema registry lost schemas that the store knows, and register this release's schemas again
    #[arg(
        long,
        env = "ACCEPT_REGISTRY",
        value_name = "ACCEPT_REGISTRY",
        value_parser = yes_or_no,
        action = ArgAction::Set,
        num_args = 0..=1,
        default_value = "false",
        default_missing_value = "true"
    )]
    pub accept_registry: bool,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            kafka: KafkaConfig::default(),
            registry: RegistryConfig::default(),
            schema_check_seconds: 30,
            rebuild: false,
            accept_truncated: false,
            accept_registry: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use orderlog_runtime::testing::{assert_rejected, parse, variables};

    use super::*;

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        assert_eq!(
            parse::<PipelineConfig>(&[]).expect("no flags"),
            PipelineConfig::default()
        );
    }

    #[test]
    fn each_flag_is_read() {
        let config: PipelineConfig = parse(&[
            "--kafka-topic=orders.v1",
            "--schema-registry-url=https://registry/base//",
            "--schema-check-seconds=5",
            "--rebuild",
            "--accept-truncated",
            "--accept-registry",
        ])
        .expect("valid flags");
        let expected = PipelineConfig {
            kafka: KafkaConfig {
                topic: "orders.v1".parse().expect("a name"),
                ..KafkaConfig::default()
            },
            registry: RegistryConfig::at("https://registry/base").expect("an address"),
            schema_check_seconds: 5,
            rebuild: true,
            accept_truncated: true,
            accept_registry: true,
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn a_switch_may_be_given_a_value() {
        for (arguments, expected) in [
            (&["--rebuild", "true"][..], true),
            (&["--rebuild=yes"], true),
            (&["--rebuild", "--accept-registry"], true),
            (&["--rebuild", "false"], false),
            (&["--rebuild="], false),
        ] {
            let config: PipelineConfig = parse(arguments).expect("valid flags");
            assert_eq!(config.rebuild, expected, "{arguments:?}");
        }
        assert_rejected::<PipelineConfig>(&[
            ("--rebuild=maybe", "REBUILD", "'maybe'", "write true or false"),
            (
                "--accept-truncated=maybe",
                "ACCEPT_TRUNCATED",
                "'maybe'",
                "write true or false",
            ),
            (
                "--accept-registry=maybe",
                "ACCEPT_REGISTRY",
                "'maybe'",
                "write true or false",
            ),
        ]);
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable_and_advice() {
        assert_rejected::<PipelineConfig>(&[
            (
                "--schema-check-seconds=30s",
                "SCHEMA_CHECK_SECONDS",
                "'30s'",
                "must be a whole number of seconds from 1 to 86400",
            ),
            // Its value is not repeated: it may hold a password.
            (
                "--schema-registry-url=ftp://x",
                "SCHEMA_REGISTRY_URL",
                "",
                "http or https",
            ),
            (
                "--schema-registry-url=localhost",
                "SCHEMA_REGISTRY_URL",
                "",
                "http or https",
            ),
        ]);
    }

    #[test]
    fn each_flag_has_an_environment_variable_and_a_help_text() {
        assert!(variables::<PipelineConfig>().contains(&"KAFKA_TOPIC".to_owned()));
    }
}
