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
enum Stage {
    Running,
    Ending,
    Failed(String),
}

/// The supervisor of one service. Clones share its state.
#[derive(Clone, Debug)]
pub struct Supervisor(Arc<watch::Sender<Stage>>);

impl Default for Supervisor {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Stage::Running)))
    }
}

impl Supervisor {
    /// Starts a task; if it panics, the service fails. Call it within a tokio runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn task<F>(&self, name: &'static str, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guard = self.guard(name);
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
    pub fn thread(
        &self,
        name: &'static str,
        work: impl FnOnce() + Send + 'static,
    ) -> io::Result<oneshot::Receiver<()>> {
        let guard = self.guard(name);
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
    pub fn blocking<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let guard = self.guard(name);
        tokio::task::spawn_blocking(move || {
            let _guard = guard;
            work()
        })
    }

    /// The service has lost a part that it needs, and fails. The first reason counts.
    pub fn fail(&self, reason: String) {
        self.0.send_if_modified(|stage| {
            let first = !matches!(stage, Stage::Failed(_));
            if first {
                tracing::error!(reason, "service failed");
                *stage = Stage::Failed(reason);
            }
            first
        });
    }

    /// The service is stopping.
    pub fn end(&self) {
        self.0.send_if_modified(|stage| {
            let runs = *stage == Stage::Running;
            if runs {
                *stage = Stage::Ending;
            }
            runs
        });
    }

    /// Why the service accepts no more work; `None` while it does.
    pub fn trouble(&self) -> Option<String> {
        match &*self.0.borrow() {
            Stage::Running => None,
            Stage::Ending => Some("the service is stopping".to_owned()),
            Stage::Failed(reason) => Some(reason.clone()),
        }
    }

    /// Why the service has failed; `None` if it has not.
    pub fn failure(&self) -> Option<String> {
        match &*self.0.borrow() {
            Stage::Failed(reason) => Some(reason.clone()),
            Stage::Running | Stage::Ending => None,
        }
    }

    /// Resolves when the service is stopping or has failed.
    pub async fn ending(&self) {
        // We own the sender, so this cannot fail.
        let _ = self.0.subscribe().wait_for(|stage| *stage != Stage::Running).await;
    }

    /// Resolves with the reason once the service has failed; otherwise never.
    pub async fn failed(&self) -> String {
        let mut stages = self.0.subscribe();
        loop {
            if let Stage::Failed(reason) = &*stages.borrow_and_update() {
                return reason.clone();
            }
            // We own the sender, so this cannot fail.
            let _ = stages.changed().await;
        }
    }

    /// A guard for work on a thread that others start, such as a callback: if it panics, the service fails.
    pub fn guard(&self, name: &'static str) -> Guard {
        Guard {
            life: self.clone(),
            name,
        }
    }
}

/// Reports the panic that drops it.
pub struct Guard {
    life: Supervisor,
    name: &'static str,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if thread::panicking() {
            let reason = format!("{} panicked; see the log, and restart the service", self.name);
            self.life.fail(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_is_the_end_of_the_service() {
        let life = Supervisor::default();
        let task = life.task("the task that counts", async { panic!("on purpose") });
        assert!(life.failed().await.starts_with("the task that counts panicked"));
        assert!(task.await.is_err_and(|error| error.is_panic()));
    }

    #[tokio::test]
    async fn a_thread_that_panics_is_the_end_of_the_service() {
        let life = Supervisor::default();
        let ended = life.thread("counting", || panic!("on purpose")).expect("a thread");
        assert!(life.failed().await.starts_with("counting panicked"));
        assert!(ended.await.is_err(), "its end is reported");
    }

    #[tokio::test]
    async fn what_ends_or_is_aborted_is_no_failure() {
        let life = Supervisor::default();
        life.task("short", async {}).await.expect("no panic");
        let endless = life.task("endless", std::future::pending());
        endless.abort();
        assert!(endless.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(life.trouble(), None);
    }

    #[tokio::test]
    async fn a_failure_outlasts_the_end_and_the_first_one_counts() {
        let life = Supervisor::default();
        life.end();
        life.ending().await;
        assert_eq!(life.trouble().as_deref(), Some("the service is stopping"));
        life.fail("first".to_owned());
        life.fail("second".to_owned());
        life.end();
        assert_eq!(life.trouble().as_deref(), Some("first"));
    }
}
