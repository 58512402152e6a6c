//! The durable store: orders, how far each partition was read, counters, the schemas that were seen, idempotency keys, and
//! tables that one service adds. [`Store`] is an enum of the real stores. A batch is two calls, [`Store::load`] and
//! [`Store::commit`]; a commit applies all of its changes or none.
//!
//! Nothing here decides what to write. No type of a database leaves its store's folder, and no code outside depends on which
//! store it is, except a service that adds its own tables: those are tables of the embedded store ([`embedded::Table`]).

mod changes;
pub mod embedded;
mod error;
mod keys;
mod rows;
mod url;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use orderlog_contract::order::OrderState;
use orderlog_kafka::partition::{Partitioner, Partitioning};

pub use changes::{BatchChanges, KeyChange, KeyChanges, KeyOutcome, StoredOrder};
pub use embedded::{DiskFull, Embedded, KnownSchemas, OpenError, Schemas};
pub use error::{LearnError, StoreError, Unwritable};
pub use keys::{KeyRow, KeyUse};
pub use rows::{Counters, LastRecord, PartitionRow};
pub use url::{InvalidStoreUrl, StoreUrl};

/// A store. Clones are handles to the same one.
///
/// `order`, `order_ids`, `partitions`, `sync` and `check_writable` never block the thread that polls them. The others may:
/// they are for start-up and for the projection's own thread.
#[derive(Clone)]
pub enum Store {
    /// Files in a directory of this process.
    Embedded(Arc<Embedded>),
}

impl From<Embedded> for Store {
    fn from(store: Embedded) -> Self {
        Self::Embedded(Arc::new(store))
    }
}

impl Store {
    /// Opens the embedded store in that directory, which is created if missing, and locks it.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        Embedded::open(dir).map(Self::from)
    }

    /// Opens the embedded store in that directory for a rebuild: a damaged one is replaced by an empty one.
    ///
    /// # Errors
    /// [`OpenError`], but never [`OpenError::Damaged`].
    pub fn open_to_rebuild(dir: &Path) -> Result<Self, OpenError> {
        Embedded::open_to_rebuild(dir).map(Self::from)
    }

    /// Checks that no other service has filled it. Call it before anything else.
    ///
    /// # Errors
    /// Another service has, or the disk fails.
    pub fn check_owner(&self, service: &str) -> Result<(), StoreError> {
        let Self::Embedded(store) = self;
        store.check_owner(service)
    }

    /// Checks that it was filled from a topic partitioned by that rule. A new store accepts any.
    ///
    /// # Errors
    /// It was filled under another rule, or the disk fails.
    pub fn check_partitioner(&self, partitioner: Partitioner) -> Result<(), StoreError> {
        let Self::Embedded(store) = self;
        store.check_partitioner(partitioner)
    }

    /// Ties a new store to its service and topic, or checks that it belongs to them. Returns the partition count that the
    /// topic had when the store was created.
    ///
    /// # Errors
    /// It belongs to another topic or has another release's layout, or the disk fails.
    pub fn claim(&self, service: &str, topic: &str, partitioning: Partitioning) -> Result<i32, StoreError> {
        let Self::Embedded(store) = self;
        store.claim(service, topic, partitioning)
    }

    /// Forgets everything that comes from the topic, and what schema ids mean. Tables that services add are kept.
    ///
    /// # Errors
    /// The disk fails.
    pub fn forget(&self) -> Result<(), StoreError> {
        let Self::Embedded(store) = self;
        store.forget()
    }

    /// The states of those orders that exist, in one read.
    ///
    /// # Errors
    /// The disk fails, or a value has a format or a schema that this release does not read.
    pub async fn load(&self, order_ids: &BTreeSet<String>) -> Result<HashMap<String, OrderState>, StoreError> {
        let Self::Embedded(store) = self;
        store.load(order_ids)
    }

    /// Applies all changes atomically; they survive a crash of the process.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], and nothing has changed; or the disk fails, and after the next opening either all changes
    /// are there or none.
    pub async fn commit(&self, changes: &BatchChanges) -> Result<(), StoreError> {
        let Self::Embedded(store) = self;
        store.commit(changes)
    }

    /// The first of these orders that exists: what a request calls an order may be one of several ids.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn order(&self, candidates: &[String]) -> Result<Option<OrderState>, StoreError> {
        let Self::Embedded(store) = self;
        let (store, candidates) = (store.clone(), candidates.to_vec());
        embedded::blocking(move || {
            let found = candidates.iter().map(|order_id| store.order(order_id));
            found.filter_map(Result::transpose).next().transpose()
        })
        .await
    }

    /// Order ids in byte order, after `after`, at most `limit`.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn order_ids(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        let Self::Embedded(store) = self;
        let (store, after) = (store.clone(), after.map(str::to_owned));
        embedded::blocking(move || store.order_ids(after.as_deref(), limit)).await
    }

    /// How far each partition was read; partitions that were not read yet are missing.
    ///
    /// # Errors
    /// The disk fails, or a value has another format.
    pub async fn partitions(&self) -> Result<BTreeMap<i32, PartitionRow>, StoreError> {
        let Self::Embedded(store) = self;
        let store = store.clone();
        embedded::blocking(move || store.partitions()).await
    }

    /// Makes what was committed survive a crash of the machine.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn sync(&self) -> Result<(), StoreError> {
        let Self::Embedded(store) = self;
        let store = store.clone();
        embedded::blocking(move || store.sync()).await
    }

    /// Whether it can be written.
    ///
    /// # Errors
    /// Why not, and what ends it.
    pub async fn check_writable(&self) -> Result<(), Unwritable> {
        let Self::Embedded(store) = self;
        let store = store.clone();
        let checked = embedded::blocking(move || Ok(store.check_writable())).await;
        checked.unwrap_or_else(|error| Err(Unwritable::ForNow(format!("{error:#}"))))
    }

    /// What schema ids mean.
    pub fn schemas(&self) -> &Schemas {
        let Self::Embedded(store) = self;
        store.schemas()
    }

    /// The schema ids under which the current events of all orders were written. Reads every order.
    ///
    /// # Errors
    /// The disk fails, or an order has another format.
    pub async fn schema_ids_in_use(&self) -> Result<BTreeSet<u32>, StoreError> {
        let Self::Embedded(store) = self;
        let store = store.clone();
        embedded::blocking(move || store.schema_ids_in_use()).await
    }

    /// How many idempotency keys are kept.
    pub fn key_count(&self) -> u64 {
        let Self::Embedded(store) = self;
        store.key_count()
    }
}
