//! Offsets that are never delivered: transaction markers, and the records of aborted transactions. If a partition ends
//! with them, the store still records that it was read to the end: otherwise their deletion would look like the
//! deletion of unread records.

use tokio::runtime::Handle;

use crate::partitions::Partitions;
use crate::store::{BatchChanges, Store};

/// Advances partitions that were read to their end up to that end.
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
        // Retried at the next end; whether the store is writable is reported elsewhere.
        tracing::debug!(
            error = format!("{error:#}"),
            "could not store that trailing transaction markers were passed"
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
