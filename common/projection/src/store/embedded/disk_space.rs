//! Space on the store's disk. A database that hits a full disk in the middle of a write accepts no more writes until it
//! is reopened, so nothing is written when space is low: writers wait until there is enough.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::store::{DiskFull, StoreError};

pub(super) const MIB: u64 = 1024 * 1024;

/// How much must be free before anything is committed, in bytes.
// why: earlier commits have yet to be flushed from memory (8 MiB per table, of which a few grow), and tables are merged, one
// merge at a time, each of some 50 MiB at most (see `keyspace_options`)
const RESERVE: u64 = 64 * MIB;

/// The disk of the store in a directory.
#[derive(Clone)]
pub(super) struct Disk(Arc<Path>);

impl Disk {
    pub fn of(dir: &Path) -> Self {
        Self(dir.into())
    }

    /// The store's directory.
    pub fn dir(&self) -> &Path {
        &self.0
    }

    /// Checks that there is space to write; takes microseconds.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], or the free space is not known.
    pub fn check_space(&self) -> Result<(), StoreError> {
        let (dir, free) = (self.dir(), self.free_bytes()?);
        if free < RESERVE {
            let reason = format!(
                "the disk of the store at {} is full: {} MiB free, {} MiB required. Free up space there; writing resumes on its own",
                dir.display(),
                free / MIB,
                RESERVE / MIB
            );
            return Err(DiskFull(reason).into());
        }
        Ok(())
    }

    /// How many bytes are free for this process.
    ///
    /// # Errors
    /// The free space is not known.
    pub fn free_bytes(&self) -> Result<u64, StoreError> {
        let dir = self.dir();
        let disk = rustix::fs::statvfs(dir).with_context(|| format!("reading the free space at {}", dir.display()))?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}
