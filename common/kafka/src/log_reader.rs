//! Reads one topic, in order per partition, from offsets that the caller keeps. A plain consumer on the caller's thread:
//! partitions are assigned, never balanced, and polled also while some of them are paused.

mod event;

use std::time::{Duration, Instant};

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

pub use event::LogEvent;
use event::event_of;

use crate::closing::CloseInBackground;
use crate::cluster::Cluster;
use crate::connection::ConnectionState;
use crate::consumer::{ReaderContext, poll};
use crate::permissions::{Permission, Permissions, is_denial};

/// Size limit of a batch, in bytes of keys and values; the record that exceeds it is the last.
const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;

/// How many records and errors are dropped at once while nothing is read.
const MAX_DROPPED: usize = 1_000;

/// How long a request waits for a first broker to be connected: nothing interrupts it, and a service that stops waits as
/// long.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(700);

/// How long closing the consumer may block its owner. With a broker it takes milliseconds; a service has two readers, and a
/// second to stop them.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(400);

/// A reader of one topic.
pub struct LogReader {
    consumer: CloseInBackground<BaseConsumer<ReaderContext>>,
    connection: ConnectionState,
    topic: String,
    permissions: Permissions,
    read: Permission,
}

impl LogReader {
    /// A reader that feeds `connection`. It reads nothing until partitions are [assigned](Self::assign).
    ///
    /// # Errors
    /// The client cannot be created: librdkafka rejects a setting.
    pub fn new(cluster: &Cluster, topic: &str, connection: ConnectionState) -> anyhow::Result<Self> {
        Self::with(&cluster.reader(), cluster, topic, connection)
    }

