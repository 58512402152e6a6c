//! Settings that both services share, as command-line flags with an environment variable each. Read once, by main; a
//! value that was accepted here is valid. Ports and stores, whose defaults differ, are in the services' own structs, with
//! the types from here.

mod kafka_file;
mod registry;
mod registry_urls;
mod secret;
mod store_url;
mod topic_name;

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use crate::http::edge::EdgeConfig;
use crate::kafka::partition::Partitioner;
pub use registry::{RegistryConfig, SchemasMode};
pub use registry_urls::{RegistryUrl, RegistryUrls};
pub use secret::Secret;
pub use store_url::StoreUrl;
pub use topic_name::TopicName;

const DEFAULT_BOOTSTRAP_SERVERS: &str = "localhost:9092";
const DEFAULT_REGISTRY_URL: &str = "http://localhost:8081";
const DEFAULT_TOPIC: &str = "order-events";
const DEFAULT_HOST: &str = "127.0.0.1";

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// What a service of the pipeline needs to know. Flatten it into the service's own `clap` struct, or build it in code:
/// `PipelineConfig { bootstrap_servers, ..PipelineConfig::default() }`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct PipelineConfig {
    /// Kafka brokers to ask first, as host:port with commas between, such as kafka-1:9092,kafka-2:9092
    #[arg(
        long = "kafka-bootstrap-servers",
        env = "KAFKA_BOOTSTRAP_SERVERS",
        value_name = "KAFKA_BOOTSTRAP_SERVERS",
        default_value = DEFAULT_BOOTSTRAP_SERVERS,
        value_parser = bootstrap_servers,
    )]
    pub bootstrap_servers: String,

    /// The schema registry.
    #[command(flatten)]
    pub registry: RegistryConfig,

    /// How often it is looked whether schema ids still mean what they meant, in seconds
    #[arg(
        long,
        env = "SCHEMA_CHECK_SECONDS",
        value_name = "SCHEMA_CHECK_SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub schema_check_seconds: u64,

    /// Topic of the order events: 1 to 249 of the characters a-z A-Z 0-9 . _ -
    #[arg(long = "kafka-topic", env = "KAFKA_TOPIC", value_name = "KAFKA_TOPIC", default_value = DEFAULT_TOPIC)]
    pub topic: TopicName,

    /// How the topic's writers divide keys among its partitions: one rule for all of them, as long as the topic lives
    #[arg(
        long = "kafka-partitioner",
        env = "KAFKA_PARTITIONER",
        value_name = "KAFKA_PARTITIONER",
        value_enum,
        default_value_t
    )]
    pub partitioner: Partitioner,

    /// File of further librdkafka settings (security and the like), one key=value a line, # before a comment
    #[arg(long, env = "KAFKA_CONFIG", value_name = "KAFKA_CONFIG")]
    pub kafka_config: Option<PathBuf>,

    /// Further librdkafka settings that code brings (tests, the sandbox); they come after the file's.
    #[arg(skip)]
    pub kafka_extra: Vec<(String, Secret)>,

    /// Whether the broker has an Admin API, which all but mock brokers have; without it topics are neither created nor
    /// checked. Set in code only
    #[arg(skip = true)]
    pub has_admin_api: bool,

    /// Whether topics that are missing are created: true or false
    #[arg(
        long = "kafka-create-topics",
        env = "KAFKA_CREATE_TOPICS",
        value_name = "KAFKA_CREATE_TOPICS",
        default_value = "true",
        action = ArgAction::Set,
        value_parser = yes_or_no,
    )]
    pub create_topics: bool,

    /// Address that the HTTP server listens on; 0.0.0.0 for every interface
    #[arg(long, env = "API_HOST", value_name = "API_HOST", default_value = DEFAULT_HOST)]
    pub api_host: String,

    /// Who may call the service over HTTP.
    #[command(flatten)]
    pub edge: EdgeConfig,

    /// How logs are written; RUST_LOG says what is logged, such as info,common=debug
    #[arg(long, env = "LOG_FORMAT", value_name = "LOG_FORMAT", value_enum, default_value_t)]
    pub log_format: LogFormat,

    /// Forget what the store holds and read the whole topic again (after the topic was recreated)
    #[arg(long, env = "REBUILD", value_parser = yes_or_no)]
    pub rebuild: bool,

    /// Keep what the store holds although the topic was cut off above it, and read on from the topic's start
    #[arg(long, env = "ACCEPT_TRUNCATED", value_parser = yes_or_no)]
    pub accept_truncated: bool,

    /// Go on although the schema registry has lost schemas that the store knows, and register ours anew
    #[arg(long, env = "ACCEPT_REGISTRY", value_parser = yes_or_no)]
    pub accept_registry: bool,
}

impl PipelineConfig {
    /// The further librdkafka settings: what the file of `KAFKA_CONFIG` says, in its order, then [`Self::kafka_extra`].
    ///
    /// # Errors
    /// The file cannot be read, or a line is no setting; the error names file and line, and never a value.
    pub fn extra(&self) -> anyhow::Result<Vec<(String, Secret)>> {
        let mut settings = self
            .kafka_config
            .as_deref()
            .map_or_else(|| Ok(Vec::new()), kafka_file::read)?;
        settings.extend_from_slice(&self.kafka_extra);
        Ok(settings)
    }
}

