//! Idempotency keys: which events each of the last requests that had one has led to. There is a row for every such record;
//! kept are those of the youngest, by the records' own times. So what is kept follows from the log alone, in whichever order
//! its partitions are read. How it changes is in [`key_changes`](super::key_changes).

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use fjall::{Guard, Keyspace, Readable};
use orderlog_contract::idempotency::IdempotencyKey;
use orderlog_contract::order::OrderState;

use super::Store;
use super::error::UNREADABLE;
use super::key_changes::KeyChanges;
use super::key_row::{Aged, KeyRow, decode_key, encode_key, order_name};

/// Key of the number of rows.
const COUNT: &str = "key-count";

/// The table of keys, and the order in which they came.
#[derive(Clone)]
pub(super) struct Keys {
    /// Name of the record → row.
    rows: Keyspace,
    /// What the row sorts by among all → name of the row.
    pub ages: Keyspace,
    meta: Keyspace,
    extent: Arc<Mutex<Extent>>,
}

/// What is known of the table without reading it.
#[derive(Clone, Debug, Default)]
pub(super) struct Extent {
    /// How many rows there are.
    pub count: u64,
    /// There is no lower age. Whoever looks for the oldest need not pass all that were removed before it.
    pub lowest: Vec<u8>,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// It was used for that order.
    Here(KeyRow),
    /// It was used, but only for others.
    Elsewhere,
}

impl Keys {
    /// `meta` keeps the number of rows.
    pub fn new(rows: Keyspace, ages: Keyspace, meta: Keyspace) -> anyhow::Result<Self> {
        let count = match meta.get(COUNT)? {
            Some(count) => u64::from_be_bytes(count.as_ref().try_into().context("the number of keys")?),
            // A release of before has written it.
            None => rows.len()? as u64,
        };
        let extent = Extent {
            count,
            ..Extent::default()
        };
        let extent = Arc::new(Mutex::new(extent));
        Ok(Self {
            rows,
            ages,
            meta,
            extent,
        })
    }

    /// Their number is kept in `meta`, and goes with it.
    pub fn clear(&self) -> anyhow::Result<()> {
        self.rows.clear()?;
        self.ages.clear()?;
        self.set_extent(Extent::default());
        Ok(())
    }

    pub fn extent(&self) -> Extent {
        self.extent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_extent(&self, extent: Extent) {
        *self.extent.lock().unwrap_or_else(PoisonError::into_inner) = extent;
    }

    pub fn row(&self, name: &[u8]) -> anyhow::Result<Option<Aged>> {
        let value = self.rows.get(name).context(UNREADABLE)?;
        value.map(|value| decode_key(&value)).transpose()
    }

    /// Puts what changes into a batch.
    pub fn write(&self, changes: &KeyChanges, batch: &mut fjall::OwnedWriteBatch) {
        let mut changed = false;
        for (name, stored, now) in changes.rows() {
            changed = true;
            if let Some(stored) = stored {
                batch.remove(&self.ages, stored.age_key());
            }
            match now {
                Some(aged) => {
                    batch.insert(&self.rows, name, encode_key(aged));
                    batch.insert(&self.ages, aged.age_key(), name);
                }
                None => batch.remove(&self.rows, name),
            }
        }
        for age in changes.stale() {
            batch.remove(&self.ages, age.as_slice());
        }
        if changed {
            let count = changes.count(self.extent().count);
            batch.insert(&self.meta, COUNT, count.to_be_bytes());
        }
    }

    /// Takes over what a transaction has changed, once it is committed.
    pub fn take_over(&self, changes: &KeyChanges) {
        // Most transactions change no key, and come from other threads than the one that does.
        if changes.is_empty() {
            return;
        }
        let mut extent = self.extent.lock().unwrap_or_else(PoisonError::into_inner);
        extent.count = changes.count(extent.count);
        extent.lowest = changes.lowest(std::mem::take(&mut extent.lowest));
    }
}

impl Store {
    /// The order of that id, and what is known of a key as far as that order is concerned, both as of one moment; `None`
    /// for a key that was not used, or is forgotten. Of several records for one key and order the first is its answer.
    ///
    /// # Errors
    /// When the disk fails, or a value has a format that this release does not read.
    pub fn order_and_key_use(
        &self,
        order_id: &str,
        key: &IdempotencyKey,
    ) -> anyhow::Result<(Option<OrderState>, Option<KeyUse>)> {
        // Single reads would see the tables one after the other, and a commit between them.
        let moment = self.db.snapshot();
        let order = self.decoded(moment.get(&self.orders, order_id).context(UNREADABLE)?)?;
        let rows = &self.keys.rows;
        let from = order_name(key, order_id);
        let to = [from.as_slice(), &[1]].concat();
        let first = moment.range(rows, from..to).next().map(Guard::value).transpose();
        let key_use = match first.context(UNREADABLE)? {
            Some(value) => Some(KeyUse::Here(decode_key(&value)?.row)),
            None => {
                let elsewhere = moment.prefix(rows, order_name(key, "")).next();
                let elsewhere = elsewhere.map(Guard::key).transpose().context(UNREADABLE)?;
                elsewhere.map(|_| KeyUse::Elsewhere)
            }
        };
        Ok((order, key_use))
    }

    /// How many keys are remembered.
    pub fn key_count(&self) -> u64 {
        self.keys.extent().count
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