    /// The same, for reading single records.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn of_single_records(
        cluster: &Cluster,
        topic: &str,
        connection: ConnectionState,
    ) -> anyhow::Result<Self> {
        Self::with(&cluster.record_reader(), cluster, topic, connection)
    }

    /// # Errors
    /// As [`Self::new`].
    fn with(
        config: &ClientConfig,
        cluster: &Cluster,
        topic: &str,
        connection: ConnectionState,
    ) -> anyhow::Result<Self> {
        let consumer = config
            .create_with_context(ReaderContext::new(cluster, connection.clone(), topic)?)
            .context("creating the Kafka consumer: check KAFKA_BOOTSTRAP_SERVERS and KAFKA_CONFIG")?;
        Ok(Self {
            consumer: CloseInBackground::waiting(consumer, CLOSE_TIMEOUT),
            connection,
            topic: topic.to_owned(),
            permissions: cluster.permissions.clone(),
            read: Permission::Read(topic.to_owned()),
        })
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// How many partitions the topic has; `None` if there is no such topic. Call it while nothing is read. Where no broker is
    /// connected, it is not waited for that long: call it again.
    ///
    /// # Errors
    /// No broker is [connected](crate::connection::Disconnected), none answers in time, or the account may not describe the topic.
    pub fn partition_count(&self, timeout: Duration) -> anyhow::Result<Option<i32>> {
        let timeout = if self.connection.is_connected() {
            timeout
        } else {
            timeout.min(CONNECT_TIMEOUT)
        };
        let metadata = self
            .consumer
            .fetch_metadata(Some(&self.topic), timeout)
            .map_err(|error| {
                // What the client has reported meanwhile says why. No partition is read yet, so no record is dropped.
                self.serve_callbacks();
                self.explain(error, format!("fetching the metadata of topic {}", self.topic))
            })?;
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == self.topic) else {
            return Ok(None);
        };
        let code = topic.error().map(RDKafkaErrorCode::from);
        anyhow::ensure!(!code.is_some_and(is_denial), Permission::Describe(self.topic.clone()));
        let count = topic.partitions().len();
        Ok(i32::try_from(count).ok().filter(|count| code.is_none() && *count > 0))
    }

    /// The start and end offset of a partition.
    ///
    /// # Errors
    /// No broker is [connected](crate::connection::Disconnected), or none answers in time.
    pub fn bounds(&self, partition: i32, timeout: Duration) -> anyhow::Result<(i64, i64)> {
        let bounds = self.consumer.fetch_watermarks(&self.topic, partition, timeout);
        bounds.map_err(|error| {
            let what = format!("fetching the offsets of topic {}, partition {partition}", self.topic);
            self.explain(error, what)
        })
    }

    /// The offset of the first record of a partition with that timestamp or a later one, in milliseconds since 1970-01-01
    /// UTC; `None` if the broker says that there is none, as librdkafka's mock always does.
    ///
    /// # Errors
    /// No broker is [connected](crate::connection::Disconnected), or none answers in time.
    pub fn offset_at(&self, partition: i32, millis: i64, timeout: Duration) -> anyhow::Result<Option<i64>> {
        let what = || format!("looking for a time in topic {}, partition {partition}", self.topic);
        // A time where an offset usually is: that is how the request is made.
        let times = self.list([(partition, millis)])?;
        let found = self.consumer.offsets_for_times(times, timeout);
        let found = found.map_err(|error| self.explain(error, what()))?;
        let Some(found) = found.find_partition(&self.topic, partition) else {
            return Ok(None);
        };
        found.error().map_err(|error| self.explain(error, what()))?;
        Ok(match found.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        })
    }

    /// Why a request has failed: that no broker is connected, if that is so.
    fn explain(&self, error: KafkaError, what: String) -> anyhow::Error {
        let code = error.rdkafka_error_code();
        let is_unanswered = matches!(
            code,
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                    | RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::OperationTimedOut
                    | RDKafkaErrorCode::Resolve
            )
        );
        if is_unanswered && let Some(disconnected) = self.connection.disconnected() {
            return disconnected.into();
        }
        // rdkafka's own text says twice what failed.
        match code {
            Some(code) => anyhow::Error::new(code).context(what),
            None => anyhow::Error::new(error).context(what),
        }
    }

    /// Why the topic may not be read; `None` if it may, as far as is known.
    pub fn denied(&self) -> Option<String> {
        self.permissions.is_denied(&self.read).then(|| self.read.to_string())
    }

    /// Starts reading those partitions, each from that offset, and no others.
    ///
    /// # Errors
    /// The client rejects the assignment.
    pub fn assign(&self, from: impl IntoIterator<Item = (i32, i64)>) -> anyhow::Result<()> {
        Ok(self.consumer.assign(&self.list(from)?)?)
    }

    /// Serves the client's callbacks while nothing is read; they would pile up. Returns whether the topic was recreated since
    /// the last call. Records are dropped.
    pub fn serve(&self) -> bool {
        self.serve_callbacks();
        self.connection.take_recreated()
    }

    fn serve_callbacks(&self) {
        for _ in 0..MAX_DROPPED {
            if poll(&self.consumer, Duration::ZERO).is_none() {
                break;
            }
        }
    }

    /// The next events: waits up to `wait` for the first one, then takes those that are queued, up to `max` and a size
    /// limit.
    pub fn next_batch(&self, max: usize, wait: Duration) -> Vec<LogEvent<'_>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let until = Instant::now() + wait;
        while batch.len() < max && bytes < MAX_BATCH_BYTES {
            let wait = if batch.is_empty() {
                until.saturating_duration_since(Instant::now())
            } else {
                Duration::ZERO
            };
            match poll(&self.consumer, wait) {
                None => break,
                Some(Ok(record)) => {
                    bytes += record.payload_len() + record.key_len();
                    batch.push(LogEvent::Record(record));
                }
                Some(Err(error)) => batch.extend(event_of(error, self.consumer.context().end_offset())),
            }
        }
        let was_read = |event: &LogEvent<'_>| matches!(event, LogEvent::Record(_) | LogEvent::End { .. });
        if batch.iter().any(was_read) {
            self.permissions.grant(&self.read);
        }
        // Records of the new topic may be among them, at offsets that belonged to other records of the old one.
        if self.connection.take_recreated() {
            return vec![LogEvent::TopicRecreated];
        }
        batch
    }

    /// Pauses a partition and drops what was prefetched; it will be resumed from that offset.
    pub fn pause_at(&self, partition: i32, offset: i64) {
        // In this order: pausing resets the position to the last record returned, then the seek sets ours.
        self.log_failure(
            "pause",
            partition,
            self.list([(partition, offset)])
                .and_then(|list| Ok(self.consumer.pause(&list)?)),
        );
        self.seek(partition, offset);
    }

    /// Resumes a paused partition.
    pub fn resume(&self, partition: i32) {
        self.log_failure(
            "resume",
            partition,
            self.list([(partition, 0)])
                .and_then(|list| Ok(self.consumer.resume(&list)?)),
        );
    }

    /// Continues reading a partition from that offset. What was prefetched is dropped.
    pub fn seek(&self, partition: i32, offset: i64) {
        let sought = self
            .consumer
            .seek(&self.topic, partition, Offset::Offset(offset), Duration::ZERO);
        self.log_failure("seek", partition, sought.map_err(Into::into));
    }

    /// Commits progress to Kafka for lag tools; nothing depends on it.
    pub fn commit_progress(&self, next: impl IntoIterator<Item = (i32, i64)>) {
        let committed = self
            .list(next)
            .and_then(|list| Ok(self.consumer.commit(&list, CommitMode::Async)?));
        if let Err(error) = committed {
            tracing::debug!(%error, "progress not committed to kafka");
        }
    }

    fn list(&self, offsets: impl IntoIterator<Item = (i32, i64)>) -> anyhow::Result<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            list.add_partition_offset(&self.topic, partition, Offset::Offset(offset))?;
        }
        Ok(list)
    }

    fn log_failure(&self, what: &str, partition: i32, result: anyhow::Result<()>) {
        if let Err(error) = result {
            tracing::error!(kafka.topic = self.topic, kafka.partition = partition, %error, "{what} failed");
        }
    }
}

impl Drop for LogReader {
    fn drop(&mut self) {
        // Closing waits for a response to the last commit.
        if !self.connection.is_connected() {
            self.consumer.wait_no_longer();
        }
    }
}
