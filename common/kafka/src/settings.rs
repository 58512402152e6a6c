//! Kafka's settings: command-line flags, each with an environment variable. A value that was accepted here is valid.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use orderlog_runtime::flag::yes_or_no;
use orderlog_runtime::secret::Secret;

use crate::config_file;
use crate::partition::Partitioner;
use crate::server_list;
use crate::topic_name::TopicName;

const DEFAULT_BOOTSTRAP_SERVERS: &str = "localhost:9092";

/// The cluster and the topic of the order events. Flatten it into a `clap` struct, or build it in code:
/// `KafkaConfig { bootstrap_servers, ..KafkaConfig::default() }`.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct KafkaConfig {
    /// Kafka brokers to bootstrap from: host:port, comma-separated, such as kafka-1:9092,kafka-2:9092
    #[arg(
        long = "kafka-bootstrap-servers",
        env = "KAFKA_BOOTSTRAP_SERVERS",
        value_name = "KAFKA_BOOTSTRAP_SERVERS",
        default_value = DEFAULT_BOOTSTRAP_SERVERS,
        value_parser = server_list::parse,
    )]
    pub bootstrap_servers: String,

    /// Topic of the order events: 1 to 249 of the characters a-z A-Z 0-9 . _ -
    #[arg(long = "kafka-topic", env = "KAFKA_TOPIC", value_name = "KAFKA_TOPIC", default_value = crate::topic_name::DEFAULT_TOPIC)]
    pub topic: TopicName,

    /// How keys map to partitions; all producers of the topic must use the same partitioner, for as long as it exists
    #[arg(
        long = "kafka-partitioner",
        env = "KAFKA_PARTITIONER",
        value_name = "KAFKA_PARTITIONER",
        value_enum,
        default_value_t
    )]
    pub partitioner: Partitioner,

    /// File with additional librdkafka settings, for example for TLS and SASL: one key=value per line, # starts a comment
    #[arg(long, env = "KAFKA_CONFIG", value_name = "KAFKA_CONFIG")]
    pub kafka_config: Option<PathBuf>,

    /// Further librdkafka settings, set in code only (tests, the sandbox); they come after the file's.
    #[arg(skip)]
    pub kafka_extra: Vec<(String, Secret)>,

    /// Whether the broker has an Admin API, as all but mock brokers do; without it topics are neither created nor checked.
    /// Set in code only
    #[arg(skip = true)]
    pub has_admin_api: bool,

    /// Create missing topics (true or false)
    #[arg(
        long = "kafka-create-topics",
        env = "KAFKA_CREATE_TOPICS",
        value_name = "KAFKA_CREATE_TOPICS",
        default_value = "true",
        action = ArgAction::Set,
        value_parser = yes_or_no,
    )]
    pub create_topics: bool,
}

impl KafkaConfig {
    /// The user's librdkafka settings: those of the `KAFKA_CONFIG` file, in its order, then [`Self::kafka_extra`].
    ///
    /// # Errors
    /// The file cannot be read, or a line is not a setting; the error names file and line, never a value.
    pub fn extra(&self) -> anyhow::Result<Vec<(String, Secret)>> {
        let mut settings = self
            .kafka_config
            .as_deref()
            .map_or_else(|| Ok(Vec::new()), config_file::read)?;
        settings.extend_from_slice(&self.kafka_extra);
        Ok(settings)
    }
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            bootstrap_servers: DEFAULT_BOOTSTRAP_SERVERS.to_owned(),
            topic: TopicName::default(),
            partitioner: Partitioner::default(),
            kafka_config: None,
            kafka_extra: Vec::new(),
            has_admin_api: true,
            create_topics: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use orderlog_runtime::testing::{assert_rejected, parse, variables};

    use super::*;

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        assert_eq!(parse::<KafkaConfig>(&[]).expect("no flags"), KafkaConfig::default());
    }

    #[test]
    fn each_flag_is_read() {
        let config: KafkaConfig = parse(&[
            "--kafka-bootstrap-servers=a:1, b:2",
            "--kafka-topic=orders.v1",
            "--kafka-partitioner=crc32",
            "--kafka-config=kafka.properties",
            "--kafka-create-topics=false",
        ])
        .expect("valid flags");
        let expected = KafkaConfig {
            bootstrap_servers: "a:1,b:2".to_owned(),
            topic: "orders.v1".parse().expect("a name"),
            partitioner: Partitioner::Crc32,
            kafka_config: Some("kafka.properties".into()),
            kafka_extra: Vec::new(),
            has_admin_api: true,
            create_topics: false,
        };
        assert_eq!(config, expected);
    }

    #[test]
    fn a_bad_value_is_named_with_its_variable_and_advice() {
        assert_rejected::<KafkaConfig>(&[
            ("--kafka-topic=a b", "KAFKA_TOPIC", "'a b'", "1 to 249"),
            ("--kafka-topic=..", "KAFKA_TOPIC", "'..'", "not . or .."),
            (
                "--kafka-bootstrap-servers=a:1,,b:2",
                "KAFKA_BOOTSTRAP_SERVERS",
                "'a:1,,b:2'",
                "host:port",
            ),
            (
                "--kafka-bootstrap-servers=http://a:1",
                "KAFKA_BOOTSTRAP_SERVERS",
                "'http://a:1'",
                "remove 'http://'",
            ),
            (
                "--kafka-bootstrap-servers=a:1,b:99999",
                "KAFKA_BOOTSTRAP_SERVERS",
                "'b:99999'",
                "1 to 65535",
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
        ]);
    }

    #[test]
    fn each_flag_has_an_environment_variable_and_a_help_text() {
        assert!(variables::<KafkaConfig>().contains(&"KAFKA_TOPIC".to_owned()));
    }

    #[test]
    fn the_values_of_librdkafka_s_settings_are_not_shown() {
        let config = KafkaConfig {
            kafka_extra: vec![("sasl.password".to_owned(), "hunter2".into())],
            ..KafkaConfig::default()
        };
        let shown = format!("{config:?} {config:#?}");
        assert!(shown.contains("sasl.password") && !shown.contains("hunter2"), "{shown}");
    }
}
