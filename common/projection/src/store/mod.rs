//! The durable store: orders, how far each partition was read, counters, the schemas that were seen, idempotency keys, and
//! tables that one service adds. [`Store`] is an enum of the real stores. A batch is two calls, [`Store::load`] and
//! [`Store::commit`]; a commit applies all of its changes or none.
//!
//! Nothing here decides what to write. No type of a database leaves its store's folder, and no code outside depends on
//! which store it is. Another store is a folder that has the verbs of [`Store`] and implements `table::Rows`; an arm
//! for each verb here; and its address in [`StoreUrl`].
//!
//! - `embedded`: the store in files of this process;
//! - `opening`: the verbs of the start, before the first batch;
//! - `table`, `schemas`: tables of bytes, and what schema ids mean, which is kept in two of them;
//! - `changes`, `keys`, `rows`: what is written and read, as data;
//! - `blocking`: a thread for what blocks;
//! - `url`, `error`: where a store is, and why it cannot be read or written.

mod blocking;
mod changes;
pub mod embedded;
mod error;
mod keys;
mod opening;
mod rows;
mod schemas;
mod table;
mod url;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use orderlog_contract::idempotency::IdempotencyKey;
use orderlog_contract::order::OrderState;

pub use blocking::blocking;
pub use changes::{BatchChanges, KeyChange, KeyChanges, KeyOutcome, StoredOrder};
pub use embedded::Embedded;
pub use error::{DiskFull, LearnError, StoreError, Unwritable};
pub use keys::{KeyRow, KeyUse};
pub use rows::{Counters, LastRecord, PartitionRow};
pub use schemas::{KnownSchemas, Schemas};
pub use table::{Row, RowChange, Table, TableName};
pub use url::{InvalidStoreUrl, StoreUrl};

/// A store. Clones are handles to the same one.
///
/// Async functions are for any caller, except that `open`, `check_owner`, `check_partitioner`, `check_topic`, `claim`,
/// `clear`, `load` and `commit` may block the thread that polls them: they are for start-up and for the projection's own thread.
/// Functions that are not async block, and so do tables: call them on such a thread or through [`blocking`], but never
/// on a server thread.
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
    /// The states of those orders that exist, in one read.
    ///
    /// # Errors
    /// The disk fails, or a value has a format or a schema that this release does not read.
    pub async fn load(&self, order_ids: &BTreeSet<String>) -> Result<HashMap<String, OrderState>, StoreError> {
        match self {
            Self::Embedded(store) => store.load(order_ids),
        }
    }

    /// Applies all changes atomically; they survive a crash of the process.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], and nothing has changed; or the disk fails, and after the next opening either all changes
    /// are there or none.
    pub async fn commit(&self, changes: &BatchChanges) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.commit(changes),
        }
    }

    /// The first of these orders that exists: the id in a request may stand for one of several.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn order(&self, candidates: &[String]) -> Result<Option<OrderState>, StoreError> {
        match self {
            Self::Embedded(store) => {
                let (store, candidates) = (store.clone(), candidates.to_vec());
                blocking(move || {
                    let found = candidates.iter().map(|order_id| store.order(order_id));
                    found.filter_map(Result::transpose).next().transpose()
                })
                .await
            }
        }
    }

    /// Order ids in byte order, after `after`, at most `limit`.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn order_ids(&self, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Embedded(store) => {
                let (store, after) = (store.clone(), after.map(str::to_owned));
                blocking(move || store.order_ids(after.as_deref(), limit)).await
            }
        }
    }

    /// The states of the orders after the one with the id `after`, in byte order of their ids, at most `limit`, in one read.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn orders(&self, after: Option<&str>, limit: usize) -> Result<Vec<OrderState>, StoreError> {
        match self {
            Self::Embedded(store) => {
                let (store, after) = (store.clone(), after.map(str::to_owned));
                blocking(move || store.orders(after.as_deref(), limit)).await
            }
        }
    }

    /// How far each partition was read; partitions that were not read yet are missing.
    ///
    /// # Errors
    /// The disk fails, or a value has another format.
    pub async fn partitions(&self) -> Result<BTreeMap<i32, PartitionRow>, StoreError> {
        match self {
            Self::Embedded(store) => {
                let store = store.clone();
                blocking(move || store.partitions()).await
            }
        }
    }

    /// Makes what was committed survive a crash of the machine.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn sync(&self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => {
                let store = store.clone();
                blocking(move || store.sync()).await
            }
        }
    }

    /// Whether it can be written.
    ///
    /// # Errors
    /// Why not, and what makes it writable again.
    pub async fn check_writable(&self) -> Result<(), Unwritable> {
        match self {
            Self::Embedded(store) => {
                let store = store.clone();
                let checked = blocking(move || Ok::<_, StoreError>(store.check_writable())).await;
                checked.unwrap_or_else(|error| Err(Unwritable::ForNow(format!("{error:#}"))))
            }
        }
    }

    /// How many bytes are free on its disk.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn free_bytes(&self) -> Result<u64, StoreError> {
        match self {
            Self::Embedded(store) => {
                let store = store.clone();
                blocking(move || store.free_bytes()).await
            }
        }
    }

    /// The schema ids under which the current events of all orders were written. Reads every order.
    ///
    /// # Errors
    /// The disk fails, or an order has another format.
    pub async fn schema_ids_in_use(&self) -> Result<BTreeSet<u32>, StoreError> {
        match self {
            Self::Embedded(store) => {
                let store = store.clone();
                blocking(move || store.schema_ids_in_use()).await
            }
        }
    }

    /// Runs work on the schemas on a thread that may block. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The work's own, or the runtime is shutting down.
    pub async fn with_schemas<T, E>(&self, work: impl FnOnce(&Schemas) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let store = self.clone();
        blocking(move || work(store.schemas())).await
    }

    /// What schema ids mean. Blocks when it is used.
    pub fn schemas(&self) -> &Schemas {
        match self {
            Self::Embedded(store) => store.schemas(),
        }
    }

    /// A table that one service adds, which is created if missing. Blocks.
    ///
    /// # Errors
    /// The disk fails.
    pub fn table(&self, name: TableName) -> Result<Table, StoreError> {
        match self {
            Self::Embedded(store) => store.table(name),
        }
    }

    /// The order with that id and the use of a key, as one consistent snapshot; no `KeyUse` without a key, or for one
    /// that was not used or has been forgotten. Of several records for one key and order, the first is the answer.
    /// Blocks.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn order_and_key_use(
        &self,
        order_id: &str,
        key: Option<&IdempotencyKey>,
    ) -> Result<(Option<OrderState>, Option<KeyUse>), StoreError> {
        match self {
            Self::Embedded(store) => match key {
                Some(key) => store.order_and_key_use(order_id, key),
                None => Ok((store.order(order_id)?, None)),
            },
        }
    }

    /// As [`Self::sync`]. Blocks.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub fn blocking_sync(&self) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.sync(),
        }
    }

    /// How many idempotency keys are kept. Blocks.
    pub fn key_count(&self) -> u64 {
        match self {
            Self::Embedded(store) => store.key_count(),
        }
    }
}
