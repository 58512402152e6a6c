//! Opening a store, and replacing one that cannot be opened. What lies on the disk is not taken at its word.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};

use fjall::Database;

use super::embedded::{FORGETTING, MIB, SYNCED, Store, options};
use super::error::StoreError;
use super::files::{Files, LOST};
use super::keys::Keys;
use super::room;
use super::schemas::Schemas;

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
        let meta = keyspace("meta")?;
        Ok(Self {
            orders: keyspace("orders")?,
            partitions: keyspace("partitions")?,
            schemas: Schemas::new(keyspace("schemas")?),
            keys: Keys::new(keyspace("keys")?, keyspace("key-ages")?, meta.clone())
                .map_err(|error| StoreError::damaged(dir, format!("{error:#}")))?,
            meta,
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
}
