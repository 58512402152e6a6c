//! Why a store cannot be opened: one sentence each, with the reason in it and what to do. (The reason is not the `source`:
//! it would be printed twice.)

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "the store at {} is in use by another process: stop that process, or give this one its own directory (--store / STORE)",
        dir.display()
    )]
    Locked {
        /// Its directory.
        dir: PathBuf,
    },
    /// The directory cannot be used.
    #[error(
        "the store at {} cannot be opened: {reason:#}. Check that it is a writable directory on a disk with free space, or choose another one (--store / STORE)",
        dir.display()
    )]
    CannotOpen {
        /// Its directory.
        dir: PathBuf,
        /// Why.
        reason: anyhow::Error,
    },
    /// Its files differ from what was written.
    #[error(
        "the store at {} is damaged: {reason:#}. Check the disk, then start once with --rebuild / REBUILD=true, which removes the store and reads the topic again",
        dir.display()
    )]
    Damaged {
        /// Its directory.
        dir: PathBuf,
        /// What shows it.
        reason: anyhow::Error,
    },
    /// It is damaged, and was not created by this service, which therefore must not remove it.
    #[error(
        "the directory {} (--store / STORE) cannot be opened as a store, and was not created as one: {reason}. Nothing in it was changed; choose another directory, or empty this one yourself",
        dir.display()
    )]
    ForeignDirectory {
        /// The directory.
        dir: PathBuf,
        /// What was found.
        reason: String,
    },
}

impl OpenError {
    pub(super) fn locked(dir: &Path) -> Self {
        Self::Locked { dir: dir.to_owned() }
    }

    pub(super) fn cannot_open(dir: &Path, reason: impl Into<anyhow::Error>) -> Self {
        Self::CannotOpen {
            dir: dir.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn damaged(dir: &Path, reason: impl Into<anyhow::Error>) -> Self {
        Self::Damaged {
            dir: dir.to_owned(),
            reason: reason.into(),
        }
    }

    /// What an I/O error means: that the directory cannot be used, or that its content is damaged.
    pub(super) fn of_io(dir: &Path, error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::NotADirectory
            | ErrorKind::OutOfMemory
            | ErrorKind::Interrupted => Self::cannot_open(dir, error),
            // Too many open files: the store itself is intact.
            _ if [Errno::MFILE, Errno::NFILE].contains(&Errno::from_io_error(&error).unwrap_or(Errno::IO)) => {
                Self::cannot_open(dir, error)
            }
            _ => Self::damaged(dir, error),
        }
    }

    /// The same for an error of the database.
    pub(super) fn of(dir: &Path, error: fjall::Error) -> Self {
        match error {
            fjall::Error::Locked => Self::locked(dir),
            fjall::Error::Io(io) | fjall::Error::Storage(lsm_tree::Error::Io(io)) => Self::of_io(dir, io),
            other => Self::damaged(dir, other),
        }
    }
}
