//! Whose store it is: which service owns it, and which topic filled it. Kept so that it is never filled from another one.

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
    /// The service that has filled it: services skip different records, and remember different things about a request.
    /// Stores of earlier releases have none.
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
            format!("belongs to {owner}, but this is {service}: give it its own directory (--store / STORE)")
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

    pub(in crate::store) fn check_topic(&self, topic: &str) -> Result<(), StoreError> {
        let Some(origin) = self.origin()? else {
            return Ok(());
        };
        let filled_from = &origin.topic;
        self.ensure(filled_from == topic, || {
            format!(
                "was filled from topic {filled_from}, but --kafka-topic / KAFKA_TOPIC says {topic}: set it to {filled_from}, or, to read {topic}, give it another directory (--store / STORE)"
            )
        })?;
        self.ensure(origin.format == LAYOUT, || {
            "was written by another release, whose layout this release does not read: start once with --rebuild"
                .to_owned()
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
        self.check_topic(topic)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn by_murmur2(partitions: i32) -> Partitioning {
        Partitioning {
            partitioner: Partitioner::Murmur2,
            partitions,
        }
    }

    #[test]
    fn a_store_belongs_to_one_service_and_one_topic_and_keeps_its_partition_count() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Embedded::open(dir.path()).expect("opens");
        store.check_owner("a").expect("is unclaimed");
        assert_eq!(store.claim("a", "orders", by_murmur2(6)).expect("claims"), 6);
        store.check_owner("a").expect("is ours");
        let refusal = store.check_owner("b").expect_err("is a's").to_string();
        assert!(
            refusal.contains("belongs to a") && refusal.contains("STORE"),
            "{refusal}"
        );
        assert_eq!(store.claim("a", "orders", by_murmur2(8)).expect("is ours"), 6);
        for refusal in [
            store.check_topic("other").expect_err("is not ours"),
            store.claim("a", "other", by_murmur2(6)).expect_err("is not ours"),
        ] {
            let refusal = refusal.to_string();
            let dir = dir.path().display().to_string();
            for part in [
                &*dir,
                "topic orders",
                "KAFKA_TOPIC says other",
                "set it to orders",
                "STORE",
            ] {
                assert!(refusal.contains(part), "{part} in {refusal}");
            }
            // That would throw a good store away.
            assert!(!refusal.contains("--rebuild"), "{refusal}");
        }
        store.check_topic("orders").expect("is ours");
        store.clear().expect("clears");
        assert_eq!(store.claim("a", "other", by_murmur2(8)).expect("claims again"), 8);
    }

    #[test]
    fn a_store_with_another_layout_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Embedded::open(dir.path()).expect("opens");
        let origin = r#"{"format":1,"service":"a","topic":"orders","partitions":6}"#;
        store.meta.insert("origin", origin).expect("writes");
        let refusal = store.check_topic("orders").expect_err("another layout").to_string();
        assert!(
            refusal.contains("another release") && refusal.contains("--rebuild"),
            "{refusal}"
        );
    }

    #[test]
    fn a_store_keeps_the_partitioner_of_its_topic() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Embedded::open(dir.path()).expect("opens");
        for partitioner in Partitioner::ALL {
            store.check_partitioner(partitioner).expect("a new store accepts any");
        }
        let partitioning = Partitioning {
            partitioner: Partitioner::Crc32,
            partitions: 6,
        };
        store.claim("a", "orders", partitioning).expect("claims");
        store.check_partitioner(Partitioner::Crc32).expect("as it was");
        let refusal = store.check_partitioner(Partitioner::Murmur2).expect_err("another rule");
        for part in ["partitioned by crc32", "KAFKA_PARTITIONER says murmur2", "--rebuild"] {
            assert!(refusal.to_string().contains(part), "{part} in {refusal}");
        }
        store.clear().expect("clears");
        store
            .check_partitioner(Partitioner::Murmur2)
            .expect("it accepts any again");
    }

    #[test]
    fn a_store_from_before_the_choice_of_partitioner_counts_as_murmur2() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Embedded::open(dir.path()).expect("opens");
        let origin = r#"{"format":2,"service":"a","topic":"orders","partitions":6}"#;
        store.meta.insert("origin", origin).expect("writes");
        store.check_partitioner(Partitioner::Murmur2).expect("as it was");
        store.check_partitioner(Partitioner::Crc32).expect_err("another rule");
        assert_eq!(store.claim("a", "orders", by_murmur2(6)).expect("is ours"), 6);
    }
}
