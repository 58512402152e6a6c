//! The embedded store: one fjall database, one keyspace per kind of thing.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::keys::{Keys, Remembered};
use super::rows::{LAYOUT, Origin, PartitionRow, decode_order};
use super::schemas::Schemas;
use super::{Table, Transaction};
use crate::crash_point::{self, Point};
use crate::order::OrderState;

const MIB: u64 = 1024 * 1024;
/// Key of the mark that a rebuild has begun.
const FORGETTING: &str = "forgetting";

/// A durable store. Clones are handles to the same one.
#[derive(Clone)]
pub struct Store {
    pub(super) db: Database,
    pub(super) orders: Keyspace,
    pub(super) partitions: Keyspace,
    pub(super) schemas: Schemas,
    pub(super) keys: Keys,
    pub(super) meta: Keyspace,
    dir: Arc<Path>,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error(
        "the store at {dir} is in use by another process: stop that one, or give this one a directory of its own (--store / STORE)"
    )]
    Locked {
        /// Where it lies.
        dir: String,
    },
    /// The directory cannot be used.
    #[error(
        "the store at {dir} cannot be opened: {reason}. Check that the directory (--store / STORE) can be written and is not damaged"
    )]
    Unusable {
        /// Where it lies.
        dir: String,
        /// What the disk or the database said.
        reason: String,
    },
}

impl Store {
    /// Opens the store in that directory, which is made when missing, and locks it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it, [`StoreError::Unusable`] otherwise.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let unusable = |reason: String| StoreError::Unusable {
            dir: dir.display().to_string(),
            reason,
        };
        let fault = |e: fjall::Error| match e {
            fjall::Error::Locked => StoreError::Locked {
                dir: dir.display().to_string(),
            },
            other => unusable(other.to_string()),
        };
        std::fs::create_dir_all(dir).map_err(|e| unusable(e.to_string()))?;
        // Sized for a service of some hundred MiB; the defaults grow to 370 MB of memory and 512 MiB of journal.
        let db = Database::builder(dir)
            .cache_size(64 * MIB)
            .max_journaling_size(64 * MIB)
            .worker_threads(1)
            .open()
            .map_err(fault)?;
        let keyspace = |name| db.keyspace(name, options).map_err(fault);
        let store = Self {
            orders: keyspace("orders")?,
            partitions: keyspace("partitions")?,
            schemas: Schemas::new(keyspace("schemas")?),
            keys: Keys::new(keyspace("keys")?, keyspace("key-ages")?).map_err(|e| unusable(e.to_string()))?,
            meta: keyspace("meta")?,
            dir: dir.into(),
            db,
        };
        if store.meta.contains_key(FORGETTING).map_err(fault)? {
            store.forget().map_err(|e| unusable(e.to_string()))?;
        }
        Ok(store)
    }

    /// Where it lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A further table of that name.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn table(&self, name: &str) -> anyhow::Result<Table> {
        Ok(Table(self.db.keyspace(name, options)?))
    }

    /// The order of that id.
    ///
    /// # Errors
    /// When the disk fails, or the value has a format or a schema that this release does not read.
    pub fn order(&self, order_id: &str) -> anyhow::Result<Option<OrderState>> {
        self.orders
            .get(order_id)
            .context("reading an order")?
            .map(|value| decode_order(&value, |id| self.writer_schema(id)))
            .transpose()
    }

    /// Ids of orders in the order of their bytes, behind `after`, at most `limit`.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn order_ids(&self, after: Option<&str>, limit: usize) -> anyhow::Result<Vec<String>> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.as_bytes()));
        self.orders
            .range::<&[u8], _>((from, Bound::Unbounded))
            .take(limit)
            .map(|entry| Ok(String::from_utf8(entry.key()?.to_vec())?))
            .collect()
    }

    /// How far each partition was read; partitions of which nothing was read yet are not in it.
    ///
    /// # Errors
    /// When the disk fails or a value has another format.
    pub fn partitions(&self) -> anyhow::Result<BTreeMap<i32, PartitionRow>> {
        self.partitions
            .iter()
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                let partition = i32::from_be_bytes(key.as_ref().try_into().context("a partition's key")?);
                Ok((partition, serde_json::from_slice(&value).context("a partition's row")?))
            })
            .collect()
    }

    /// Ties a new store to its topic, or checks that it is this topic's. Returns the partition count that it was made for.
    ///
    /// # Errors
    /// When it belongs to another topic or was written by another release's layout, or the disk fails.
    pub fn claim(&self, topic: &str, partitions: i32) -> anyhow::Result<i32> {
        let Some(value) = self.meta.get("origin")? else {
            let origin = Origin {
                format: LAYOUT,
                topic: topic.to_owned(),
                partitions,
            };
            let mut transaction = self.begin();
            transaction
                .batch
                .insert(&self.meta, "origin", serde_json::to_vec(&origin)?);
            transaction.commit()?;
            return Ok(partitions);
        };
        let origin: Origin = serde_json::from_slice(&value).context("the store's origin")?;
        anyhow::ensure!(
            origin.topic == topic && origin.format == LAYOUT,
            "the store at {} was made from topic {} (layout {}); this service reads topic {topic} (layout {LAYOUT}): give it a directory of its own (--store / STORE) or start once with --rebuild",
            self.dir.display(),
            origin.topic,
            origin.format
        );
        Ok(origin.partitions)
    }

    /// Forgets everything: what comes from the topic, and what schema ids mean. Further tables are kept.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget(&self) -> anyhow::Result<()> {
        // Clearing is not atomic over tables, so a mark says that it has begun: `open` finishes what was cut off.
        self.meta.insert(FORGETTING, "")?;
        self.sync()?;
        self.partitions.clear()?;
        crash_point::reached(Point::StoreForgetting);
        self.orders.clear()?;
        self.schemas.clear()?;
        self.keys.clear()?;
        self.meta.clear()?;
        self.sync()
    }

    /// Begins a transaction.
    pub fn begin(&self) -> Transaction {
        Transaction {
            batch: self.db.batch(),
            store: self.clone(),
            remembered: Remembered::default(),
        }
    }

    /// Makes what was committed survive a crash of the machine. (A crash of the process loses nothing that was committed.)
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> anyhow::Result<()> {
        Ok(self.db.persist(PersistMode::SyncAll)?)
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(8 * MIB)
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
