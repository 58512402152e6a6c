//! What replays do with the store, so that the end of the service can wait for it: nothing may hold the store after that.

use std::sync::Arc;

use orderlog_projection::store::{StoreError, blocking};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many steps there are at once at most.
const MAX: u32 = 1_000;

/// The steps that are being done. Clones share them.
#[derive(Clone)]
pub(super) struct Steps(Arc<Semaphore>);

impl Default for Steps {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX as usize)))
    }
}

impl Steps {
    /// Begins a step, which ends when what this returns is dropped.
    pub async fn begin(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed.
        self.0.clone().acquire_owned().await.ok()
    }

    /// Does a step on a thread for blocking work. It is done even if the caller goes away.
    ///
    /// # Errors
    /// The work's own, or the runtime is shutting down.
    pub async fn blocking<T, E>(&self, work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let step = self.begin().await;
        blocking(move || {
            let done = work();
            // After all that the work held.
            drop(step);
            done
        })
        .await
    }

    /// Waits until all steps have ended.
    pub async fn ended(&self) {
        let _ = self.0.acquire_many(MAX).await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use super::*;

    fn is_pending<F: Future>(future: &mut Pin<Box<F>>) -> bool {
        future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    }

    #[tokio::test]
    async fn a_step_whose_caller_has_gone_is_waited_for() {
        let steps = Steps::default();
        let (go_on, wait) = mpsc::channel::<()>();
        let held = Arc::new(());
        let holds = held.clone();
        let mut step = Box::pin(steps.blocking(move || {
            let _holds = holds;
            let _ = wait.recv();
            Ok::<_, StoreError>(())
        }));
        assert!(is_pending(&mut step));
        drop(step);
        let mut ended = Box::pin(steps.ended());
        assert!(is_pending(&mut ended));
        go_on.send(()).expect("the step is being done");
        ended.await;
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
