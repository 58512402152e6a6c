//! Settings of the pipeline, which both services share, as command-line flags with an environment variable each. Read
//! once, by main; a value that was accepted here is valid. Ports and stores, whose defaults differ, are in the services'
//! own structs.

use clap::Args;
use orderlog_kafka::settings::KafkaConfig;
use orderlog_registry::config::RegistryConfig;
use orderlog_runtime::flag::yes_or_no;

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
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub schema_check_seconds: u64,

    /// Clear the store and read the whole topic again (after the topic was recreated)
    #[arg(long, env = "REBUILD", value_parser = yes_or_no)]
    pub rebuild: bool,

    /// Continue from the log start even though records were deleted before they were read
    #[arg(long, env = "ACCEPT_TRUNCATED", value_parser = yes_or_no)]
    pub accept_truncated: bool,

    /// Continue even though the schema registry lost schemas that the store knows, and register ours again
    #[arg(long, env = "ACCEPT_REGISTRY", value_parser = yes_or_no)]
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
    use clap::{CommandFactory, FromArgMatches, Parser};

    use super::*;

    #[derive(Parser, Debug)]
    struct Cli {
        #[command(flatten)]
        config: PipelineConfig,
    }

    /// What those arguments mean, whatever the environment of the test says.
    fn parse(arguments: &[&str]) -> Result<PipelineConfig, String> {
        let command = Cli::command().mut_args(|argument| argument.env(None::<&'static str>));
        command
            .try_get_matches_from([&["service"], arguments].concat())
            .and_then(|matches| Cli::from_arg_matches(&matches))
            .map(|cli| cli.config)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_flags_it_is_the_default() {
        assert_eq!(parse(&[]), Ok(PipelineConfig::default()));
    }

    #[test]
    fn each_flag_is_read() {
        let config = parse(&[
            "--kafka-topic=orders.v1",
            "--schema-registry-url=https://registry/base//",
            "--schema-check-seconds=5",
            "--rebuild",
            "--accept-truncated",
            "--accept-registry",
        ]);
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
        assert_eq!(config, Ok(expected));
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable_and_what_to_do() {
        for (argument, variable, value, hint) in [
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
        ] {
            let error = parse(&[argument]).expect_err(argument);
            for part in [variable, value, hint] {
                assert!(error.contains(part), "{part} in {error}");
            }
        }
    }

    #[test]
    fn each_flag_has_an_environment_variable_and_a_help_text() {
        for argument in Cli::command()
            .get_arguments()
            .filter(|argument| argument.get_id() != "help")
        {
            let variable = argument.get_env().expect("a variable").to_str().expect("text");
            assert!(
                variable.chars().all(|c| c.is_ascii_uppercase() || c == '_'),
                "{variable}"
            );
            assert!(argument.get_help().is_some(), "{variable}");
        }
    }
}
