//! Room on the store's disk. A database that meets a full disk in the middle of a write takes nothing more until it is
//! opened anew, so nothing is written to it before that: whoever wants to write waits until there is room.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::embedded::MIB;

/// What must be free on the disk before anything is committed.
// why: what was committed before is still to be brought from memory to its place (8 MiB for each table, of which a few
// grow), and what lies there is merged, one merge at a time, each of some 50 MiB at the most (see `embedded::options`)
const RESERVE: u64 = 64 * MIB;

/// The disk is too full to write to the store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk of the store at {} is full: {free_mib} MiB are free, less than the {} that must stay so. Make room there; it goes on by itself then",
    dir.display(), RESERVE / MIB
)]
pub struct NoRoom {
    /// Where the store lies.
    pub(super) dir: PathBuf,
    free_mib: u64,
}

/// Looks whether there is room, which takes microseconds.
///
/// # Errors
/// [`NoRoom`], or the disk does not tell.
pub(super) fn check(dir: &Path) -> anyhow::Result<()> {
    let disk = rustix::fs::statvfs(dir).with_context(|| format!("asking for the room at {}", dir.display()))?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < RESERVE {
        return Err(NoRoom {
            dir: dir.to_owned(),
            free_mib: free / MIB,
        }
        .into());
    }
    Ok(())
}
