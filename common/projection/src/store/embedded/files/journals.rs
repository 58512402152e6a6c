//! The database's journals, `<number>.jnl`: all but the newest are closed. Opening truncates a journal where it is corrupt,
//! which only the newest may be.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::Files;

/// Closed journals, and where their data ends.
pub struct ClosedJournals(Vec<(PathBuf, u64)>);

impl Files {
    /// The closed journals. Only while the database is closed.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn closed_journals(&self) -> anyhow::Result<ClosedJournals> {
        let mut journals = self.journals()?;
        journals.sort_unstable();
        journals.pop();
        let closed = journals.into_iter().map(|(_, path)| {
            let end = end_of_data(&path).with_context(|| path.display().to_string())?;
            Ok((path, end))
        });
        Ok(ClosedJournals(closed.collect::<anyhow::Result<_>>()?))
    }

    pub(super) fn journals(&self) -> anyhow::Result<Vec<(u64, PathBuf)>> {
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
}

impl ClosedJournals {
    /// Checks that the database has not truncated any of them. It may have removed one, whose content is then in
    /// tables.
    ///
    /// # Errors
    /// One of them was truncated.
    pub fn check_kept(&self) -> anyhow::Result<()> {
        for (path, end) in &self.0 {
            match fs::metadata(path) {
                Ok(now) if now.len() < *end => bail!("{} is corrupt at byte {}", path.display(), now.len()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| path.display().to_string()),
            }
        }
        Ok(())
    }
}

/// Where a journal's data ends: it is preallocated, with zeros after the data. No entry ends with a zero.
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
