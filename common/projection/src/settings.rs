//! What a projection needs to know, made from a service's settings.

use std::time::Duration;

use anyhow::anyhow;
use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::topics::TopicSpec;

use crate::config::PipelineConfig;
use crate::registration::Registration;

/// Partitions of a topic of events that is made here. Enough to divide the work among a few instances; a topic keeps its
/// count for ever, because an order must stay in one partition.
const PARTITIONS: i32 = 6;

/// How long a topic waits for the registration in one go: a service that is told to stop waits as long.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a projection needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the service, for metrics and logs.
    pub service: &'static str,
    /// The cluster that the topic lies in.
    pub cluster: Cluster,
    /// The topic, and how it is made when it is missing.
    pub topic: TopicSpec,
    /// Whether a missing topic is made.
    pub create_topics: bool,
    /// The registration that a topic waits for before it is made; `None`: it waits for nothing.
    pub registration: Option<Registration>,
    /// Whether the topic's settings are checked.
    pub check_topics: bool,
    /// Whether to go on where the topic has lost records that were not read.
    pub accept_truncated: bool,
    /// How long a schema id that the registry does not know may take to appear, before the record is given up.
    pub unknown_schema_grace: Duration,
    /// How many idempotency keys are remembered; 0: none, for a service that takes no requests.
    pub most_keys: usize,
    /// How often it is looked whether schema ids still mean what they meant.
    pub schema_check: Duration,
}

impl Settings {
    /// The settings of that service's projection.
    ///
    /// # Errors
    /// The KAFKA_CONFIG file cannot be read, or librdkafka rejects its settings.
    pub fn of(
        service: &'static str,
        pipeline: &PipelineConfig,
        unknown_schema_grace: Duration,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            service,
            cluster: Cluster::new(service, &pipeline.kafka)?,
            topic: TopicSpec {
                name: pipeline.kafka.topic.to_string(),
                partitions: PARTITIONS,
                max_message_bytes: None,
            },
            create_topics: pipeline.kafka.create_topics && pipeline.kafka.has_admin_api,
            registration: None,
            check_topics: pipeline.kafka.has_admin_api,
            // A rebuild begins with whatever is left.
            accept_truncated: pipeline.accept_truncated || pipeline.rebuild,
            unknown_schema_grace,
            most_keys: 0,
            schema_check: Duration::from_secs(pipeline.schema_check_seconds),
        })
    }

    /// Waits a moment until a missing topic may be made: a start that the registry refuses leaves no topic behind.
    ///
    /// # Errors
    /// Why it may not be made yet.
    pub async fn may_create(&self) -> anyhow::Result<()> {
        let Some(registration) = &self.registration else {
            return Ok(());
        };
        let accepted = registration.accepted_within(PATIENCE).await;
        accepted.map_err(|reason| {
            let topic = &self.topic.name;
            anyhow!("topic {topic} does not exist, and is not created before the registry has our schema: {reason}")
        })
    }
}
