//! The partitions, also before the topic has been found: the store knows how far each one had been read, and whoever watches
//! the service must see that none of them is read now.

use crate::progress::PartitionProgress;
use crate::store::{PartitionRow, StoreError};
use crate::view::View;

impl View {
    /// How far each partition has been read. Until the topic has been found: as the store has it, and only of the partitions
    /// of which anything was read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known_partitions(&self) -> Result<Vec<(i32, PartitionProgress)>, StoreError> {
        let found = self.watch().borrow().partitions.clone();
        if !found.is_empty() {
            return Ok((0..).zip(found).collect());
        }
        let rows = self.store().partitions().await?;
        Ok(rows.into_iter().map(|(n, row)| (n, stored(&row))).collect())
    }
}

/// The progress of a partition that has not been looked at since the start.
fn stored(row: &PartitionRow) -> PartitionProgress {
    PartitionProgress {
        next: row.next,
        read_to: row.next,
        counters: row.counters,
        ..PartitionProgress::default()
    }
}
