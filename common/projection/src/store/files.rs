//! The files of a store, as far as they must be known from outside the database: which are ours, and whether what the
//! database made of them is all that was written.
//!
//! The database's own checks leave three gaps. It does not compare the list of a table's files with the checksum that it
//! keeps of it; where a journal makes no sense it cuts it off there and goes on, as if a crash had done it; and what is
//! cut off so may be newer than what other tables have already. So the lists are compared here; a journal that was closed
//! must keep its length; and a number that was brought to the disk with everything before it must still be known.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use xxhash_rust::xxh3::xxh3_128;

use super::error::StoreError;

/// Our own file beside the database's: says that the directory is a store, and how often it was brought to the disk.
const MARK: &str = "orderlog-store";
/// What the mark begins with; 20 digits and a newline follow.
const MARK_TEXT: &str = "orderlog store, synced ";
/// The database's lock, and its mark.
const LOCK: &str = "lock";
const VERSION: &str = "version";
const VERSION_MAGIC: &[u8] = b"FJL";
const KEYSPACES: &str = "keyspaces";
/// More than any store knows: it has lost something for certain.
pub(super) const LOST: u64 = u64::MAX;

/// The files of the store in one directory.
#[derive(Clone)]
pub(super) struct Files {
    dir: PathBuf,
}

/// Journals that were closed, and where their data ends.
pub(super) struct Closed(Vec<(PathBuf, u64)>);

