//! Settings of a projection, made from a service's own.

use std::time::Duration;

use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::topics::TopicSpec;

use crate::config::PipelineConfig;
use crate::registration::Registration;

/// Partitions of an event topic that is created here. Enough to divide the work among a few instances; a topic keeps its
/// count, because an order must stay in one partition.
const PARTITIONS: i32 = 6;

/// How long a topic waits for the registration at once: a service that stops may have to wait as long.
const REGISTRATION_TIMEOUT: Duration = Duration::from_secs(1);

/// Settings of a projection.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the service, for metrics and logs.
    pub service: &'static str,
    /// The cluster of the topic.
    pub cluster: Cluster,
    /// The topic, and how it is created when it is missing.
    pub topic: TopicSpec,
    /// Whether a missing topic is created.
    pub create_topics: bool,
    /// The registration that a topic waits for before it is created; `None`: it waits for nothing.
    pub registration: Option<Registration>,
    /// Whether the topic's settings are checked.
    pub check_topics: bool,
    /// Whether to skip records that were deleted before they were read.
    pub accept_truncated: bool,
    /// Whether the store was cleared at startup, and is filled again.
    pub rebuild: bool,
    /// Whether a partition is paused that has too many dead letters. Off while the store is rebuilt.
    pub has_breaker: bool,
    /// How long a schema id that the registry does not know may take to appear, before its records are rejected.
    pub unknown_schema_grace: Duration,
    /// How many idempotency keys are kept; 0: none, for a service that takes no requests.
    pub max_idempotency_keys: usize,
    /// Interval between schema id checks.
    pub schema_audit_interval: Duration,
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
                setting: "KAFKA_TOPIC",
                partitions: PARTITIONS,
                max_message_bytes: None,
            },
            create_topics: pipeline.kafka.create_topics && pipeline.kafka.has_admin_api,
            registration: None,
            check_topics: pipeline.kafka.has_admin_api,
            // A rebuild starts with whatever is left.
            accept_truncated: pipeline.accept_truncated || pipeline.rebuild,
            rebuild: pipeline.rebuild,
            has_breaker: false,
            unknown_schema_grace,
            max_idempotency_keys: 0,
            schema_audit_interval: Duration::from_secs(pipeline.schema_check_seconds),
        })
    }

    /// Waits a moment until a missing topic may be created: a start that the registry refuses leaves no topic behind.
    ///
    /// # Errors
    /// Why it may not be created yet.
    pub async fn wait_until_creation_allowed(&self) -> anyhow::Result<()> {
        let Some(registration) = &self.registration else {
            return Ok(());
        };
        // Why it is not is the registration's own problem.
        anyhow::ensure!(
            registration.accepted_within(REGISTRATION_TIMEOUT).await,
            "topic {} does not exist, and is not created until our schema is registered",
            self.topic.name
        );
        Ok(())
    }
}
