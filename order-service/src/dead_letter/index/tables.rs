//! The tables of the index, and what is in their rows.

use std::collections::BTreeMap;
use std::ops::Bound;

use anyhow::Context;
use orderlog_projection::store::{Store, StoreError, Table, TableName};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The tables.
#[derive(Clone)]
pub(super) struct Tables {
    /// Id → dead letter.
    pub letters: Table,
    /// Position of a dead-lettered record → fingerprint of its value, and the dead letter's id.
    pub positions: Table,
    /// Id of another copy of a dead letter → the dead letter's id.
    pub copies: Table,
    /// The [lists](crate::dead_letter::lists).
    pub lists: Table,
    /// Hour since 1970-01-01 UTC → dead letters that were written then and are open or parked.
    pub hours: Table,
    /// Job → how many dead letters marks say that it has replayed.
    pub jobs: Table,
    /// The one [`Summary`](crate::dead_letter::Summary).
    pub summary: Table,
}

impl Tables {
    /// Those of a store.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let table = |name| store.table(TableName(name));
        Ok(Self {
            letters: table("dlq_letters")?,
            positions: table("dlq_places")?,
            copies: table("dlq_copies")?,
            lists: table("dlq_lists")?,
            hours: table("dlq_hours")?,
            jobs: table("dlq_jobs")?,
            summary: table("dlq_summary")?,
        })
    }

    /// Clears all but the summary.
    ///
    /// # Errors
    /// The disk fails.
    pub fn clear(&self) -> Result<(), StoreError> {
        let Self {
            letters,
            positions,
            copies,
            lists,
            hours,
            jobs,
            summary: _,
        } = self;
        for table in [letters, positions, copies, lists, hours, jobs] {
            table.clear()?;
        }
        Ok(())
    }

    /// The counts of the hours from the first to the last, both included.
    ///
    /// # Errors
    /// The disk fails.
    pub fn counted_within(&self, first: i64, last: i64) -> Result<BTreeMap<i64, u64>, StoreError> {
        let mut hours = BTreeMap::new();
        if first > last {
            return Ok(hours);
        }
        let (from, to) = (hour_key(first), hour_key(last));
        for row in self.hours.range(Bound::Included(&from), Bound::Included(&to)) {
            let (key, count) = row?;
            if let (Some(hour), Some(count)) = (hour_of(&key), number_of(&count)) {
                hours.insert(hour, count);
            }
        }
        Ok(hours)
    }
}

pub(super) fn encode(row: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    serde_json::to_vec(row).context("encoding a row of the dead letter index")
}

pub(super) fn decode<T: DeserializeOwned>(row: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(row).context("decoding a row of the dead letter index")
}

pub(super) fn read<T: DeserializeOwned>(table: &Table, key: &[u8]) -> Result<Option<T>, StoreError> {
    Ok(table.get(key)?.map(|row| decode(&row)).transpose()?)
}

pub(super) fn number_of(row: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(row.try_into().ok()?))
}

/// Keys that sort as the hours do.
pub(super) fn hour_key(hour: i64) -> [u8; 8] {
    (hour.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn hour_of(key: &[u8]) -> Option<i64> {
    Some((number_of(key)? ^ (1 << 63)).cast_signed())
}
