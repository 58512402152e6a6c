//! The one atomic write.

use anyhow::{Context, ensure};
use fjall::{OwnedWriteBatch, PersistMode};

use super::Embedded;
use super::disk_space::Disk;
use super::key_limit::{self, MAX_KEY_BYTES};
use super::keyspaces::Keyspaces;
use super::order_row::encode_order;
use crate::store::{BatchChanges, RowChange, StoreError};

/// Longest value of a row, in bytes: far more than any row needs, and less than the database takes.
const MAX_VALUE_BYTES: usize = 64 * 1024 * 1024;

impl Embedded {
    /// Applies all changes atomically. Keys may be changed by one thread only; everything else by any.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], and nothing has changed; or a row is not one that the database takes, and nothing has changed; or
    /// the disk fails, and after the next opening either all changes are there or none.
    pub fn commit(&self, changes: &BatchChanges) -> Result<(), StoreError> {
        let BatchChanges {
            orders,
            partitions,
            keys,
            rows,
        } = changes;
        let mut batch = self.db.batch();
        for (order_id, order) in orders {
            match order {
                Some(order) => batch.insert(&self.orders, order_id.as_bytes(), encode_order(order)),
                None => batch.remove(&self.orders, order_id.as_bytes()),
            }
        }
        for (partition, row) in partitions {
            let row = serde_json::to_vec(row).context("encoding a partition's row")?;
            batch.insert(&self.partitions, partition.to_be_bytes(), row);
        }
        add_rows(&self.keyspaces, rows, &mut batch)?;
        let keys = keys.as_ref().map(|changes| self.keys.plan(changes)).transpose()?;
        if let Some(plan) = &keys {
            self.keys.write(plan, &mut batch);
        }
        write(batch, &self.disk)?;
        if let Some(plan) = &keys {
            self.keys.applied(plan);
        }
        Ok(())
    }
}

/// Adds the changes of rows to a batch.
///
/// # Errors
/// A key or a value has a length that the database does not allow: it would panic. Or the table is not one of this store.
pub(super) fn add_rows(keyspaces: &Keyspaces, rows: &[RowChange], batch: &mut OwnedWriteBatch) -> anyhow::Result<()> {
    let open = keyspaces.open();
    for row in rows {
        let RowChange { table, key, value } = row;
        let name = table.0;
        // Of the text in a key, its owner bounds the length: this finds where that was forgotten.
        ensure!(
            key_limit::is_possible(key),
            "a key of table {name} has {} bytes; it must have 1 to {MAX_KEY_BYTES}",
            key.len()
        );
        // Already open: a row's change comes from its table.
        let keyspace = open
            .get(name)
            .with_context(|| format!("table {name} is not open in this store"))?;
        match value {
            Some(value) => {
                let size = value.len();
                ensure!(
                    size <= MAX_VALUE_BYTES,
                    "a value of table {name} has {size} bytes; it must have at most {MAX_VALUE_BYTES}"
                );
                batch.insert(keyspace, key.as_slice(), value.as_slice());
            }
            None => batch.remove(keyspace, key.as_slice()),
        }
    }
    Ok(())
}

/// Writes a batch if there is space.
pub(super) fn write(batch: OwnedWriteBatch, disk: &Disk) -> Result<(), StoreError> {
    if batch.is_empty() {
        return Ok(());
    }
    disk.check_space()?;
    // Buffer: handed to the operating system, which keeps it when the process is killed.
    let committed = batch.durability(Some(PersistMode::Buffer)).commit();
    committed.context("committing to the store")?;
    Ok(())
}
