//! Creates missing topics and checks the configuration of existing ones: a log must not drop records.

use std::time::Duration;

use anyhow::{Context, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::TopicSpec;
use crate::closing::CloseInBackground;
use crate::cluster::Cluster;
use crate::permissions::{Permission, is_denial};

/// How long the broker may take for one response; it delays shutdown by as much.
pub(super) const TIMEOUT: Duration = Duration::from_secs(3);

/// The topic is compacted: it drops records by key.
#[derive(Debug, thiserror::Error)]
#[error(
    "topic {topic} has cleanup.policy={policy}: compaction drops events, and with them the proof of which one won; set cleanup.policy=delete"
)]
pub struct Compacted {
    topic: String,
    policy: String,
}

/// Creates and checks topics.
pub(super) struct TopicAdmin {
    client: CloseInBackground<AdminClient<DefaultClientContext>>,
}

impl TopicAdmin {
    /// A client for that cluster.
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn new(cluster: &Cluster) -> anyhow::Result<Self> {
        Ok(Self {
            client: CloseInBackground::new(cluster.admin().create().context("creating the Kafka admin client")?),
        })
    }

    /// Creates the topic unless it exists, also when another service creates it at the same time.
    /// The replication factor is the broker's default; with three replicas or more, a write needs two in-sync replicas.
    ///
    /// # Errors
    /// It is not allowed, or the broker rejects the request or does not answer.
    pub async fn ensure(&self, spec: &TopicSpec) -> anyhow::Result<()> {
        let replicas = self.default_replication().await?;
        let max_bytes = spec.max_message_bytes.map(|bytes| bytes.to_string());
        // -1: the broker's own default (KIP-464).
        let mut topic = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(-1))
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1")
            .set("cleanup.policy", "delete")
            // The broker's clock: with CreateTime, the broker rejects records of a producer whose clock is an hour ahead.
            .set("message.timestamp.type", "LogAppendTime");
        if let Some(bytes) = &max_bytes {
            topic = topic.set("max.message.bytes", bytes);
        }
        if replicas >= 3 {
            topic = topic.set("min.insync.replicas", "2");
        }
        let results = self
            .client
            .create_topics([&topic], &options())
            .await
            .map_err(unanswered)
            .with_context(|| format!("creating topic {}", spec.name))?;
        match results.into_iter().next() {
            Some(Ok(name)) => tracing::info!(
                kafka.topic = name,
                partitions = spec.partitions,
                "topic did not exist and was created; if its name is mistyped, delete it, correct {} and restart",
                spec.setting
            ),
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => {}
            Some(Err((name, code))) if is_denial(code) => bail!(Permission::Create(name)),
            Some(Err((name, code))) => bail!("creating topic {name}: {code}"),
        }
        Ok(())
    }

    async fn default_replication(&self) -> anyhow::Result<i32> {
        let metadata = self
            .client
            .inner()
            .fetch_metadata(None, TIMEOUT)
            .map_err(unanswered)
            .context("fetching the list of brokers")?;
        let Some(broker) = metadata.brokers().first() else {
            bail!("the cluster has no brokers")
        };
        let resource = ResourceSpecifier::Broker(broker.id());
        let configs = self
            .client
            .describe_configs([&resource], &options())
            .await
            .map_err(unanswered)
            .context("fetching the broker's configuration")?;
        if let Some(Err(code)) = configs.first() {
            let reason = Permission::DescribeBrokers.explain(*code);
            tracing::warn!(
                reason,
                "default.replication.factor unknown; new topics get the brokers' min.insync.replicas"
            );
        }
        let value = configs
            .iter()
            .flatten()
            .find_map(|config| config.get("default.replication.factor")?.value.clone());
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or(1))
    }

    /// Checks that the topic keeps all records. Returns warnings for the operator.
    ///
    /// # Errors
    /// [`Compacted`], which would drop events; or it is not allowed, or the broker does not answer.
    pub async fn check(&self, topic: &str) -> anyhow::Result<Vec<String>> {
        let resource = ResourceSpecifier::Topic(topic);
        let configs = self
            .client
            .describe_configs([&resource], &options())
            .await
            .map_err(unanswered)?;
        let config = match configs.into_iter().next() {
            Some(Ok(config)) => config,
            Some(Err(code)) if is_denial(code) => {
                bail!(Permission::DescribeConfigs(topic.to_owned()))
            }
            Some(Err(code)) => bail!("the broker answers {code}"),
            None => bail!("the broker's answer is empty"),
        };
        let value = |name: &str| {
            config
                .get(name)
                .and_then(|entry| entry.value.clone())
                .unwrap_or_default()
        };
        let mut warnings = Vec::new();
        if value("cleanup.policy").contains("compact") {
            return Err(Compacted {
                topic: topic.to_owned(),
                policy: value("cleanup.policy"),
            }
            .into());
        }
        for name in ["retention.ms", "retention.bytes"] {
            if !matches!(value(name).as_str(), "-1" | "") {
                warnings.push(format!("topic {topic} has {name}={}: older records are deleted, so a rebuild cannot restore everything; set it to -1 to keep all", value(name)));
            }
        }
        let brokers_and_replicas = self
            .client
            .inner()
            .fetch_metadata(Some(topic), TIMEOUT)
            .map_err(unanswered)?;
        let replicas = brokers_and_replicas
            .topics()
            .iter()
            .flat_map(|t| t.partitions())
            .map(|p| p.replicas().len())
            .min()
            .unwrap_or(0);
        if replicas < 2 && brokers_and_replicas.brokers().len() > 1 {
            warnings.push(format!(
                "topic {topic} has {replicas} replica: losing one broker loses the topic"
            ));
        }
        Ok(warnings)
    }
}

/// Why there is no answer. rdkafka's own text names the kind of request, which its callers know better.
fn unanswered(error: KafkaError) -> anyhow::Error {
    match error.rdkafka_error_code() {
        Some(code) => code.into(),
        None => error.into(),
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT))
}
