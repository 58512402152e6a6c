//! Whether what is known is at least as new as a request.

use std::time::Instant;

use tokio::sync::watch;
use tokio::time::timeout_at;

use crate::progress::Progress;

/// When a request arrived, and how far its order's partition had been read by then.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// When it arrived.
    pub at: Instant,
    /// Offset of the next record to read at that time.
    pub(crate) next: i64,
}

impl Arrival {
    /// Checks an offset that the broker has reported since then, as the partition's end or as that of a new record: it must
    /// not be one that already existed before the request arrived.
    ///
    /// # Errors
    /// It did exist: the broker does not have everything that was read, or the topic was recreated.
    pub fn check(&self, offset: i64) -> Result<(), Stale> {
        if offset >= self.next {
            return Ok(());
        }
        Err(Stale(format!(
            "the broker reports offset {offset}, but the partition was already read up to {}: the broker is behind, or the topic was recreated",
            self.next
        )))
    }
}

/// Why what is known may be older than the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Stale(pub String);

impl Stale {
    /// The deadline has passed.
    pub(crate) fn late(partition: i32) -> Self {
        Self(format!("timed out reading partition {partition} to its end"))
    }
}

/// Waits until everything below that offset of the partition has been read.
///
/// # Errors
/// When it has not been read by the deadline, or cannot be read for now.
pub(crate) async fn read_to(
    progress: watch::Receiver<Progress>,
    partition: i32,
    offset: i64,
    deadline: Instant,
) -> Result<(), Stale> {
    let read = timeout_at(deadline.into(), reach(progress, partition, offset)).await;
    read.map_err(|_| Stale::late(partition))?
}

async fn reach(mut progress: watch::Receiver<Progress>, partition: i32, offset: i64) -> Result<(), Stale> {
    let is_decided = |progress: &Progress| {
        let state = progress.partition(partition);
        progress.stop_reason().is_some() || state.is_some_and(|state| state.read_to >= offset || state.paused.is_some())
    };
    let now = progress
        .wait_for(is_decided)
        .await
        .map_err(|_| Stale("this service has stopped reading the topic".to_owned()))?;
    if let Some(reason) = now.stop_reason() {
        return Err(Stale(reason.clone()));
    }
    match now.partition(partition) {
        Some(state) if state.read_to >= offset => Ok(()),
        state => Err(Stale(state.and_then(|state| state.paused.clone()).unwrap_or_default())),
    }
}
