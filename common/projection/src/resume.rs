//! Resuming partitions that were paused because they had too many dead letters.

use orderlog_kafka::log_reader::LogReader;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::breaker::{Breaker, BreakerLimit};
use crate::control_message::{ControlMessage, Resume};
use crate::partitions::Partitions;
use crate::store::{BatchChanges, PartitionRow, Store, StoreError};
use crate::view::View;

/// Why no partition was resumed.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// Nothing is read now, and why.
    #[error("nothing is read now: {0}")]
    NotReading(String),
    /// The topic has fewer partitions.
    #[error("the topic has no partition {0}")]
    NoPartition(i32),
    /// The store cannot be written; nothing has changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl View {
    /// Resumes the partitions that were paused because they had too many dead letters, or that one; each counts anew.
    /// Returns those that are read again. With a limit, that is theirs from now on, and also that of `partition` if it is
    /// not paused.
    ///
    /// # Errors
    /// Nothing is read now, there is no such partition, or the store cannot be written.
    pub async fn resume(&self, partition: Option<i32>, limit: Option<BreakerLimit>) -> Result<Vec<i32>, ResumeError> {
        let not_reading = || {
            let reason = self.progress().not_reading().cloned();
            ResumeError::NotReading(reason.unwrap_or_else(|| "the service is stopping".to_owned()))
        };
        let count = self.progress().partition_count().ok_or_else(not_reading)?;
        if let Some(missing) = partition.filter(|partition| !(0..count).contains(partition)) {
            return Err(ResumeError::NoPartition(missing));
        }
        let (done, resumed) = oneshot::channel();
        let request = Resume { partition, limit, done };
        if !self.control(ControlMessage::Resume(request)) {
            return Err(not_reading());
        }
        Ok(resumed.await.map_err(|_| not_reading())??)
    }
}

/// Resumes partitions, once the store knows it.
pub(crate) fn resume(
    request: Resume,
    partitions: &mut Partitions,
    store: &Store,
    runtime: &Handle,
    reader: &LogReader,
) {
    let Resume { partition, limit, done } = request;
    let rows = resumed_rows(partitions, partition, limit);
    let changes = BatchChanges {
        partitions: rows.iter().cloned().collect(),
        ..BatchChanges::default()
    };
    let committed = match rows.is_empty() {
        true => Ok(()),
        false => runtime.block_on(store.commit(&changes)),
    };
    let resumed = committed.map(|()| {
        let resumed = rows.into_iter().filter_map(|(partition, row)| {
            let has_resumed = partitions.get(partition)?.reset_breaker(row);
            if has_resumed {
                reader.resume(partition);
            }
            partitions.publish(partition);
            has_resumed.then_some(partition)
        });
        resumed.collect()
    });
    // An error means that the caller has given up.
    let _ = done.send(resumed);
}

/// The rows of the partitions that the request is about.
fn resumed_rows(partitions: &Partitions, wanted: Option<i32>, limit: Option<BreakerLimit>) -> Vec<(i32, PartitionRow)> {
    let is_meant = |partition: i32, row: &PartitionRow| match wanted {
        None => row.is_breaker_open(),
        Some(wanted) => wanted == partition && (row.is_breaker_open() || limit.is_some()),
    };
    let rows = partitions.iter().map(|(partition, state)| (partition, state.row()));
    rows.filter(|(partition, row)| is_meant(*partition, row))
        .map(|(partition, row)| {
            let before = row.breaker.as_deref().cloned().unwrap_or_default();
            (partition, row.with_breaker(Breaker::resumed(&before, limit)))
        })
        .collect()
}
