//! What the pages about the service show of the store, read so that a disk that hangs delays none of them for long.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::time::timeout;

use crate::breaker::Breaker;
use crate::progress::PartitionProgress;
use crate::store::{PartitionRow, Store, StoreError, blocking};

/// How long a scrape waits for the store: if the disk hangs, everything else must be returned in time.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);

/// What gauges show of the store; `None` where it cannot be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreFigures {
    pub free_bytes: Option<u64>,
    pub keys: Option<u64>,
    /// Only if they were asked for.
    pub partitions: Option<Arc<Vec<(i32, PartitionProgress)>>>,
}

/// The reading of [`StoreFigures`] that is under way, for all scrapes: on a disk that hangs, each of its own would occupy another
/// thread.
#[derive(Clone, Default)]
pub(crate) struct StoreReading(Arc<Mutex<Option<Shared<BoxFuture<'static, StoreFigures>>>>>);

impl StoreReading {
    pub async fn figures(&self, store: &Store, keeps_keys: bool, with_partitions: bool) -> StoreFigures {
        let reading = {
            let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match &*current {
                Some(reading) if reading.peek().is_none() => reading.clone(),
                _ => {
                    let read = read(store.clone(), keeps_keys, with_partitions);
                    current.insert(read.boxed().shared()).clone()
                }
            }
        };
        timeout(STORE_TIMEOUT, reading).await.unwrap_or_default()
    }
}

async fn read(store: Store, keeps_keys: bool, with_partitions: bool) -> StoreFigures {
    let mut figures = StoreFigures {
        free_bytes: store.free_bytes().await.ok(),
        ..StoreFigures::default()
    };
    if keeps_keys {
        let keys = store.clone();
        figures.keys = blocking(move || Ok::<_, StoreError>(keys.key_count())).await.ok();
    }
    if with_partitions {
        figures.partitions = stored(&store).await.ok().map(Arc::new);
    }
    figures
}

/// How far the store says that each partition has been read.
pub(crate) async fn stored(store: &Store) -> Result<Vec<(i32, PartitionProgress)>, StoreError> {
    let rows = store.partitions().await?;
    Ok(rows.into_iter().map(|(n, row)| (n, as_of_start(&row))).collect())
}

/// The progress of a partition that has not been looked at since the start.
fn as_of_start(row: &PartitionRow) -> PartitionProgress {
    PartitionProgress {
        next: row.next,
        read_to: row.next,
        counters: row.counters,
        breaker: row.breaker.as_deref().map(Breaker::progress),
        ..PartitionProgress::default()
    }
}
