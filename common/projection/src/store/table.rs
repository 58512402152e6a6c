//! A further table of the store, which belongs to one service.

use std::ops::Bound;

use anyhow::Context;
use fjall::Keyspace;

use super::error::UNREADABLE;

/// A further table, which belongs to one service.
#[derive(Clone)]
pub struct Table(pub(super) Keyspace);

impl Table {
    /// The value of that key.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn get(&self, key: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.0.get(key).context(UNREADABLE)?.map(|value| value.to_vec()))
    }

    /// Entries below a key (below none: all), the highest first.
    pub fn below(&self, key: Option<&[u8]>) -> impl Iterator<Item = anyhow::Result<(Vec<u8>, Vec<u8>)>> + use<> {
        let to = key.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec()));
        self.0.range::<Vec<u8>, _>((Bound::Unbounded, to)).rev().map(|entry| {
            let (key, value) = entry.into_inner().context(UNREADABLE)?;
            Ok((key.to_vec(), value.to_vec()))
        })
    }

    /// Removes everything.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn clear(&self) -> anyhow::Result<()> {
        Ok(self.0.clear()?)
    }
}
