//! The files of a store, seen from outside the database: which are ours, and whether the database has recovered all that
//! was written.
//!
//! The database's own checks leave three gaps. It does not verify the checksum of a table's list of files; it truncates
//! a corrupt journal and continues, as it would after a crash; and a truncated journal may be behind what other tables
//! already contain. So the lists are compared here (`table_lists`); a closed journal must keep its length (`journals`);
//! and a number that was synced with everything before it must still be known (the mark).
//!
//! All of this depends on the database's file formats, which its versions may change without notice. Hence the exact
//! versions (`=`) of fjall and lsm-tree in Cargo.toml: raise them only together with a look at these files, and with the
//! tests of damaged stores.

mod journals;
mod table_lists;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::OpenError;

/// Our own file next to the database's: says that the directory is a store, and how often it was synced.
const MARK: &str = "orderlog-store";
/// What the mark begins with; 20 digits and a newline follow.
const MARK_TEXT: &str = "orderlog store, synced ";
/// The database's lock, and its mark.
const LOCK: &str = "lock";
const VERSION: &str = "version";
const VERSION_MAGIC: &[u8] = b"FJL";
const KEYSPACES: &str = "keyspaces";
/// A number of syncs that no store reaches: marks a store that has certainly lost data.
pub(super) const LOST: u64 = u64::MAX;

/// The files of the store in one directory.
#[derive(Clone)]
pub(super) struct Files {
    dir: PathBuf,
}

impl Files {
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Takes the database's lock, which is released when the file is dropped; `None` if there is no database yet.
    ///
    /// # Errors
    /// [`OpenError::Locked`], or the directory cannot be used.
    pub fn lock(&self) -> Result<Option<File>, OpenError> {
        let file = match OpenOptions::new().read(true).write(true).open(self.dir.join(LOCK)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OpenError::of_io(&self.dir, error)),
        };
        // A store that this process has just dropped may need a moment to close.
        for _ in 0..5 {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(100)),
                Err(fs::TryLockError::Error(error)) => return Err(OpenError::of_io(&self.dir, error)),
            }
        }
        Err(OpenError::locked(&self.dir))
    }

    /// Whether the directory has a database.
    pub fn has_database(&self) -> bool {
        self.dir.join(VERSION).exists()
    }

    /// Prepares the directory for a new database: the remains of an interrupted creation are removed.
    ///
    /// # Errors
    /// The disk does not permit it.
    pub fn begin(&self) -> anyhow::Result<()> {
        if self.dir.join(MARK).exists() {
            self.remove()?;
        }
        self.note_syncs(0).context(MARK)
    }

    /// The noted number of syncs; 0 if there is none.
    ///
    /// # Errors
    /// The note cannot be read.
    pub fn syncs(&self) -> anyhow::Result<u64> {
        let text = match fs::read(self.dir.join(MARK)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error).context(MARK),
        };
        // A crash of the machine can leave a new file empty.
        if text.is_empty() {
            return Ok(0);
        }
        let text = String::from_utf8(text).ok();
        let number = text.as_deref().and_then(|text| text.strip_prefix(MARK_TEXT));
        let number = number.and_then(|number| number.trim_end().parse().ok());
        number.with_context(|| format!("the file {MARK} is corrupt"))
    }

    /// Notes the number of syncs: in place, so that it needs no space.
    ///
    /// # Errors
    /// The disk fails.
    pub fn note_syncs(&self, syncs: u64) -> io::Result<()> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.dir.join(MARK))?;
        file.write_all_at(format!("{MARK_TEXT}{syncs:020}\n").as_bytes(), 0)
    }

    /// Removes the store's own files, and nothing else that may be there.
    ///
    /// # Errors
    /// [`OpenError::Locked`], [`OpenError::ForeignDirectory`], or the disk does not permit it.
    pub fn discard(&self, reason: &str) -> Result<(), OpenError> {
        let version = fs::read(self.dir.join(VERSION)).unwrap_or_default();
        if !self.dir.join(MARK).is_file() && !version.starts_with(VERSION_MAGIC) {
            return Err(OpenError::ForeignDirectory {
                dir: self.dir.clone(),
                reason: reason.to_owned(),
            });
        }
        // The lock itself stays: another process may be waiting for it.
        let _locked = self.lock()?;
        self.remove().map_err(|error| OpenError::cannot_open(&self.dir, error))
    }

    fn remove(&self) -> anyhow::Result<()> {
        for (_, journal) in self.journals()? {
            fs::remove_file(&journal).with_context(|| journal.display().to_string())?;
        }
        if_present(fs::remove_dir_all(self.dir.join(KEYSPACES))).context(KEYSPACES)?;
        if_present(fs::remove_file(self.dir.join(VERSION))).context(VERSION)?;
        // Last, because it says whose files these are.
        if_present(fs::remove_file(self.dir.join(MARK))).context(MARK)
    }
}

fn if_present(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}
