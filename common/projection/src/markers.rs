//! Offsets that are never delivered: transaction markers, and the records of aborted transactions. Where they come after a
//! partition's last record, it was read as far as the end all the same, and the store says so: else their deletion would
//! look like that of records that were not read.

use tokio::runtime::Handle;

use crate::partitions::Partitions;
use crate::store::{BatchChanges, Store};

/// Moves partitions that were read to their end to where that is.
pub(crate) fn skip(partitions: &mut Partitions, store: &Store, runtime: &Handle) {
    let moved: Vec<_> = partitions
        .iter_mut()
        .filter(|(_, state)| state.has_pending_end())
        .filter_map(|(partition, state)| Some((partition, state.skip_markers()?)))
        .collect();
    if moved.is_empty() {
        return;
    }
    let changes = BatchChanges {
        partitions: moved.into_iter().collect(),
        ..BatchChanges::default()
    };
    if let Err(error) = runtime.block_on(store.commit(&changes)) {
        // It is tried again at the next end; whether the store can be written is reported elsewhere.
        tracing::debug!(
            error = format!("{error:#}"),
            "offsets after the last records not skipped"
        );
        return;
    }
    for (partition, row) in changes.partitions {
        if let Some(state) = partitions.get(partition) {
            state.skipped_to(row);
        }
        partitions.publish(partition);
    }
}
