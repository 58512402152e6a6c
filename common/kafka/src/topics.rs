//! Makes topics that are missing and checks those that are there: a log that forgets is no log.

use std::time::Duration;

use anyhow::{Context, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::closing::Aside;
use super::config::Cluster;
use super::rights::{Right, is_refusal};

/// How long the broker may take for one answer; a service that is told to stop waits as long for it.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A topic as it is made when it is missing.
#[derive(Clone, Debug)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions it gets.
    pub partitions: i32,
    /// Largest record in bytes; `None`: the broker's default.
    pub max_message_bytes: Option<u32>,
}

/// The topic drops records by key.
#[derive(Debug, thiserror::Error)]
#[error(
    "topic {topic} has cleanup.policy={policy}: compaction drops events and with them the proof of which one won; set cleanup.policy=delete"
)]
pub struct Compacted {
    topic: String,
    policy: String,
}

/// The account may not do that.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Forbidden(Right);

/// Makes and checks topics.
pub struct Topics {
    client: Aside<AdminClient<DefaultClientContext>>,
}

impl Topics {
    /// A client for that cluster.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(cluster: &Cluster) -> anyhow::Result<Self> {
        Ok(Self {
            client: Aside::new(cluster.admin().create().context("making the Kafka admin client")?),
        })
    }

    /// Makes the topic unless it is there. Two services that do so at once are no error.
    /// The replication factor is the broker's; with three replicas or more, two of them must have a write before it counts.
    ///
    /// # Errors
    /// [`Forbidden`]; or the broker refuses or does not answer.
    pub async fn ensure(&self, spec: &TopicSpec) -> anyhow::Result<()> {
        let replicas = self.default_replication().await?;
        let max_bytes = spec.max_message_bytes.map(|bytes| bytes.to_string());
        // -1: the broker's own default (KIP-464).
        let mut topic = NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(-1))
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1")
            .set("cleanup.policy", "delete")
            // The broker's clock: one that takes the writers' refuses records of a writer whose clock is an hour ahead.
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
            .with_context(|| format!("creating topic {}", spec.name))?;
        match results.into_iter().next() {
            Some(Ok(name)) => tracing::info!(kafka.topic = name, partitions = spec.partitions, "topic created"),
            Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) | None => {}
            Some(Err((name, code))) if is_refusal(code) => return Err(Forbidden(Right::Create(name)).into()),
            Some(Err((name, code))) => bail!("creating topic {name}: {code}"),
        }
        Ok(())
    }

    async fn default_replication(&self) -> anyhow::Result<i32> {
        let metadata = self
            .client
            .inner()
            .fetch_metadata(None, TIMEOUT)
            .context("asking for the brokers")?;
        let Some(broker) = metadata.brokers().first() else {
            bail!("the cluster has no brokers")
        };
        let resource = ResourceSpecifier::Broker(broker.id());
        let configs = self
            .client
            .describe_configs([&resource], &options())
            .await
            .context("asking for the broker's settings")?;
        if let Some(Err(code)) = configs.first() {
            let reason = Right::SeeBrokers.explain(*code);
            tracing::warn!(
                reason,
                "the brokers' default.replication.factor is not known: min.insync.replicas of new topics is left to them"
            );
        }
        let value = configs
            .iter()
            .flatten()
            .find_map(|config| config.get("default.replication.factor")?.value.clone());
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or(1))
    }

    /// Checks that the topic keeps what is written. Returns what an operator should know.
    ///
    /// # Errors
    /// [`Compacted`], which would drop events; [`Forbidden`]; or the broker does not answer.
    pub async fn check(&self, topic: &str) -> anyhow::Result<Vec<String>> {
        let resource = ResourceSpecifier::Topic(topic);
        let configs = self
            .client
            .describe_configs([&resource], &options())
            .await
            .with_context(|| format!("asking for the settings of topic {topic}"))?;
        let config = match configs.into_iter().next() {
            Some(Ok(config)) => config,
            Some(Err(code)) if is_refusal(code) => {
                return Err(Forbidden(Right::SeeSettings(topic.to_owned())).into());
            }
            Some(Err(code)) => bail!("the broker does not tell the settings of topic {topic}: {code}"),
            None => bail!("the broker does not tell the settings of topic {topic}"),
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
                warnings.push(format!("topic {topic} has {name}={}: older records are dropped, so a rebuild cannot bring everything back; -1 keeps all", value(name)));
            }
        }
        let brokers_and_replicas = self
            .client
            .inner()
            .fetch_metadata(Some(topic), TIMEOUT)
            .context("asking for the topic's replicas")?;
        let replicas = brokers_and_replicas
            .topics()
            .iter()
            .flat_map(|t| t.partitions())
            .map(|p| p.replicas().len())
            .min()
            .unwrap_or(0);
        if replicas < 2 && brokers_and_replicas.brokers().len() > 1 {
            warnings.push(format!(
                "topic {topic} has {replicas} replica: one lost broker loses it"
            ));
        }
        Ok(warnings)
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT))
}
