//! The embedded store: one fjall database, one keyspace per kind of thing.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::rows::{LAYOUT, Origin, PartitionRow, SchemaRow, decode_order, encode_order};
use crate::order::OrderState;

const MIB: u64 = 1024 * 1024;
/// Key of the mark that a rebuild has begun.
const FORGETTING: &str = "forgetting";

/// A durable store. Clones are handles to the same one.
#[derive(Clone)]
pub struct Store {
    db: Database,
    orders: Keyspace,
    partitions: Keyspace,
    schemas: Keyspace,
    meta: Keyspace,
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

/// A further table, which belongs to one service.
#[derive(Clone)]
pub struct Table(Keyspace);

/// Changes that become durable together, or not at all.
pub struct Transaction {
    batch: fjall::OwnedWriteBatch,
    store: Store,
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
            schemas: keyspace("schemas")?,
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
    /// When the disk fails or the value has a format that this release does not read.
    pub fn order(&self, order_id: &str) -> anyhow::Result<Option<OrderState>> {
        self.orders
            .get(order_id)
            .context("reading an order")?
            .map(|value| decode_order(&value))
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

    /// The schema of that id, as (type, text), when it was seen before.
    ///
    /// # Errors
    /// When the disk fails or the value has another format.
    pub fn schema(&self, id: u32) -> anyhow::Result<Option<(String, String)>> {
        let Some(value) = self.schemas.get(id.to_be_bytes())? else {
            return Ok(None);
        };
        let row: SchemaRow = serde_json::from_slice(&value).context("a schema's row")?;
        Ok(Some((row.schema_type, row.text)))
    }

    /// Remembers a schema, so that a restart does not need the registry for it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remember_schema(&self, id: u32, schema_type: &str, text: &str) -> anyhow::Result<()> {
        let row = SchemaRow {
            schema_type: schema_type.to_owned(),
            text: text.to_owned(),
        };
        Ok(self.schemas.insert(id.to_be_bytes(), serde_json::to_vec(&row)?)?)
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

    /// Forgets everything that comes from the topic; schemas are kept.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget(&self) -> anyhow::Result<()> {
        // Clearing is not atomic over tables, so a mark says that it has begun: `open` finishes what was cut off.
        self.meta.insert(FORGETTING, "")?;
        self.sync()?;
        self.partitions.clear()?;
        self.orders.clear()?;
        self.meta.clear()?;
        self.sync()
    }

    /// Begins a transaction.
    pub fn begin(&self) -> Transaction {
        Transaction {
            batch: self.db.batch(),
            store: self.clone(),
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

impl Transaction {
    /// Sets an order.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn put_order(&mut self, state: &OrderState) -> anyhow::Result<()> {
        self.batch.insert(
            &self.store.orders,
            state.order.order_id.as_bytes(),
            encode_order(state)?,
        );
        Ok(())
    }

    /// Sets how far a partition was read.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn put_partition(&mut self, partition: i32, row: &PartitionRow) -> anyhow::Result<()> {
        self.batch.insert(
            &self.store.partitions,
            partition.to_be_bytes(),
            serde_json::to_vec(row)?,
        );
        Ok(())
    }

    /// Sets a value of a further table.
    pub fn put(&mut self, table: &Table, key: &[u8], value: Vec<u8>) {
        self.batch.insert(&table.0, key, value);
    }

    /// Removes a value of a further table.
    pub fn remove(&mut self, table: &Table, key: &[u8]) {
        self.batch.remove(&table.0, key);
    }

    /// Makes all changes at once, so that they survive a crash of the process.
    ///
    /// # Errors
    /// When the disk fails. What was to be changed may then be there after the next opening, all of it or nothing.
    pub fn commit(self) -> anyhow::Result<()> {
        // Buffer: handed to the operating system, which keeps it when the process is killed.
        self.batch
            .durability(Some(PersistMode::Buffer))
            .commit()
            .context("committing to the store")
    }
}

impl Table {
    /// The value of that key.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn get(&self, key: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.0.get(key)?.map(|value| value.to_vec()))
    }

    /// Entries below a key (below none: all), the highest first.
    pub fn below(&self, key: Option<&[u8]>) -> impl Iterator<Item = anyhow::Result<(Vec<u8>, Vec<u8>)>> + use<> {
        let to = key.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec()));
        self.0.range::<Vec<u8>, _>((Bound::Unbounded, to)).rev().map(|entry| {
            let (key, value) = entry.into_inner()?;
            Ok((key.to_vec(), value.to_vec()))
        })
    }

    /// Removes everything.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn clear(&self) -> anyhow::Result<()> {
        Ok(self.0.clear()?)
    }
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(8 * MIB)
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
