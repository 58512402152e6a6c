//! Opening a store, and checking that it is the right one. All of it may block: it is for the start.

use orderlog_kafka::partition::{Partitioner, Partitioning};

use super::{Embedded, Store, StoreError, StoreUrl};

impl Store {
    /// Opens the store at that address, for this process alone. With `rebuild`, a damaged store is replaced by an empty
    /// one.
    ///
    /// # Errors
    /// It is in use, damaged, or cannot be used, with what to do.
    pub async fn open(url: &StoreUrl, rebuild: bool) -> anyhow::Result<Self> {
        match url {
            StoreUrl::Embedded(dir) if rebuild => Ok(Embedded::open_to_rebuild(dir)?.into()),
            StoreUrl::Embedded(dir) => Ok(Embedded::open(dir)?.into()),
        }
    }

    /// Checks that it was not filled by another service. Call it before anything else.
    ///
    /// # Errors
    /// It was, or the disk fails.
    pub async fn check_owner(&self, service: &str) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.check_owner(service),
        }
    }

    /// Checks that it was filled from a topic partitioned by that rule. A new store accepts any.
    ///
    /// # Errors
    /// It was not, or the disk fails.
    pub async fn check_partitioner(&self, partitioner: Partitioner) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.check_partitioner(partitioner),
        }
    }

    /// Checks that it was filled from that topic, by a release whose layout this one reads. A new store accepts any.
    ///
    /// # Errors
    /// It was not, or the disk fails.
    pub async fn check_topic(&self, topic: &str) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.check_topic(topic),
        }
    }

    /// Ties a new store to its service and topic, or checks that it belongs to them. Returns the partition count that the
    /// topic had when the store was created.
    ///
    /// # Errors
    /// It belongs to another topic or has another release's layout, or the disk fails.
    pub async fn claim(&self, service: &str, topic: &str, partitioning: Partitioning) -> Result<i32, StoreError> {
        match self {
            Self::Embedded(store) => store.claim(service, topic, partitioning),
        }
    }

    /// Clears everything that comes from the topic, and what schema ids mean. Tables that services add are kept.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn clear(&self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.clear(),
        }
    }
}
