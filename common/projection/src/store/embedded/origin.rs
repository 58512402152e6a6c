//! Whose store it is: of which service, filled from which topic. Kept so that it is never filled from another one.

use anyhow::{Context, ensure};
use orderlog_kafka::partition::{Partitioner, Partitioning};
use serde::{Deserialize, Serialize};

use super::{Embedded, UNREADABLE};
use crate::store::StoreError;

/// Version of the layout of the tables.
const LAYOUT: u32 = 2;
const ORIGIN: &str = "origin";

/// JSON on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Origin {
    format: u32,
    /// The service that has filled it: services skip different records, and keep different things of a request. Stores of
    /// earlier releases have none.
    service: Option<String>,
    topic: String,
    partitions: i32,
    /// The rule by which the topic was partitioned. Stores of earlier releases have none: there was only the default.
    #[serde(default)]
    partitioner: Partitioner,
}

impl Embedded {
    fn origin(&self) -> anyhow::Result<Option<Origin>> {
        let value = self.meta.get(ORIGIN).context(UNREADABLE)?;
        value
            .map(|value| serde_json::from_slice(&value).context("decoding the store's origin"))
            .transpose()
    }

    pub(in crate::store) fn check_owner(&self, service: &str) -> Result<(), StoreError> {
        let owner = self.origin()?.and_then(|origin| origin.service);
        let owner = owner.as_deref().unwrap_or(service);
        self.ensure(owner == service, || {
            format!("belongs to {owner}, and this is {service}: give it its own directory (--store / STORE)")
        })
    }

    pub(in crate::store) fn check_partitioner(&self, partitioner: Partitioner) -> Result<(), StoreError> {
        let filled_under = self.origin()?.map_or(partitioner, |origin| origin.partitioner);
        self.ensure(filled_under == partitioner, || {
            format!(
                "was filled from a topic that is partitioned by {filled_under}, but --kafka-partitioner / KAFKA_PARTITIONER says {partitioner}: set it to {filled_under}, or, if that was wrong all along, start once with --rebuild"
            )
        })
    }

    pub(in crate::store) fn claim(
        &self,
        service: &str,
        topic: &str,
        partitioning: Partitioning,
    ) -> Result<i32, StoreError> {
        let Some(origin) = self.origin()? else {
            let origin = Origin {
                format: LAYOUT,
                service: Some(service.to_owned()),
                topic: topic.to_owned(),
                partitions: partitioning.partitions,
                partitioner: partitioning.partitioner,
            };
            let origin = serde_json::to_vec(&origin).context("encoding the store's origin")?;
            self.disk.check_space()?;
            self.meta.insert(ORIGIN, origin).context("writing the store's origin")?;
            return Ok(partitioning.partitions);
        };
        self.ensure(origin.topic == topic && origin.format == LAYOUT, || {
            format!(
                "was filled from topic {} (layout {}), and this service reads topic {topic} (layout {LAYOUT}): give it its own directory (--store / STORE), or start once with --rebuild",
                origin.topic, origin.format
            )
        })?;
        Ok(origin.partitions)
    }

    fn ensure(&self, holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), StoreError> {
        let check = || {
            ensure!(holds, "the store at {} {}", self.disk.dir().display(), otherwise());
            Ok(())
        };
        Ok(check()?)
    }
}
