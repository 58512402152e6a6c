//! The lists of the tables' files. lsm-tree keeps, for each table, a file `current` (the number of the newest list, 8 bytes,
//! and the list's xxh3 checksum, 16 bytes, little endian) and the lists `v<number>`; it does not verify the checksum.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, ensure};
use xxhash_rust::xxh3::xxh3_128;

use super::{Files, KEYSPACES};

impl Files {
    /// Compares each table's list of files with its checksum. Only while the database is closed. `syncs`: how often the store
    /// was synced.
    ///
    /// # Errors
    /// A list does not match its checksum, or is missing.
    pub fn check_table_lists(&self, syncs: u64) -> anyhow::Result<()> {
        let Ok(tables) = fs::read_dir(self.dir.join(KEYSPACES)) else {
            // There is no database yet, or opening it will report the problem.
            return Ok(());
        };
        for table in tables {
            check_list(&table?.path(), syncs)?;
        }
        Ok(())
    }
}

fn check_list(table: &Path, syncs: u64) -> anyhow::Result<()> {
    const TRUNCATED: &str = "a table's list is truncated";
    let current = table.join("current");
    let head = match fs::read(&current) {
        Ok(head) => head,
        // A table whose creation was interrupted. The database would take any table without a list for one, and remove
        // it; but all tables were created before the first sync.
        Err(error) if error.kind() == io::ErrorKind::NotFound && syncs == 0 => return Ok(()),
        Err(error) => return Err(error).with_context(|| current.display().to_string()),
    };
    let (id, rest) = head.split_first_chunk::<8>().context(TRUNCATED)?;
    let (checksum, _) = rest.split_first_chunk::<16>().context(TRUNCATED)?;
    let list = table.join(format!("v{}", u64::from_le_bytes(*id)));
    let bytes = fs::read(&list).with_context(|| list.display().to_string())?;
    ensure!(
        xxh3_128(&bytes) == u128::from_le_bytes(*checksum),
        "checksum mismatch in {}",
        list.display()
    );
    Ok(())
}
