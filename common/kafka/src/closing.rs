//! Closes clients without blocking whoever drops them. Only that.

use std::io;
use std::ops::Deref;
use std::sync::mpsc;
use std::time::Duration;

/// A client that is closed on a thread of its own. Closing a consumer waits for the response to its last commit, for 45 s
/// (measured with librdkafka 2.12) if the broker is down: a service that is stopped in an outage would be killed
/// instead. Closing any client joins librdkafka's threads, whose waits use the wall clock and are prolonged when it is set
/// back.
pub(crate) struct CloseInBackground<T: Send + 'static> {
    /// Present until it is dropped.
    client: Option<T>,
    wait: Duration,
}

impl<T: Send + 'static> CloseInBackground<T> {
    /// Nobody waits until the client is closed.
    pub fn new(client: T) -> Self {
        Self::waiting(client, Duration::ZERO)
    }

    /// Whoever drops the client waits until it is closed, but no longer than `wait`.
    pub fn waiting(client: T, wait: Duration) -> Self {
        Self {
            client: Some(client),
            wait,
        }
    }

    /// Whoever drops the client does not wait after all.
    pub fn wait_no_longer(&mut self) {
        self.wait = Duration::ZERO;
    }
}

impl<T: Send + 'static> Deref for CloseInBackground<T> {
    type Target = T;

    fn deref(&self) -> &Self::Target {
        self.client.as_ref().expect("present until it is dropped")
    }
}

impl<T: Send + 'static> Drop for CloseInBackground<T> {
    fn drop(&mut self) {
        let client = self.client.take();
        let (closed, wait) = mpsc::channel::<()>();
        let close = move || {
            drop(client);
            drop(closed);
        };
        // Without a thread, the client was closed here.
        if in_background(close).is_ok() {
            // Closed or not by then: there is nothing more to do.
            let _ = wait.recv_timeout(self.wait);
        }
    }
}

/// Runs `work` on a thread of its own.
///
/// # Errors
/// The system provides no thread; then `work` was dropped, with everything that it owns.
fn in_background(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("kafka-close".to_owned());
    #[expect(clippy::disallowed_methods, reason = "nothing depends on how it ends")]
    thread.spawn(work).map(drop)
}
