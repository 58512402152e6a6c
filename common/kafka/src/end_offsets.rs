//! End offsets of partitions, fetched from the broker. A refusal ("there is no such order") is only as current as the newest
//! record that was read, so the end is fetched first.
//!
//! The broker's response suffices only with a single replica: among several, a leader that was deposed without knowing it
//! answers from its stale log. Then the caller must have the quorum confirm the end. The replication factor is part of
//! every request until it is more than one; a topic whose factor is later reduced to one loses nothing by asking a quorum
//! of one.
//!
//! The client is a separate one: a broker answers the requests of one connection in order, so behind the log reader's
//! waiting fetch each request would take up to half a second.
//!
//! There is one request at a time per partition, on a thread for blocking work (librdkafka blocks), so that a leader that
//! does not answer delays only those who ask about its partitions. A caller may share a response only if it was requested
//! after the caller arrived: those who arrive during a request wait for the next one. A request that no caller waits for
//! any more is not sent.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use tokio::sync::oneshot;

use crate::closing::CloseInBackground;
use crate::cluster::Cluster;
use crate::connection::ConnectionState;
use crate::consumer::{ReaderContext, poll};
use crate::upkeep::every_second;

const TIMEOUT: Duration = Duration::from_secs(2);

/// The end of a partition, as far as a single broker can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndOffset {
    /// The offset behind the last record that consumers can read.
    Known(i64),
    /// The topic has several replicas: only what its quorum acknowledges from now on is certain to be at the end.
    NeedsQuorum,
}

/// Why an end offset is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndOffsetError {
    /// The broker did not answer, or with an error.
    #[error("fetching the end offset of partition {partition} failed: {source}")]
    Fetch {
        /// The partition.
        partition: i32,
        /// Why.
        source: KafkaError,
    },
    /// The service is stopping.
    #[error("the client that fetches end offsets has stopped")]
    Stopped,
}

type Waiter = oneshot::Sender<Result<EndOffset, EndOffsetError>>;

/// Fetches the end offsets of one topic's partitions. Clones share the client.
#[derive(Clone)]
pub struct EndOffsets(Arc<Fetcher>);

struct Fetcher {
    consumer: CloseInBackground<BaseConsumer<ReaderContext>>,
    topic: String,
    /// Who waits for the next request. A partition has an entry while a request for it is in flight.
    waiters: Mutex<HashMap<i32, Vec<Waiter>>>,
    /// Whether the topic was seen to have several replicas.
    is_replicated: AtomicBool,
    supervisor: Supervisor,
}

impl EndOffsets {
    /// Creates the client. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn new(cluster: &Cluster, topic: &str, supervisor: &Supervisor) -> anyhow::Result<Self> {
        let consumer = cluster
            .end_offsets()
            .create_with_context(ReaderContext::new(cluster, ConnectionState::default(), topic)?)
            .context("creating the Kafka client for end offsets")?;
        let fetcher = Arc::new(Fetcher {
            consumer: CloseInBackground::new(consumer),
            topic: topic.to_owned(),
            waiters: Mutex::default(),
            is_replicated: AtomicBool::new(false),
            supervisor: supervisor.clone(),
        });
        every_second(
            &fetcher,
            supervisor,
            "the kafka client for end offsets",
            Fetcher::serve_callbacks,
        );
        Ok(Self(fetcher))
    }

    /// The end of the partition at some time after this call began, as far as the broker knows. Call it within a tokio
    /// runtime.
    ///
    /// # Errors
    /// [`EndOffsetError`].
    pub async fn fetch(&self, partition: i32) -> Result<EndOffset, EndOffsetError> {
        if self.0.is_replicated.load(Ordering::Relaxed) {
            return Ok(EndOffset::NeedsQuorum);
        }
        let (waiter, answer) = oneshot::channel();
        if self.0.join(partition, waiter) {
            let fetcher = self.0.clone();
            let supervisor = self.0.supervisor.clone();
            supervisor.spawn_blocking("fetching end offsets", move || fetcher.answer(partition));
        }
        answer.await.unwrap_or(Err(EndOffsetError::Stopped))
    }
}

impl Fetcher {
    /// Serves the client's callbacks, which would pile up. It reads nothing, so there are no records among them.
    fn serve_callbacks(&self) {
        while poll(&self.consumer, Duration::ZERO).is_some() {}
    }

    /// Adds a waiter. Returns whether no request for that partition is in flight.
    fn join(&self, partition: i32, waiter: Waiter) -> bool {
        let mut all = self.lock();
        let is_idle = !all.contains_key(&partition);
        all.entry(partition).or_default().push(waiter);
        is_idle
    }

    /// Those whom the next request for that partition is for; `None` if there are none.
    fn next(&self, partition: i32) -> Option<Vec<Waiter>> {
        let mut all = self.lock();
        let mut waiters = all.get_mut(&partition).map(std::mem::take).unwrap_or_default();
        waiters.retain(|waiter| !waiter.is_closed());
        if waiters.is_empty() {
            all.remove(&partition);
            return None;
        }
        Some(waiters)
    }

    /// Sends requests as long as somebody waits for one.
    fn answer(&self, partition: i32) {
        while let Some(waiters) = self.next(partition) {
            crash_point::reached(Point::EndOffsetsTurn);
            let end = self
                .request(partition)
                .map_err(|source| EndOffsetError::Fetch { partition, source });
            for waiter in waiters {
                // Whoever stopped waiting is not interested any more.
                let _ = waiter.send(end.clone());
            }
        }
    }

    fn request(&self, partition: i32) -> Result<EndOffset, KafkaError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), TIMEOUT)?;
        let partitions = metadata.topics().iter().flat_map(|topic| topic.partitions());
        if partitions.map(|partition| partition.replicas().len()).max() > Some(1) {
            self.is_replicated.store(true, Ordering::Relaxed);
            return Ok(EndOffset::NeedsQuorum);
        }
        let (_, end) = self.consumer.fetch_watermarks(&self.topic, partition, TIMEOUT)?;
        Ok(EndOffset::Known(end))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Vec<Waiter>>> {
        // A panic cannot leave the map half changed.
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::an_absent_cluster;

    fn fetcher() -> Fetcher {
        let EndOffsets(fetcher) =
            EndOffsets::new(&an_absent_cluster(), "orders", &Supervisor::default()).expect("a client");
        // Its upkeep runs on this thread too, and has not begun.
        Arc::into_inner(fetcher).expect("no other handle")
    }

    #[tokio::test]
    async fn whoever_arrives_during_a_request_waits_for_the_next() {
        let fetcher = fetcher();
        let ((first, _a), (second, _b), (other, _c)) = (oneshot::channel(), oneshot::channel(), oneshot::channel());
        assert!(fetcher.join(1, first));
        assert_eq!(fetcher.next(1).map(|waiters| waiters.len()), Some(1));
        assert!(!fetcher.join(1, second), "a request for that partition is in flight");
        assert!(fetcher.join(2, other), "which delays no other partition");
        assert_eq!(fetcher.next(1).map(|waiters| waiters.len()), Some(1));
        assert!(fetcher.next(1).is_none());
    }

    #[tokio::test]
    async fn a_request_that_no_caller_waits_for_any_more_is_not_sent() {
        let fetcher = fetcher();
        let (waiter, abandoned) = oneshot::channel();
        assert!(fetcher.join(1, waiter));
        drop(abandoned);
        assert!(fetcher.next(1).is_none());
        let (waiter, _answer) = oneshot::channel();
        assert!(fetcher.join(1, waiter), "the next one is a first one again");
    }
}
