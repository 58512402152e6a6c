//! The one atomic write.

use anyhow::Context;
use fjall::{Database, OwnedWriteBatch, PersistMode};

use super::disk_space::Disk;
use super::order_row::encode_order;
use super::{Embedded, keyspace_options};
use crate::store::{BatchChanges, RowChange, StoreError};

impl Embedded {
    /// Applies all changes atomically. Keys may be changed by one thread only; everything else by any.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], and nothing has changed; or the disk fails, and after the next opening either all changes
    /// are there or none.
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
        add_rows(&self.db, rows, &mut batch)?;
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
pub(super) fn add_rows(db: &Database, rows: &[RowChange], batch: &mut OwnedWriteBatch) -> anyhow::Result<()> {
    for row in rows {
        // Already open: a row's change comes from its table.
        let table = db
            .keyspace(row.table.0, keyspace_options)
            .context("committing to the store")?;
        match &row.value {
            Some(value) => batch.insert(&table, row.key.as_slice(), value.as_slice()),
            None => batch.remove(&table, row.key.as_slice()),
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