impl Default for PipelineConfig {
    fn default() -> Self {
        Self {
            bootstrap_servers: DEFAULT_BOOTSTRAP_SERVERS.to_owned(),
            registry: RegistryConfig::default(),
            schema_check_seconds: 30,
            topic: TopicName::default(),
            partitioner: Partitioner::default(),
            kafka_config: None,
            kafka_extra: Vec::new(),
            has_admin_api: true,
            create_topics: true,
            api_host: DEFAULT_HOST.to_owned(),
            edge: EdgeConfig::default(),
            log_format: LogFormat::default(),
            rebuild: false,
            accept_truncated: false,
            accept_registry: false,
        }
    }
}

fn bootstrap_servers(text: &str) -> Result<String, String> {
    let servers: Vec<_> = text.split(',').map(str::trim).collect();
    if servers
        .iter()
        .any(|server| server.is_empty() || server.contains(char::is_whitespace))
    {
        return Err("write host:port with commas between, such as kafka-1:9092,kafka-2:9092".to_owned());
    }
    Ok(servers.join(","))
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        // An empty variable is how compose files pass one that is not set.
        "false" | "no" | "off" | "0" | "" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, FromArgMatches, Parser};

    #[derive(Parser, Debug)]
    struct Cli {
        #[command(flatten)]
        pipeline: PipelineConfig,
    }

    /// What those arguments mean, whatever the environment of the test says.
    fn parse(arguments: &[&str]) -> Result<PipelineConfig, String> {
        let command = Cli::command().mut_args(|argument| argument.env(None::<&'static str>));
        command
            .try_get_matches_from([&["service"], arguments].concat())
            .and_then(|matches| Cli::from_arg_matches(&matches))
            .map(|cli| cli.pipeline)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn without_flags_it_is_the_default() {
        assert_eq!(parse(&[]), Ok(PipelineConfig::default()));
    }

    #[test]
    fn each_flag_is_read() {
        let config = parse(&[
            "--kafka-bootstrap-servers=a:1, b:2",
            "--schema-registry-url=https://registry/base//",
            "--schema-check-seconds=5",
            "--kafka-topic=orders.v1",
            "--kafka-partitioner=crc32",
            "--kafka-config=kafka.properties",
            "--kafka-create-topics=false",
            "--api-host=0.0.0.0",
            "--allowed-hosts=orders.internal",
            "--cors-origins=https://shop.example",
            "--log-format=json",
            "--rebuild",
            "--accept-truncated",
            "--accept-registry",
        ]);
        let expected = PipelineConfig {
            bootstrap_servers: "a:1,b:2".to_owned(),
            registry: RegistryConfig::at("https://registry/base").expect("an address"),
            schema_check_seconds: 5,
            topic: "orders.v1".parse().expect("a name"),
            partitioner: Partitioner::Crc32,
            kafka_config: Some("kafka.properties".into()),
            kafka_extra: Vec::new(),
            has_admin_api: true,
            create_topics: false,
            api_host: "0.0.0.0".to_owned(),
            edge: EdgeConfig {
                allowed_hosts: "orders.internal".parse().expect("a name"),
                cors_origins: "https://shop.example".parse().expect("an origin"),
            },
            log_format: LogFormat::Json,
            rebuild: true,
            accept_truncated: true,
            accept_registry: true,
        };
        assert_eq!(config, Ok(expected));
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable_and_what_to_do() {
        for (argument, variable, value, hint) in [
            ("--kafka-topic=a b", "KAFKA_TOPIC", "'a b'", "1 to 249"),
            ("--kafka-topic=..", "KAFKA_TOPIC", "'..'", "not . or .."),
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
            (
                "--kafka-bootstrap-servers=a:1,,b:2",
                "KAFKA_BOOTSTRAP_SERVERS",
                "'a:1,,b:2'",
                "host:port",
            ),
            (
                "--kafka-create-topics=perhaps",
                "KAFKA_CREATE_TOPICS",
                "'perhaps'",
                "true or false",
            ),
            (
                "--kafka-partitioner=random",
                "KAFKA_PARTITIONER",
                "'random'",
                "murmur2, crc32, fnv1a",
            ),
            (
                "--allowed-hosts=http://a",
                "ALLOWED_HOSTS",
                "'http://a'",
                "without scheme",
            ),
            ("--cors-origins=shop", "CORS_ORIGINS", "'shop'", "scheme://host"),
            ("--log-format=xml", "LOG_FORMAT", "'xml'", "text, json"),
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

    #[test]
    fn the_values_of_librdkafka_s_settings_are_not_shown() {
        let config = PipelineConfig {
            kafka_extra: vec![("sasl.password".to_owned(), "hunter2".into())],
            ..PipelineConfig::default()
        };
        let shown = format!("{config:?} {config:#?}");
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn flags_take_the_usual_words_from_their_variables() {
        assert!(["1", "true", "YES"].iter().all(|text| yes_or_no(text) == Ok(true)));
        assert!(["0", "False", "no", ""].iter().all(|text| yes_or_no(text) == Ok(false)));
        assert!(yes_or_no("maybe").is_err());
    }
}
