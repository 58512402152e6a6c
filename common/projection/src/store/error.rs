//! Why a store cannot be opened, read or written: one sentence each, which says what to do.

use std::io::ErrorKind;
use std::path::Path;

use rustix::io::Errno;

use super::room::NoRoom;

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
        "the store at {dir} cannot be opened: {reason}. Check that it is a directory that can be written, on a disk that has room, or name another (--store / STORE)"
    )]
    Unusable {
        /// Where it lies.
        dir: String,
        /// What the system said.
        reason: String,
    },
    /// Its files are not what was written.
    #[error(
        "the store at {dir} is damaged: {reason}. Start once with --rebuild / REBUILD=true, which removes it and reads the topic anew; check the disk before"
    )]
    Damaged {
        /// Where it lies.
        dir: String,
        /// How that is known.
        reason: String,
    },
    /// It is damaged, and what lies there was not made by this service, so it is not for it to remove.
    #[error(
        "the directory {dir} (--store / STORE) cannot be opened as a store, and was not made as one: {reason}. Nothing in it was touched; name another directory, or empty this one yourself"
    )]
    NotOurs {
        /// The directory.
        dir: String,
        /// What was found.
        reason: String,
    },
}

impl StoreError {
    pub(super) fn unusable(dir: &Path, reason: impl ToString) -> Self {
        Self::Unusable {
            dir: dir.display().to_string(),
            reason: reason.to_string(),
        }
    }

    pub(super) fn damaged(dir: &Path, reason: impl ToString) -> Self {
        Self::Damaged {
            dir: dir.display().to_string(),
            reason: reason.to_string(),
        }
    }

    /// What an error of the system says of the store: of the directory, or of what lies in it.
    pub(super) fn of_io(dir: &Path, error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::NotADirectory
            | ErrorKind::OutOfMemory
            | ErrorKind::Interrupted => Self::unusable(dir, error),
            // Too many open files: nothing is wrong with the store itself.
            _ if [Errno::MFILE, Errno::NFILE].contains(&Errno::from_io_error(error).unwrap_or(Errno::IO)) => {
                Self::unusable(dir, error)
            }
            _ => Self::damaged(dir, error),
        }
    }

    /// The same of an error of the database.
    pub(super) fn of(dir: &Path, error: &fjall::Error) -> Self {
        match error {
            fjall::Error::Locked => Self::Locked {
                dir: dir.display().to_string(),
            },
            fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) => Self::of_io(dir, io),
            other => Self::damaged(dir, other),
        }
    }
}

impl From<NoRoom> for StoreError {
    fn from(error: NoRoom) -> Self {
        Self::unusable(&error.dir, &error)
    }
}

/// What is said when an open store cannot be read.
pub(super) const UNREADABLE: &str = "the store cannot be read: check its disk, and start once with --rebuild";
