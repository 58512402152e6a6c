//! Reads of a store that blocks run on a thread for blocking work, not on a server thread.
//!
//! A read of the embedded store that hits its cache is cheaper than the hop: 1.2 µs against 15 µs at the median (two busy
//! cores; `cargo bench -p orderlog-projection --bench store_read` prints all figures). But a server thread serves many
//! connections, and on it, a read that misses the cache takes 77 µs at the median, 0.6 ms at the 99th percentile and up to
//! 9 ms. Nothing bounds that: the database has no read that gives up if the cache misses.

use std::panic::resume_unwind;

use super::StoreError;

/// Runs work on the store on a thread for blocking work; a panic is passed on. Call it within a tokio runtime.
///
/// # Errors
/// The work's own, or the runtime is shutting down.
pub async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    #[expect(clippy::disallowed_methods, reason = "a panic is passed on to the caller")]
    let done = tokio::task::spawn_blocking(work).await;
    match done.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(cancelled)) => {
            let stopping = anyhow::Error::new(cancelled).context("the service is stopping");
            Err(StoreError::Failed(stopping).into())
        }
    }
}
