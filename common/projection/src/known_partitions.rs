//! The partitions, also before the topic has been found: the store knows how far each one had been read, and whoever watches
//! the service must see that none of them is read now.

use crate::progress::PartitionProgress;
use crate::store::StoreError;
use crate::store_figures::stored;
use crate::view::View;

impl View {
    /// How far each partition has been read. Until the topic has been found: as the store has it, and only of the partitions
    /// of which anything was read.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn known_partitions(&self) -> Result<Vec<(i32, PartitionProgress)>, StoreError> {
        match self.found_partitions() {
            Some(found) => Ok(found),
            None => stored(self.store()).await,
        }
    }

    /// The same of a topic that has been found.
    pub(crate) fn found_partitions(&self) -> Option<Vec<(i32, PartitionProgress)>> {
        let found = self.watch().borrow().partitions.clone();
        (!found.is_empty()).then(|| (0..).zip(found).collect())
    }
}
