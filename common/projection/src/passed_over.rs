//! Offsets that are never handed out: the markers of transactions, and the records of those that were aborted. Where they lie
//! behind a partition's last record, it was read as far as the end all the same, and the store says so: else their deletion
//! would look like that of records that were not read.

use super::rejections::RejectionHandler;
use super::run::Runner;
use crate::store::{BatchChanges, PartitionRow, Store, StoreError};

impl<U: RejectionHandler> Runner<U> {
    /// Moves partitions that were read to their end to where that is.
    pub(super) fn pass_over_markers(&mut self) {
        let moved: Vec<_> = (0..)
            .zip(&mut self.parts)
            .filter(|(_, part)| part.has_new_end())
            .filter_map(|(partition, part)| Some((partition, part.passed_over()?)))
            .collect();
        if moved.is_empty() || self.halted {
            return;
        }
        if let Err(error) = self.keep_passed(&moved) {
            // It is tried again at the next end; whether the store can be written is told elsewhere.
            tracing::debug!(
                error = format!("{error:#}"),
                "what lies behind the last records was not passed over"
            );
            return;
        }
        for (partition, row) in moved {
            if let Some(part) = self.part(partition) {
                part.row = row;
            }
            self.publish(partition);
        }
    }

    fn keep_passed(&self, moved: &[(i32, PartitionRow)]) -> Result<(), StoreError> {
        let changes = BatchChanges {
            partitions: moved.iter().cloned().collect(),
            ..BatchChanges::default()
        };
        let Store::Embedded(store) = &self.store;
        store.commit(&changes)
    }
}
