//! Opening a store, and replacing one that cannot be opened. What is on the disk is not trusted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;

use anyhow::anyhow;
use fjall::Database;

use super::disk_space::{Disk, MIB};
use super::files::{Files, LOST};
use super::keys::Keys;
use super::keyspaces::Keyspaces;
use super::sync::{CLEARING, SYNCS};
use super::table::table;
use super::{Embedded, OpenError, keyspace_options};
use crate::store::Schemas;

impl Embedded {
    /// Opens the store in that directory, which is created if missing, and locks it.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let damaged = |error: anyhow::Error| OpenError::damaged(dir, error);
        let cannot_open = |error: anyhow::Error| OpenError::cannot_open(dir, error);
        std::fs::create_dir_all(dir).map_err(|error| OpenError::cannot_open(dir, error))?;
        let files = Files::of(dir);
        let locked = files.lock()?;
        let syncs = files.syncs().map_err(damaged)?;
        if !files.has_database() {
            // A new database needs space. The mark comes first, because it says that the files are ours.
            Disk::of(dir).check_space().map_err(|error| cannot_open(error.into()))?;
            if syncs == 0 {
                files.begin().map_err(cannot_open)?;
            }
        }
        files.check_table_lists(syncs).map_err(damaged)?;
        let closed = files.closed_journals().map_err(damaged)?;
        drop(locked);
        // The database trusts its own files, and panics on some errors in them.
        let store = catch_unwind(AssertUnwindSafe(|| Self::open_files(&files, dir, syncs)))
            .map_err(|_| damaged(anyhow!("the database cannot interpret its files")))??;
        if let Err(error) = closed.check_kept() {
            // The truncated data is lost, and the next opening would notice nothing.
            let noted = files.note_syncs(LOST);
            noted.map_err(|error| OpenError::of_io(dir, error))?;
            return Err(damaged(error));
        }
        let fault = |error: fjall::Error| OpenError::of(dir, error);
        let known = store.meta.get(SYNCS).map_err(fault)?;
        let known = known.and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?)));
        if known.unwrap_or(0) < syncs {
            return Err(damaged(anyhow!("data that was synced before is missing")));
        }
        files.note_syncs(syncs).map_err(|error| OpenError::of_io(dir, error))?;
        if store.meta.contains_key(CLEARING).map_err(fault)? {
            store.clear().map_err(|error| cannot_open(error.into()))?;
        }
        Ok(store)
    }

    fn open_files(files: &Files, dir: &Path, syncs: u64) -> Result<Self, OpenError> {
        let fault = |error: fjall::Error| OpenError::of(dir, error);
        // Sized for a service of some hundred MiB; the defaults grow to 370 MB of memory and 512 MiB of journal.
        let db = Database::builder(dir)
            .cache_size(64 * MIB)
            .max_journaling_size(64 * MIB)
            .worker_threads(1)
            .open()
            .map_err(fault)?;
        let keyspace = |name| db.keyspace(name, keyspace_options).map_err(fault);
        let disk = Disk::of(dir);
        let keyspaces = Keyspaces::default();
        let table = |name| table(&db, name, &keyspaces, &disk).map_err(fault);
        let meta = keyspace("meta")?;
        let keys = Keys::new(keyspace("keys")?, keyspace("key-ages")?, meta.clone());
        Ok(Self {
            orders: keyspace("orders")?,
            partitions: keyspace("partitions")?,
            schemas: Schemas::new(table(Schemas::TABLE)?, table(Schemas::META)?),
            keys: keys.map_err(|error| OpenError::damaged(dir, error))?,
            meta,
            disk,
            files: files.clone(),
            syncs: Mutex::new(syncs),
            db,
            keyspaces,
        })
    }

    /// Opens it for a rebuild: a damaged store is replaced by an empty one.
    ///
    /// # Errors
    /// [`OpenError`], but never [`OpenError::Damaged`].
    pub fn open_to_rebuild(dir: &Path) -> Result<Self, OpenError> {
        let damage = match Self::open(dir) {
            // What survives a rebuild must be readable too.
            Ok(store) => match store.read_all() {
                Ok(()) => return Ok(store),
                Err(error) => error,
            },
            Err(OpenError::Damaged { reason, .. }) => reason,
            Err(other) => return Err(other),
        };
        let reason = format!("{damage:#}");
        tracing::warn!(dir = %dir.display(), reason, "store damaged, removing it");
        Files::of(dir).discard(&reason)?;
        Self::open(dir)
    }

    /// Reads everything and discards it.
    fn read_all(&self) -> anyhow::Result<()> {
        for name in self.db.list_keyspace_names() {
            for entry in self.db.keyspace(&name, keyspace_options)?.iter() {
                entry.into_inner()?;
            }
        }
        Ok(())
    }
}