impl Files {
    pub fn of(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Takes the database's lock, which is given back when the file is dropped; `None` where there is no database yet.
    ///
    /// # Errors
    /// [`StoreError::Locked`], or the directory cannot be used.
    pub fn lock(&self) -> Result<Option<File>, StoreError> {
        let file = match OpenOptions::new().read(true).write(true).open(self.dir.join(LOCK)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::of_io(&self.dir, &error)),
        };
        // A store of this process that was just dropped may need a moment to end.
        for _ in 0..5 {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(100)),
                Err(fs::TryLockError::Error(error)) => return Err(StoreError::of_io(&self.dir, &error)),
            }
        }
        Err(StoreError::Locked {
            dir: self.dir.display().to_string(),
        })
    }

    /// Whether a database was made there.
    pub fn has_database(&self) -> bool {
        self.dir.join(VERSION).exists()
    }

    /// Prepares the directory for a new database: what is left of one whose making was cut off is removed.
    ///
    /// # Errors
    /// When the disk does not let it.
    pub fn begin(&self) -> anyhow::Result<()> {
        if self.dir.join(MARK).exists() {
            self.remove()?;
        }
        self.note_synced(0).context(MARK)
    }

    /// How often the store was brought to the disk; 0 when that was never noted.
    ///
    /// # Errors
    /// When the note cannot be read.
    pub fn synced(&self) -> anyhow::Result<u64> {
        let text = match fs::read(self.dir.join(MARK)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error).context(MARK),
        };
        // A crash of the machine can leave a file that has just been made empty.
        if text.is_empty() {
            return Ok(0);
        }
        let text = String::from_utf8(text).ok();
        let number = text.as_deref().and_then(|text| text.strip_prefix(MARK_TEXT));
        let number = number.and_then(|number| number.trim_end().parse().ok());
        number.with_context(|| format!("the file {MARK} makes no sense"))
    }

    /// Notes how often the store was brought to the disk: in place, so that it takes no room.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn note_synced(&self, synced: u64) -> io::Result<()> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.dir.join(MARK))?;
        file.write_all_at(format!("{MARK_TEXT}{synced:020}\n").as_bytes(), 0)
    }

    /// Compares each table's list of files with its checksum. Only while the database is not open.
    ///
    /// # Errors
    /// One is not what was written, or not there.
    pub fn check_lists(&self, synced: u64) -> anyhow::Result<()> {
        let Ok(tables) = fs::read_dir(self.dir.join(KEYSPACES)) else {
            // There is no database yet, or its opening will say what is wrong.
            return Ok(());
        };
        for table in tables {
            let table = table?.path();
            let current = table.join("current");
            let head = match fs::read(&current) {
                Ok(head) => head,
                // A table whose making was cut off. The database takes any table for one that has no list, and removes it;
                // but they were all made before anything was brought to the disk.
                Err(error) if error.kind() == io::ErrorKind::NotFound && synced == 0 => continue,
                Err(error) => return Err(error).with_context(|| current.display().to_string()),
            };
            let (id, rest) = head.split_first_chunk::<8>().context("a table's list is cut off")?;
            let (checksum, _) = rest.split_first_chunk::<16>().context("a table's list is cut off")?;
            let list = table.join(format!("v{}", u64::from_le_bytes(*id)));
            let bytes = fs::read(&list).with_context(|| list.display().to_string())?;
            ensure!(
                xxh3_128(&bytes) == u128::from_le_bytes(*checksum),
                "{} is not what was written",
                list.display()
            );
        }
        Ok(())
    }

    /// The journals that were closed: all but the newest. Only while the database is not open.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn closed_journals(&self) -> anyhow::Result<Closed> {
        let mut journals = self.journals()?;
        journals.sort_unstable();
        journals.pop();
        let closed = journals.into_iter().map(|(_, path)| {
            let end = end_of_data(&path).with_context(|| path.display().to_string())?;
            Ok((path, end))
        });
        Ok(Closed(closed.collect::<anyhow::Result<_>>()?))
    }

    fn journals(&self) -> anyhow::Result<Vec<(u64, PathBuf)>> {
        let mut journals = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(number) = name.and_then(|name| name.strip_suffix(".jnl")?.parse().ok()) {
                journals.push((number, path));
            }
        }
        Ok(journals)
    }

    /// Removes the store's own files, and nothing else that may lie there.
    ///
    /// # Errors
    /// [`StoreError::Locked`], [`StoreError::NotOurs`], or the disk does not let it.
    pub fn discard(&self, reason: &str) -> Result<(), StoreError> {
        let version = fs::read(self.dir.join(VERSION)).unwrap_or_default();
        if !self.dir.join(MARK).is_file() && !version.starts_with(VERSION_MAGIC) {
            return Err(StoreError::NotOurs {
                dir: self.dir.display().to_string(),
                reason: reason.to_owned(),
            });
        }
        // The lock itself stays: another process may be waiting for it.
        let _locked = self.lock()?;
        self.remove()
            .map_err(|error| StoreError::unusable(&self.dir, format!("{error:#}")))
    }

    fn remove(&self) -> anyhow::Result<()> {
        for (_, journal) in self.journals()? {
            fs::remove_file(&journal).with_context(|| journal.display().to_string())?;
        }
        gone(fs::remove_dir_all(self.dir.join(KEYSPACES))).context(KEYSPACES)?;
        gone(fs::remove_file(self.dir.join(VERSION))).context(VERSION)?;
        // The last, as it says whose files these are.
        gone(fs::remove_file(self.dir.join(MARK))).context(MARK)
    }
}

impl Closed {
    /// Checks that the database has not cut any of them off. It may have removed one: what was in it lies in tables then.
    ///
    /// # Errors
    /// It has.
    pub fn check_kept(&self) -> anyhow::Result<()> {
        for (path, end) in &self.0 {
            match fs::metadata(path) {
                Ok(now) if now.len() < *end => bail!("{} makes no sense at byte {}", path.display(), now.len()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| path.display().to_string()),
            }
        }
        Ok(())
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// Where a journal's data ends: behind it there are zeros, for it is made larger than it is. No entry ends with a zero.
fn end_of_data(path: &Path) -> io::Result<u64> {
    const STEP: usize = 64 * 1024;
    let mut file = File::open(path)?;
    let mut end = file.metadata()?.len();
    let mut bytes = vec![0; STEP];
    while end > 0 {
        let step = usize::try_from(end).unwrap_or(STEP).min(STEP);
        let begin = end - step as u64;
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(&mut bytes[..step])?;
        if let Some(last) = bytes[..step].iter().rposition(|byte| *byte != 0) {
            return Ok(begin + last as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}
