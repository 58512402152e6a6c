//! Idempotency keys: which events resulted from each of the latest requests with a key. There is a row for every such
//! record; the newest are kept, by the records' own timestamps. So the log alone determines what is kept, whatever the
//! order in which its partitions are read. What a batch changes is worked out in `plan`.

mod plan;
mod row;
#[cfg(test)]
mod tests;

use std::ops::Bound;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use fjall::{Guard, Keyspace, OwnedWriteBatch, Readable, Snapshot};
use orderlog_contract::idempotency::IdempotencyKey;

use super::{UNREADABLE, key_limit};
use crate::store::{KeyChanges, KeyUse};
use plan::Plan;
use row::{AgedRow, decode_row, encode_row, order_name};

/// Key of the number of rows.
const COUNT_KEY: &str = "key-count";

/// The table of keys, and its index by age.
pub(super) struct Keys {
    /// Name of the record → row.
    rows: Keyspace,
    /// What the row sorts by among all → name of the record.
    ages: Keyspace,
    meta: Keyspace,
    extent: Mutex<Extent>,
}

/// What is known about the table without reading it.
#[derive(Clone, Debug, Default)]
struct Extent {
    /// How many rows there are.
    count: u64,
    /// A lower bound of all ages. It spares the search for the oldest from scanning everything that was removed before it.
    lowest: Vec<u8>,
}

impl Keys {
    /// `meta` keeps the number of rows.
    pub fn new(rows: Keyspace, ages: Keyspace, meta: Keyspace) -> anyhow::Result<Self> {
        let count = match meta.get(COUNT_KEY)? {
            Some(count) => u64::from_be_bytes(count.as_ref().try_into().context("decoding the number of keys")?),
            // Written by an earlier release.
            None => rows.len()? as u64,
        };
        let extent = Extent {
            count,
            ..Extent::default()
        };
        Ok(Self {
            rows,
            ages,
            meta,
            extent: Mutex::new(extent),
        })
    }

    /// Removes all. Their number is in `meta`, and is cleared with it.
    pub fn clear(&self) -> anyhow::Result<()> {
        self.rows.clear()?;
        self.ages.clear()?;
        *self.extent.lock().unwrap_or_else(PoisonError::into_inner) = Extent::default();
        Ok(())
    }

    pub fn count(&self) -> u64 {
        self.extent().count
    }

    fn extent(&self) -> Extent {
        self.extent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn row(&self, name: &[u8]) -> anyhow::Result<Option<AgedRow>> {
        let value = self.rows.get(name).context(UNREADABLE)?;
        value.map(|value| decode_row(&value)).transpose()
    }

    /// What is known about a key, from the point of view of an order.
    ///
    /// # Errors
    /// The disk fails, or a row has a format that this release does not read.
    pub fn use_of(&self, snapshot: &Snapshot, key: &IdempotencyKey, order_id: &str) -> anyhow::Result<Option<KeyUse>> {
        let from = order_name(key, order_id);
        let to = [from.as_slice(), &[1]].concat();
        let (from, to) = (
            key_limit::lower(Bound::Included(&from)),
            key_limit::upper(Bound::Excluded(&to)),
        );
        let first = snapshot
            .range::<&[u8], _>(&self.rows, (from, to))
            .next()
            .map(Guard::value)
            .transpose();
        if let Some(value) = first.context(UNREADABLE)? {
            return Ok(Some(KeyUse::ThisOrder(decode_row(&value)?.row)));
        }
        let other = snapshot.prefix(&self.rows, order_name(key, "")).next();
        let other = other.map(Guard::key).transpose().context(UNREADABLE)?;
        Ok(other.map(|_| KeyUse::OtherOrder))
    }

    /// Works out which rows change.
    ///
    /// # Errors
    /// The disk fails, or a row has a format that this release does not read.
    pub fn plan(&self, changes: &KeyChanges) -> anyhow::Result<Plan<'_>> {
        Plan::new(self, changes)
    }

    /// Adds a plan to a batch.
    pub fn write(&self, plan: &Plan<'_>, batch: &mut OwnedWriteBatch) {
        let mut changed = false;
        for (name, stored, now) in plan.rows() {
            changed = true;
            if let Some(stored) = stored {
                batch.remove(&self.ages, stored.age_key());
            }
            match now {
                Some(aged) => {
                    batch.insert(&self.rows, name, encode_row(aged));
                    batch.insert(&self.ages, aged.age_key(), name);
                }
                None => batch.remove(&self.rows, name),
            }
        }
        for age in plan.stale() {
            batch.remove(&self.ages, age.as_slice());
        }
        if changed {
            let count = plan.count(self.count());
            batch.insert(&self.meta, COUNT_KEY, count.to_be_bytes());
        }
    }

    /// Notes that a plan was committed.
    pub fn applied(&self, plan: &Plan<'_>) {
        let mut extent = self.extent.lock().unwrap_or_else(PoisonError::into_inner);
        extent.count = plan.count(extent.count);
        extent.lowest = plan.lowest(std::mem::take(&mut extent.lowest));
    }
}
