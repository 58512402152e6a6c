//! Making the store survive a crash of the machine, and clearing it.

use std::sync::PoisonError;

use anyhow::Context;
use fjall::PersistMode;
use orderlog_runtime::crash_point::{self, Point};

use super::Embedded;
use crate::store::{StoreError, Unwritable};

/// Key of the mark that clearing has begun, under its name of earlier releases.
pub(super) const CLEARING: &str = "forgetting";
/// Key of the number of syncs.
pub(super) const SYNCS: &str = "synced";

impl Embedded {
    /// Makes what was committed survive a crash of the machine. (A crash of the process loses nothing that was committed.)
    ///
    /// # Errors
    /// The disk fails.
    pub fn sync(&self) -> Result<(), StoreError> {
        let mut syncs = self.syncs.lock().unwrap_or_else(PoisonError::into_inner);
        let persist = || self.db.persist(PersistMode::SyncAll).context("store fsync failed");
        if self.disk.check_space().is_err() {
            return Ok(persist()?);
        }
        // A number that comes after everything else in the journal, and is noted outside of it once it is on the disk:
        // a note without its number proves that something was lost.
        let next = *syncs + 1;
        self.meta
            .insert(SYNCS, next.to_be_bytes())
            .context("writing the number of syncs")?;
        persist()?;
        self.files
            .note_syncs(next)
            .context("noting that the store was synced")?;
        *syncs = next;
        Ok(())
    }

    /// Whether it can be written.
    ///
    /// # Errors
    /// Why not, and what ends it.
    pub fn check_writable(&self) -> Result<(), Unwritable> {
        let space = self.disk.check_space();
        // Also reports a write that has failed in the background.
        if let Err(error) = self.db.persist(PersistMode::Buffer) {
            let first = if space.is_ok() {
                ""
            } else {
                "free up space on its disk first; "
            };
            let reason = format!(
                "a write to the store at {} failed midway ({error}): nothing more is written to it until it is reopened; {first}the service then exits, to be restarted",
                self.disk.dir().display()
            );
            return Err(Unwritable::UntilReopened {
                reason,
                has_disk_space: space.is_ok(),
            });
        }
        space.map_err(|error| Unwritable::ForNow(format!("{error:#}")))
    }

    pub(in crate::store) fn free_bytes(&self) -> Result<u64, StoreError> {
        self.disk.free_bytes()
    }

    pub(in crate::store) fn clear(&self) -> Result<(), StoreError> {
        // Clearing is not atomic over tables, so a mark says that it has begun: opening completes what was interrupted.
        self.disk.check_space()?;
        self.meta.insert(CLEARING, "").context("marking the store")?;
        self.sync()?;
        // The number of syncs is cleared too.
        self.files.note_syncs(0).context("resetting the number of syncs")?;
        const CONTEXT: &str = "clearing the store";
        self.partitions.clear().context(CONTEXT)?;
        crash_point::reached(Point::StoreClearing);
        self.orders.clear().context(CONTEXT)?;
        self.schemas.clear()?;
        self.keys.clear().context(CONTEXT)?;
        self.meta.clear().context(CONTEXT)?;
        self.sync()
    }
}
