//! Tables of rows, one keyspace each.

use std::ops::Bound;

use anyhow::Context;
use fjall::{Database, Guard, Keyspace};

use super::commit::{add_rows, write};
use super::disk_space::Disk;
use super::keyspaces::Keyspaces;
use super::{Embedded, UNREADABLE, key_limit, keyspace_options};
use crate::store::table::{RowIterator, Rows};
use crate::store::{RowChange, StoreError, Table, TableName};

struct KeyspaceRows {
    db: Database,
    keyspace: Keyspace,
    keyspaces: Keyspaces,
    disk: Disk,
}

/// The table with that name; it is created if it is missing.
pub(super) fn table(db: &Database, name: TableName, keyspaces: &Keyspaces, disk: &Disk) -> fjall::Result<Table> {
    let keyspace = db.keyspace(name.0, keyspace_options)?;
    keyspaces.add(name, &keyspace);
    let rows = KeyspaceRows {
        db: db.clone(),
        keyspace,
        keyspaces: keyspaces.clone(),
        disk: disk.clone(),
    };
    Ok(Table::new(name, rows))
}

impl Embedded {
    pub(in crate::store) fn table(&self, name: TableName) -> Result<Table, StoreError> {
        Ok(table(&self.db, name, &self.keyspaces, &self.disk).context("opening a table")?)
    }
}

impl Rows for KeyspaceRows {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if !key_limit::is_possible(key) {
            return Ok(None);
        }
        Ok(self.keyspace.get(key).context(UNREADABLE)?.map(|value| value.to_vec()))
    }

    fn keys(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let key = |entry: Guard| Ok(entry.key().context(UNREADABLE)?.to_vec());
        Ok(self.keyspace.iter().map(key).collect::<anyhow::Result<_>>()?)
    }

    fn range(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> RowIterator {
        let rows = self
            .keyspace
            .range::<&[u8], _>((key_limit::lower(from), key_limit::upper(to)));
        Box::new(rows.map(|entry| {
            let (key, value) = entry.into_inner().context(UNREADABLE)?;
            Ok((key.to_vec(), value.to_vec()))
        }))
    }

    fn clear(&self) -> Result<(), StoreError> {
        self.keyspace.clear().context("clearing a table")?;
        Ok(())
    }

    fn commit(&self, changes: &[RowChange]) -> Result<(), StoreError> {
        let mut batch = self.db.batch();
        add_rows(&self.keyspaces, changes, &mut batch)?;
        write(batch, &self.disk)
    }
}
