//! Work on threads of its own: calls of Kafka clients block, for as long as a broker is away, and neither a server thread nor
//! the end of the service may wait for that.

use anyhow::Context;
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::oneshot;

/// Does work on a thread of its own. If the caller goes away, it is done all the same.
///
/// # Errors
/// The system has no thread left, or the work panicked.
pub(super) async fn on_thread<T: Send + 'static>(
    supervisor: &Supervisor,
    name: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<T> {
    let (done, result) = oneshot::channel();
    let send = move || drop(done.send(work()));
    supervisor
        .spawn_thread(name, send)
        .context("the system has no thread left")?;
    result.await.context("a thread has ended")
}
