//! Changes of the store that become durable together.

use anyhow::Context;
use fjall::PersistMode;
use orderlog_contract::order::OrderState;

use super::key_changes::KeyChanges;
use super::rows::{PartitionRow, encode_order};
use super::{Store, Table};

/// Changes that become durable together, or not at all.
pub struct Transaction {
    pub(super) batch: fjall::OwnedWriteBatch,
    pub(super) store: Store,
    pub(super) keys: KeyChanges,
}

impl Transaction {
    /// Sets an order, with the datum of the event that made it what it is, and the id of the datum's schema.
    pub fn put_order(&mut self, state: &OrderState, schema_id: u32, datum: &[u8]) {
        let value = encode_order(state, schema_id, datum);
        self.batch
            .insert(&self.store.orders, state.order.order_id.as_bytes(), value);
    }

    /// Forgets an order.
    pub fn remove_order(&mut self, order_id: &str) {
        self.batch.remove(&self.store.orders, order_id.as_bytes());
    }

    /// Sets how far a partition was read.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn put_partition(&mut self, partition: i32, row: &PartitionRow) -> anyhow::Result<()> {
        self.batch.insert(
            &self.store.partitions,
            partition.to_be_bytes(),
            serde_json::to_vec(row)?,
        );
        Ok(())
    }

    /// Sets a value of a further table.
    pub fn put(&mut self, table: &Table, key: &[u8], value: Vec<u8>) {
        self.batch.insert(&table.0, key, value);
    }

    /// Removes a value of a further table.
    pub fn remove(&mut self, table: &Table, key: &[u8]) {
        self.batch.remove(&table.0, key);
    }

    /// Makes all changes at once, so that they survive a crash of the process.
    ///
    /// # Errors
    /// [`NoRoom`](super::NoRoom), and nothing has changed; or the disk fails, and what was to be changed may be there after
    /// the next opening, all of it or nothing.
    pub fn commit(mut self) -> anyhow::Result<()> {
        self.store.keys.write(&self.keys, &mut self.batch);
        if self.batch.is_empty() {
            return Ok(());
        }
        self.store.check_room()?;
        // Buffer: handed to the operating system, which keeps it when the process is killed.
        self.batch
            .durability(Some(PersistMode::Buffer))
            .commit()
            .context("committing to the store")?;
        self.store.keys.take_over(&self.keys);
        Ok(())
    }
}
