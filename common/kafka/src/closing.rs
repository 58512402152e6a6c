//! Clients of the broker that end without holding up whoever drops them. Only that.

use std::io;
use std::ops::Deref;
use std::sync::mpsc;
use std::time::Duration;

use rdkafka::consumer::BaseConsumer;

use super::context::LinkContext;

/// How long closing may hold up its owner. With a broker it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// A consumer that ends on a thread of its own. Closing one waits for the answer to its last commit, which librdkafka
/// gives up only after 45 s (measured with 2.12) when the broker is away: a service that is told to stop in an outage
/// would be killed instead.
pub struct Closing {
    /// There until it is dropped.
    consumer: Option<BaseConsumer<LinkContext>>,
}

impl Closing {
    /// Takes charge of a consumer.
    pub fn new(consumer: BaseConsumer<LinkContext>) -> Self {
        Self {
            consumer: Some(consumer),
        }
    }
}

impl Deref for Closing {
    type Target = BaseConsumer<LinkContext>;

    fn deref(&self) -> &Self::Target {
        self.consumer.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let consumer = self.consumer.take();
        let (closed, wait) = mpsc::channel::<()>();
        let close = move || {
            drop(consumer);
            drop(closed);
        };
        if aside(close).is_ok() {
            // Whether it was closed or not in time: there is nothing more to do about it.
            let _ = wait.recv_timeout(PATIENCE);
        }
    }
}

/// Ends a client on a thread of its own. Where there is none to be had, the work is dropped, and the client with it, here.
///
/// # Errors
/// The system gives no thread.
pub fn aside(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let thread = std::thread::Builder::new().name("kafka-close".to_owned());
    #[expect(clippy::disallowed_methods, reason = "it has nothing to say, however it ends")]
    thread.spawn(work).map(drop)
}

/// A client whose end nobody waits for: it joins threads of the library, whose waits go by the wall clock and last for as
/// much longer as that is set back.
pub struct Aside<T: Send + 'static> {
    /// There until it is dropped.
    client: Option<T>,
}

impl<T: Send + 'static> Aside<T> {
    /// Takes charge of a client.
    pub fn new(client: T) -> Self {
        Self { client: Some(client) }
    }
}

impl<T: Send + 'static> Deref for Aside<T> {
    type Target = T;

    fn deref(&self) -> &Self::Target {
        self.client.as_ref().expect("it is there until it is dropped")
    }
}

impl<T: Send + 'static> Drop for Aside<T> {
    fn drop(&mut self) {
        let client = self.client.take();
        // Without a thread it was ended here.
        let _ = aside(move || drop(client));
    }
}
