//! Tables that one service adds: keys and values are bytes. What changes in them is committed with everything else.

use std::fmt;
use std::ops::Bound;

use anyhow::Context;
use fjall::Keyspace;

use super::UNREADABLE;
use crate::store::StoreError;

/// A table that one service adds.
#[derive(Clone)]
pub struct Table(Keyspace);

/// The change of a row, to be committed ([`BatchChanges::rows`](crate::store::BatchChanges::rows)).
pub struct RowChange {
    pub(super) table: Keyspace,
    pub(super) key: Vec<u8>,
    /// `None` removes the row.
    pub(super) value: Option<Vec<u8>>,
}

impl Table {
    pub(super) fn new(keyspace: Keyspace) -> Self {
        Self(keyspace)
    }

    /// The value of that key.
    ///
    /// # Errors
    /// The disk fails.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).context(UNREADABLE)?.map(|value| value.to_vec()))
    }

    /// Sets a value.
    pub fn put(&self, key: &[u8], value: Vec<u8>) -> RowChange {
        self.change(key, Some(value))
    }

    /// Removes a row.
    pub fn remove(&self, key: &[u8]) -> RowChange {
        self.change(key, None)
    }

    fn change(&self, key: &[u8], value: Option<Vec<u8>>) -> RowChange {
        RowChange {
            table: self.0.clone(),
            key: key.to_vec(),
            value,
        }
    }

    /// Rows below a key (`None`: all), the highest first.
    pub fn below(&self, key: Option<&[u8]>) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + use<> {
        let to = key.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec()));
        self.0.range::<Vec<u8>, _>((Bound::Unbounded, to)).rev().map(|entry| {
            let (key, value) = entry.into_inner().context(UNREADABLE)?;
            Ok((key.to_vec(), value.to_vec()))
        })
    }

    /// Removes everything at once, without a commit.
    ///
    /// # Errors
    /// The disk fails.
    pub fn clear(&self) -> Result<(), StoreError> {
        self.0.clear().context("clearing a table")?;
        Ok(())
    }
}

impl fmt::Debug for RowChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowChange")
            .field("key", &self.key)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
