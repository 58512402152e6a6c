//! The embedded store: one fjall database, one keyspace per kind of thing.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use fjall::compaction::Leveled;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, UserValue};
use orderlog_contract::order::OrderState;
use orderlog_kafka::partition::{Partitioner, Partitioning};
use orderlog_runtime::crash_point::{self, Point};

use super::error::UNREADABLE;
use super::files::Files;
use super::key_changes::KeyChanges;
use super::keys::Keys;
use super::rows::{LAYOUT, Origin, PartitionRow, decode_order};
use super::schemas::Schemas;
use super::{Table, Transaction, room};

pub(super) const MIB: u64 = 1024 * 1024;
/// Key of the mark that a rebuild has begun.
pub(super) const FORGETTING: &str = "forgetting";
/// Key of the number of times that the store was brought to the disk.
pub(super) const SYNCED: &str = "synced";

/// A durable store. Clones are handles to the same one.
#[derive(Clone)]
pub struct Store {
    pub(super) db: Database,
    pub(super) orders: Keyspace,
    pub(super) partitions: Keyspace,
    pub(super) schemas: Schemas,
    pub(super) keys: Keys,
    pub(super) meta: Keyspace,
    pub(super) dir: Arc<Path>,
    pub(super) files: Files,
    /// How often it was brought to the disk.
    pub(super) synced: Arc<Mutex<u64>>,
}

/// Why nothing can be written to an open store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwritable {
    /// Its disk is full; it can be written again when there is room.
    ForNow(String),
    /// A write has failed in the middle, so it takes no more until it is opened anew.
    UntilOpenedAnew {
        /// What happened.
        reason: String,
        /// Whether there is room on the disk to open it anew.
        room: bool,
    },
}

impl Store {
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
        self.decoded(self.orders.get(order_id).context(UNREADABLE)?)
    }

    /// The order in a value that was read.
    pub(super) fn decoded(&self, value: Option<UserValue>) -> anyhow::Result<Option<OrderState>> {
        value
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
            .map(|entry| Ok(String::from_utf8(entry.key().context(UNREADABLE)?.to_vec())?))
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
                let (key, value) = entry.into_inner().context(UNREADABLE)?;
                let partition = i32::from_be_bytes(key.as_ref().try_into().context("a partition's key")?);
                Ok((partition, serde_json::from_slice(&value).context("a partition's row")?))
            })
            .collect()
    }

    /// Checks that no other service has filled it. Ask it before anything else.
    ///
    /// # Errors
    /// When another has, or the disk fails.
    pub fn check_owner(&self, service: &str) -> anyhow::Result<()> {
        let owner = self.origin()?.and_then(|origin| origin.service);
        let owner = owner.as_deref().unwrap_or(service);
        anyhow::ensure!(
            owner == service,
            "the store at {} is {owner}'s, and this is {service}: give it a directory of its own (--store / STORE)",
            self.dir.display()
        );
        Ok(())
    }

    /// Checks that it was filled from a topic that is partitioned by that rule. A new store is of any.
    ///
    /// # Errors
    /// When it was filled under another rule, or the disk fails.
    pub fn check_partitioner(&self, partitioner: Partitioner) -> anyhow::Result<()> {
        let filled_under = self.origin()?.map_or(partitioner, |origin| origin.partitioner);
        anyhow::ensure!(
            filled_under == partitioner,
            "the store at {} was filled from a topic that is partitioned by {filled_under}, and --kafka-partitioner / KAFKA_PARTITIONER says {partitioner}: say {filled_under}, or, if that was never right, start once with --rebuild",
            self.dir.display()
        );
        Ok(())
    }

    fn origin(&self) -> anyhow::Result<Option<Origin>> {
        let value = self.meta.get("origin").context(UNREADABLE)?;
        value
            .map(|value| serde_json::from_slice(&value).context("the store's origin"))
            .transpose()
    }

    /// Ties a new store to its service and topic, or checks that it is this topic's. Returns the partition count that it
    /// was made for.
    ///
    /// # Errors
    /// When it belongs to another topic or was written by another release's layout, or the disk fails.
    pub fn claim(&self, service: &str, topic: &str, partitioning: Partitioning) -> anyhow::Result<i32> {
        let Partitioning {
            partitioner,
            partitions,
        } = partitioning;
        let Some(origin) = self.origin()? else {
            let origin = Origin {
                format: LAYOUT,
                service: Some(service.to_owned()),
                topic: topic.to_owned(),
                partitions,
                partitioner,
            };
            let mut transaction = self.begin();
            transaction
                .batch
                .insert(&self.meta, "origin", serde_json::to_vec(&origin)?);
            transaction.commit()?;
            return Ok(partitions);
        };
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
        self.check_room()?;
        self.meta.insert(FORGETTING, "")?;
        self.sync()?;
        // The number of syncs is forgotten too.
        self.files.note_synced(0)?;
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
            keys: KeyChanges::default(),
        }
    }

    /// Makes what was committed survive a crash of the machine. (A crash of the process loses nothing that was committed.)
    ///
    /// # Errors
    /// When the disk fails.
    pub fn sync(&self) -> anyhow::Result<()> {
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if self.check_room().is_err() {
            return Ok(self.db.persist(PersistMode::SyncAll)?);
        }
        // A number that lies behind everything else in the journal, and is noted outside of it once it lies on the disk:
        // whoever finds the note and not the number knows that something was lost.
        let next = *synced + 1;
        self.meta.insert(SYNCED, next.to_be_bytes())?;
        self.db.persist(PersistMode::SyncAll)?;
        self.files
            .note_synced(next)
            .context("noting that the store is on the disk")?;
        *synced = next;
        Ok(())
    }

    /// Whether it can be written.
    ///
    /// # Errors
    /// Why not, and when it may be again.
    pub fn check_writable(&self) -> Result<(), Unwritable> {
        let room = self.check_room();
        // Tells also of a write that has failed in the database's background.
        if let Err(error) = self.db.persist(PersistMode::Buffer) {
            let first = if room.is_ok() {
                ""
            } else {
                "make room on its disk first; "
            };
            let reason = format!(
                "the store at {} has failed in the middle of a write ({error}): nothing more is written to it until it is opened anew; {first}the service ends then, to be started again",
                self.dir.display()
            );
            return Err(Unwritable::UntilOpenedAnew {
                reason,
                room: room.is_ok(),
            });
        }
        room.map_err(|error| Unwritable::ForNow(format!("{error:#}")))
    }

    /// Looks whether there is room on the disk for what is written next.
    ///
    /// # Errors
    /// [`NoRoom`](super::NoRoom), or the disk does not tell.
    pub(super) fn check_room(&self) -> anyhow::Result<()> {
        room::check(&self.dir)
    }
}

pub(super) fn options() -> KeyspaceCreateOptions {
    // Small files, so that a merge rewrites little and fits into the room that is kept free: with the default of 64 MiB it
    // rewrites some 300 MiB at once, and a database that meets a full disk in the middle of it is done for.
    let merges = Leveled::default().with_table_target_size(4 * MIB);
    KeyspaceCreateOptions::default()
        .max_memtable_size(8 * MIB)
        .compaction_strategy(Arc::new(merges))
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
