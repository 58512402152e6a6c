//! Topics from an operator's perspective: created, changed, deleted and described, bypassing the services.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::wait::{LONG, until};

const TIMEOUT: Duration = Duration::from_secs(10);

/// An operator of one cluster.
pub struct Topics(AdminClient<DefaultClientContext>);

impl Topics {
    /// An operator of that cluster.
    ///
    /// # Errors
    /// If the client cannot be created.
    pub fn new(kafka: &str) -> anyhow::Result<Self> {
        let mut config = ClientConfig::new();
        Ok(Self(
            config
                .set("bootstrap.servers", kafka)
                .create()
                .context("a Kafka admin client")?,
        ))
    }

    /// Creates a topic with those settings, and waits until it exists.
    ///
    /// # Errors
    /// If the broker refuses.
    pub async fn create(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
        let new = settings.iter().fold(new, |new, (name, value)| new.set(name, value));
        let results = self.0.create_topics([&new], &options()).await?;
        all(
            results.into_iter().map(|result| result.map(drop)),
            &format!("creating topic {topic}"),
        )?;
        self.await_partitions(topic, partitions).await
    }

    /// Deletes a topic, and waits until it no longer exists.
    ///
    /// # Errors
    /// If the broker refuses.
    pub async fn delete(&self, topic: &str) -> anyhow::Result<()> {
        let results = self.0.delete_topics(&[topic], &options()).await?;
        all(
            results.into_iter().map(|result| result.map(drop)),
            &format!("deleting topic {topic}"),
        )?;
        self.await_partitions(topic, 0).await
    }

    /// Increases a topic to that many partitions in total.
    ///
    /// # Errors
    /// If the broker refuses.
    pub async fn grow(&self, topic: &str, partitions: i32) -> anyhow::Result<()> {
        let new = NewPartitions::new(topic, usize::try_from(partitions)?);
        let results = self.0.create_partitions([&new], &options()).await?;
        all(
            results.into_iter().map(|result| result.map(drop)),
            &format!("adding partitions to topic {topic}"),
        )?;
        self.await_partitions(topic, partitions).await
    }

    /// Makes the broker delete the records of a topic below those offsets, one for each partition, as retention would.
    ///
    /// # Errors
    /// If the broker refuses.
    pub async fn truncate(&self, topic: &str, before: &[i64]) -> anyhow::Result<()> {
        let mut places = TopicPartitionList::new();
        for (partition, offset) in (0..).zip(before) {
            places.add_partition_offset(topic, partition, Offset::Offset(*offset))?;
        }
        let cut = self.0.delete_records(&places, &options()).await?;
        let refused = cut.elements().iter().find_map(|element| element.error().err());
        refused.map_or(Ok(()), |error| {
            Err(error).with_context(|| format!("deleting records of topic {topic}"))
        })
    }

    /// The settings of a topic.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn settings(&self, topic: &str) -> anyhow::Result<HashMap<String, String>> {
        let described = self
            .0
            .describe_configs([&ResourceSpecifier::Topic(topic)], &options())
            .await?;
        let described = described.into_iter().next().context("no answer")?;
        let described = described.map_err(|error| anyhow::anyhow!("the settings of topic {topic}: {error}"))?;
        Ok(described
            .entries
            .into_iter()
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect())
    }

    /// How many partitions a topic has; 0 if there is no topic with that name.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub fn partitions(&self, topic: &str) -> anyhow::Result<i32> {
        let metadata = self.0.inner().fetch_metadata(Some(topic), TIMEOUT)?;
        let count = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        Ok(i32::try_from(count)?)
    }

    /// The names of all topics.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub fn names(&self) -> anyhow::Result<Vec<String>> {
        let metadata = self.0.inner().fetch_metadata(None, TIMEOUT)?;
        Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).collect())
    }

    async fn await_partitions(&self, topic: &str, partitions: i32) -> anyhow::Result<()> {
        until(
            &format!("topic {topic} has {partitions} partitions"),
            LONG,
            async || {
                let found = self.partitions(topic)?;
                anyhow::ensure!(found == partitions, "it has {found}");
                Ok(())
            },
        )
        .await
    }
}

fn all<N, E: std::fmt::Display>(
    mut results: impl Iterator<Item = Result<(), (N, E)>>,
    what: &str,
) -> anyhow::Result<()> {
    results.try_for_each(|result| result.map_err(|(_, error)| anyhow::anyhow!("{what}: {error}")))
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(TIMEOUT))
        .operation_timeout(Some(TIMEOUT))
}
