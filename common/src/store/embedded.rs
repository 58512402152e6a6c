//! The embedded store: one fjall database, one keyspace per kind of thing.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::error::{StoreError, UNREADABLE};
use super::files::{Files, LOST};
use super::room;
use super::rows::{LAYOUT, Origin, PartitionRow, decode_order};
use super::schemas::Schemas;
use super::{Table, Transaction};
use crate::crash_point::{self, Point};
use crate::order::OrderState;

const MIB: u64 = 1024 * 1024;
/// Key of the mark that a rebuild has begun.
const FORGETTING: &str = "forgetting";
/// Key of the number of times that the store was brought to the disk.
const SYNCED: &str = "synced";

/// A durable store. Clones are handles to the same one.
#[derive(Clone)]
pub struct Store {
    pub(super) db: Database,
    pub(super) orders: Keyspace,
    pub(super) partitions: Keyspace,
    pub(super) schemas: Schemas,
    pub(super) meta: Keyspace,
    dir: Arc<Path>,
    files: Files,
    /// How often it was brought to the disk.
    synced: Arc<Mutex<u64>>,
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
    /// Opens the store in that directory, which is made when missing, and locks it.
    ///
    /// # Errors
    /// [`StoreError`]: in use, damaged, or the directory cannot be used.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let damaged = |error: anyhow::Error| StoreError::damaged(dir, format!("{error:#}"));
        std::fs::create_dir_all(dir).map_err(|error| StoreError::unusable(dir, error))?;
        let files = Files::of(dir);
        let locked = files.lock()?;
        let synced = files.synced().map_err(damaged)?;
        if !files.has_database() {
            // A new database takes room, and the mark comes first: it says that what lies there is ours.
            room::check(dir).map_err(|error| StoreError::unusable(dir, format!("{error:#}")))?;
            if synced == 0 {
                files
                    .begin()
                    .map_err(|error| StoreError::unusable(dir, format!("{error:#}")))?;
            }
        }
        files.check_lists(synced).map_err(damaged)?;
        let closed = files.closed_journals().map_err(damaged)?;
        drop(locked);
        // The database takes its own files at their word, and some mistakes in them for bugs of its own.
        let store = catch_unwind(AssertUnwindSafe(|| Self::open_files(&files, dir, synced)))
            .map_err(|_| StoreError::damaged(dir, "the database cannot make sense of its files"))??;
        if let Err(error) = closed.check_kept() {
            // What was cut off is gone, and the next opening would find nothing amiss.
            let noted = files.note_synced(LOST);
            noted.map_err(|error| StoreError::of_io(dir, &error))?;
            return Err(damaged(error));
        }
        let fault = |error: fjall::Error| StoreError::of(dir, &error);
        let known = store.meta.get(SYNCED).map_err(fault)?;
        let known = known.and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?)));
        if known.unwrap_or(0) < synced {
            return Err(StoreError::damaged(
                dir,
                "what was brought to the disk before is not there any more",
            ));
        }
        files
            .note_synced(synced)
            .map_err(|error| StoreError::of_io(dir, &error))?;
        if store.meta.contains_key(FORGETTING).map_err(fault)? {
            store
                .forget()
                .map_err(|error| StoreError::unusable(dir, format!("{error:#}")))?;
        }
        Ok(store)
    }

    fn open_files(files: &Files, dir: &Path, synced: u64) -> Result<Self, StoreError> {
        let fault = |error: fjall::Error| StoreError::of(dir, &error);
        // Sized for a service of some hundred MiB; the defaults grow to 370 MB of memory and 512 MiB of journal.
        let db = Database::builder(dir)
            .cache_size(64 * MIB)
            .max_journaling_size(64 * MIB)
            .worker_threads(1)
            .open()
            .map_err(fault)?;
        let keyspace = |name| db.keyspace(name, options).map_err(fault);
        Ok(Self {
            orders: keyspace("orders")?,
            partitions: keyspace("partitions")?,
            schemas: Schemas::new(keyspace("schemas")?),
            meta: keyspace("meta")?,
            dir: dir.into(),
            files: files.clone(),
            synced: Arc::new(Mutex::new(synced)),
            db,
        })
    }

    /// Opens it to be rebuilt: one that is damaged, be it anywhere, is removed and made anew.
    ///
    /// # Errors
    /// [`StoreError`], but not that it is damaged.
    pub fn open_to_rebuild(dir: &Path) -> Result<Self, StoreError> {
        let damage = match Self::open(dir) {
            // What is kept over a rebuild must be readable too.
            Ok(store) => match store.read_all() {
                Ok(()) => return Ok(store),
                Err(error) => format!("{error:#}"),
            },
            Err(StoreError::Damaged { reason, .. }) => reason,
            Err(other) => return Err(other),
        };
        tracing::warn!(dir = %dir.display(), reason = damage, "the store is damaged: removing it");
        Files::of(dir).discard(&damage)?;
        Self::open(dir)
    }

    /// Reads everything, and keeps nothing.
    fn read_all(&self) -> anyhow::Result<()> {
        for name in self.db.list_keyspace_names() {
            for entry in self.db.keyspace(&name, options)?.iter() {
                entry.into_inner()?;
            }
        }
        Ok(())
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
            .context(UNREADABLE)?
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

    /// Ties a new store to its topic, or checks that it is this topic's. Returns the partition count that it was made for.
    ///
    /// # Errors
    /// When it belongs to another topic or was written by another release's layout, or the disk fails.
    pub fn claim(&self, topic: &str, partitions: i32) -> anyhow::Result<i32> {
        let Some(value) = self.meta.get("origin").context(UNREADABLE)? else {
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
        self.check_room()?;
        self.meta.insert(FORGETTING, "")?;
        self.sync()?;
        // The number of syncs is forgotten too.
        self.files.note_synced(0)?;
        self.partitions.clear()?;
        crash_point::reached(Point::StoreForgetting);
        self.orders.clear()?;
        self.schemas.clear()?;
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
            let reason = format!(
                "the store at {} has failed in the middle of a write ({error}): nothing more is written to it until it is opened anew, by a restart",
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

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(8 * MIB)
}

#[cfg(test)]
#[path = "embedded_tests.rs"]
mod tests;
