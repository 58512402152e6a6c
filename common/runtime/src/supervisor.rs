//! The life of a service: whether it runs, is told to end, or has lost a part that it cannot be without. A service that
//! has lost one must not look alive: it ends, and whoever supervises it starts a whole one.
//!
//! Every task and thread that lives as long as the service is started here and nowhere else (`clippy.toml` sees to it),
//! so that none can panic unnoticed.

use std::future::Future;
use std::sync::Arc;
use std::{io, thread};

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// How far a life is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    Running,
    Ending,
    Failed(String),
}

/// The life of one service. Clones are of the same one.
#[derive(Clone, Debug)]
pub struct Supervisor(Arc<watch::Sender<Stage>>);

impl Default for Supervisor {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Stage::Running)))
    }
}

impl Supervisor {
    /// Starts a task whose panic is the end of the service. Call it within a tokio runtime.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn task<F>(&self, name: &'static str, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let guard = self.guard(name);
        tokio::spawn(async move {
            // Moved in, so that it is dropped where the task is, also by a panic.
            let _guard = guard;
            task.await;
        })
    }

    /// Starts a thread whose panic is the end of the service. What is returned resolves when the thread has ended.
    ///
    /// # Errors
    /// When the system gives no thread.
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

    /// Does work that blocks, on a thread that is there for such work; its panic is the end of the service. Call it within
    /// a tokio runtime.
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

    /// Says that the service has lost a part that it cannot be without. The first reason counts.
    pub fn fail(&self, reason: String) {
        self.0.send_if_modified(|stage| {
            let first = !matches!(stage, Stage::Failed(_));
            if first {
                tracing::error!(reason, "the service cannot go on");
                *stage = Stage::Failed(reason);
            }
            first
        });
    }

    /// Says that the service is ending.
    pub fn end(&self) {
        self.0.send_if_modified(|stage| {
            let runs = *stage == Stage::Running;
            if runs {
                *stage = Stage::Ending;
            }
            runs
        });
    }

    /// Why the service takes no work any more; `None` while it does.
    pub fn trouble(&self) -> Option<String> {
        match &*self.0.borrow() {
            Stage::Running => None,
            Stage::Ending => Some("the service is stopping".to_owned()),
            Stage::Failed(reason) => Some(reason.clone()),
        }
    }

    /// Why the service has failed; `None` when it has not.
    pub fn failure(&self) -> Option<String> {
        match &*self.0.borrow() {
            Stage::Failed(reason) => Some(reason.clone()),
            Stage::Running | Stage::Ending => None,
        }
    }

    /// Resolves when the service is ending, or has failed.
    pub async fn ending(&self) {
        // The sender is this one's own, so there is no error.
        let _ = self.0.subscribe().wait_for(|stage| *stage != Stage::Running).await;
    }

    /// Resolves with the reason when the service has failed; without a failure it waits for ever.
    pub async fn failed(&self) -> String {
        let mut stages = self.0.subscribe();
        loop {
            if let Stage::Failed(reason) = &*stages.borrow_and_update() {
                return reason.clone();
            }
            // The sender is this one's own, so there is no error.
            let _ = stages.changed().await;
        }
    }

    /// A guard for work on a thread that is not ours to start, such as a callback: its panic is the end of the service.
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
            let reason = format!("{} panicked; the log says where. Restart the service", self.name);
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
        assert!(ended.await.is_err(), "its end is told");
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
