//! Reads for requests run on a thread for blocking work, not on a server thread.
//!
//! A cached read is cheaper than the hop (`cargo bench -p orderlog-projection --bench store_read` prints both), but a server
//! thread serves many connections, and nothing bounds a read that misses the cache while the disk is busy with a merge or
//! a sync.

use std::panic::resume_unwind;

use anyhow::Context;

use crate::store::StoreError;

/// Does work on the store where it blocks nobody; its panic is the caller's. Call it within a tokio runtime.
///
/// # Errors
/// The work's own, or the runtime is shutting down.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    #[expect(clippy::disallowed_methods, reason = "a panic is passed on to the caller")]
    let done = tokio::task::spawn_blocking(work).await;
    match done.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(cancelled)) => Err(cancelled).context("the service is stopping")?,
    }
}
