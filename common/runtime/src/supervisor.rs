//! Supervision of a service's tasks and threads: whether the service runs, is stopping, or has lost a part that it needs. A
//! service that has lost one must not look alive: it stops, and its own supervisor restarts it.
//!
//! Every long-lived task and thread is started here and nowhere else (`clippy.toml` enforces it), so that none can panic
//! unnoticed.

use std::future::Future;
use std::sync::Arc;
use std::{io, thread};

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// The state of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Running,
    Stopping,
    Failed(String),
}

/// The supervisor of one service. Clones share its state.
#[derive(Clone, Debug)]
pub struct Supervisor(Arc<watch::Sender<State>>);

impl Default for Supervisor {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(State::Running)))
    }
}

impl Supervisor {
    /// Starts a task; if it panics, the service fails. Call it within a tokio runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn spawn<F>(&self, name: &'static str, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guard = self.panic_guard(name);
        tokio::spawn(async move {
            // Moved in, so that it is dropped with the task, also on a panic.
            let _guard = guard;
            task.await;
        })
    }

    /// Starts a thread; if it panics, the service fails. The receiver resolves when the thread has ended.
    ///
    /// # Errors
    /// When the system cannot start a thread.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn spawn_thread(
        &self,
        name: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<oneshot::Receiver<()>> {
        let guard = self.panic_guard(name);
        let (end, ended) = oneshot::channel::<()>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _end = end;
            let _guard = guard;
            work();
        })?;
        Ok(ended)
    }

    /// Runs blocking work on tokio's blocking pool; if it panics, the service fails. Call it within a tokio runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let guard = self.panic_guard(name);
        tokio::task::spawn_blocking(move || {
            let _guard = guard;
            work()
        })
    }

    /// The service has lost a part that it needs, and fails. The first reason counts.
    pub fn fail(&self, reason: String) {
        self.0.send_if_modified(|state| {
            let first = !matches!(state, State::Failed(_));
            if first {
                tracing::error!(reason, "service failed");
                *state = State::Failed(reason);
            }
            first
        });
    }

    /// The service is stopping.
    pub fn begin_shutdown(&self) {
        self.0.send_if_modified(|state| {
            let runs = *state == State::Running;
            if runs {
                *state = State::Stopping;
            }
            runs
        });
    }

    /// Why the service accepts no more work; `None` while it does.
    pub fn stopping_reason(&self) -> Option<String> {
        match &*self.0.borrow() {
            State::Running => None,
            State::Stopping => Some("the service is stopping".to_owned()),
            State::Failed(reason) => Some(reason.clone()),
        }
    }

    /// Why the service has failed; `None` if it has not.
    pub fn failure(&self) -> Option<String> {
        match &*self.0.borrow() {
            State::Failed(reason) => Some(reason.clone()),
            State::Running | State::Stopping => None,
        }
    }

    /// Resolves when the service is stopping or has failed.
    pub async fn shutdown_started(&self) {
        // We own the sender, so this cannot fail.
        let _ = self.0.subscribe().wait_for(|state| *state != State::Running).await;
    }

    /// Resolves with the reason once the service has failed; otherwise never.
    pub async fn failed(&self) -> String {
        let mut states = self.0.subscribe();
        loop {
            if let State::Failed(reason) = &*states.borrow_and_update() {
                return reason.clone();
            }
            // We own the sender, so this cannot fail.
            let _ = states.changed().await;
        }
    }

    /// A guard for work on a thread that others start, such as a callback: if it panics, the service fails.
    pub fn panic_guard(&self, name: &'static str) -> PanicGuard {
        PanicGuard {
            supervisor: self.clone(),
            name,
        }
    }
}

/// Reports the panic that drops it.
pub struct PanicGuard {
    supervisor: Supervisor,
    name: &'static str,
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        if thread::panicking() {
            let reason = format!("{} panicked; see the log, and restart the service", self.name);
            self.supervisor.fail(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_fails_the_service() {
        let supervisor = Supervisor::default();
        let task = supervisor.spawn("the task that counts", async { panic!("on purpose") });
        assert!(supervisor.failed().await.starts_with("the task that counts panicked"));
        assert!(task.await.is_err_and(|error| error.is_panic()));
    }

    #[tokio::test]
    async fn a_thread_that_panics_fails_the_service() {
        let supervisor = Supervisor::default();
        let ended = supervisor
            .spawn_thread("counting", || panic!("on purpose"))
            .expect("a thread");
        assert!(supervisor.failed().await.starts_with("counting panicked"));
        assert!(ended.await.is_err(), "its end is reported");
    }

    #[tokio::test]
    async fn what_ends_or_is_aborted_is_no_failure() {
        let supervisor = Supervisor::default();
        supervisor.spawn("short", async {}).await.expect("no panic");
        let endless = supervisor.spawn("endless", std::future::pending());
        endless.abort();
        assert!(endless.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(supervisor.stopping_reason(), None);
    }

    #[tokio::test]
    async fn a_failure_outlasts_the_shutdown_and_the_first_one_counts() {
        let supervisor = Supervisor::default();
        supervisor.begin_shutdown();
        supervisor.shutdown_started().await;
        assert_eq!(supervisor.stopping_reason().as_deref(), Some("the service is stopping"));
        supervisor.fail("first".to_owned());
        supervisor.fail("second".to_owned());
        supervisor.begin_shutdown();
        assert_eq!(supervisor.stopping_reason().as_deref(), Some("first"));
    }
}
