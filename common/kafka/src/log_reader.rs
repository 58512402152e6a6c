//! Reads one topic, in order per partition, from offsets that the caller keeps. A plain consumer on the caller's thread:
//! partitions are assigned, never balanced; polling goes on while some of them are paused.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::closing::Closing;
use super::config::Cluster;
use super::context::{self, LinkContext};
use super::link::Link;
use super::rights::{Right, Rights, is_refusal};

/// How much a batch may hold, in bytes of keys and values; the record that passes it is the last.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// How many records and errors are dropped in one go while nothing is to be read.
const MOST_UNREAD: usize = 1_000;

/// All that a reader can see.
pub enum LogEvent<'a> {
    /// A record.
    Record(BorrowedMessage<'a>),
    /// That partition was read to its end.
    End {
        /// Its number.
        partition: i32,
        /// Where it ended.
        offset: i64,
    },
    /// Some partition has not got the offset that was asked for.
    OutOfRange,
    /// The topic is not there (any more).
    TopicMissing,
    /// The topic was deleted and made again: nothing that is known of it holds. It comes alone.
    TopicRecreated,
}

/// A reader of one topic.
pub struct LogReader {
    consumer: Closing,
    link: Link,
    topic: String,
    servers: String,
    rights: Rights,
    read: Right,
}

impl LogReader {
    /// A reader that feeds `link` with what is heard. It reads nothing until it is told from where.
    ///
    /// # Errors
    /// When the client cannot be made (a setting that librdkafka does not take).
    pub fn new(cluster: &Cluster, topic: &str, link: Link) -> anyhow::Result<Self> {
        let consumer = cluster
            .reader()
            .create_with_context(LinkContext::new(cluster, link.clone(), topic)?)
            .context("making the Kafka consumer: check KAFKA_BOOTSTRAP_SERVERS and KAFKA_CONFIG")?;
        Ok(Self {
            consumer: Closing::new(consumer),
            link,
            topic: topic.to_owned(),
            servers: cluster.bootstrap_servers.clone(),
            rights: cluster.rights.clone(),
            read: Right::Read(topic.to_owned()),
        })
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// How many partitions the topic has; `None` when there is no such topic.
    ///
    /// # Errors
    /// When the broker does not answer in time, or does not let us see the topic.
    pub fn partition_count(&self, timeout: Duration) -> anyhow::Result<Option<i32>> {
        let metadata = self
            .consumer
            .fetch_metadata(Some(&self.topic), timeout)
            .map_err(|error| {
                let code = error.rdkafka_error_code();
                let why = self.link.trouble().or_else(|| Some(code?.to_string()));
                let why = why.unwrap_or_else(|| error.to_string());
                anyhow!("no broker answers at {} (KAFKA_BOOTSTRAP_SERVERS): {why}", self.servers)
            })?;
        let Some(topic) = metadata.topics().iter().find(|topic| topic.name() == self.topic) else {
            return Ok(None);
        };
        let code = topic.error().map(RDKafkaErrorCode::from);
        anyhow::ensure!(!code.is_some_and(is_refusal), Right::See(self.topic.clone()));
        let count = topic.partitions().len();
        Ok(i32::try_from(count).ok().filter(|count| code.is_none() && *count > 0))
    }

    /// First offset and end of a partition.
    ///
    /// # Errors
    /// When the broker does not answer in time.
    pub fn bounds(&self, partition: i32, timeout: Duration) -> Result<(i64, i64), KafkaError> {
        self.consumer.fetch_watermarks(&self.topic, partition, timeout)
    }

    /// Why the topic may not be read; `None` when it may, for all that is known.
    pub fn forbidden(&self) -> Option<String> {
        self.rights.lacks(&self.read).then(|| self.read.to_string())
    }

    /// Begins to read those partitions, each from that offset, and no others.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn assign(&self, from: impl IntoIterator<Item = (i32, i64)>) -> anyhow::Result<()> {
        Ok(self.consumer.assign(&self.list(from)?)?)
    }

    /// Serves what the client says of itself while nothing is to be read; it would pile up. Returns whether the topic was
    /// deleted and made again since that was last asked. Records that it meets are lost to this reader.
    pub fn serve(&self) -> bool {
        for _ in 0..MOST_UNREAD {
            if context::poll(&self.consumer, Duration::ZERO).is_none() {
                break;
            }
        }
        self.link.take_made_anew()
    }

    /// What has queued up: waits up to `patience` for the first thing, then takes what is there, up to `most` and a limit
    /// of bytes.
    pub fn next_batch(&self, most: usize, patience: Duration) -> Vec<LogEvent<'_>> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let until = Instant::now() + patience;
        while batch.len() < most && bytes < MOST_BYTES {
            let wait = if batch.is_empty() {
                until.saturating_duration_since(Instant::now())
            } else {
                Duration::ZERO
            };
            match context::poll(&self.consumer, wait) {
                None => break,
                Some(Ok(record)) => {
                    bytes += record.payload_len() + record.key_len();
                    batch.push(LogEvent::Record(record));
                }
                Some(Err(error)) => batch.extend(seen(error, self.consumer.context().end())),
            }
        }
        let was_read = |seen: &LogEvent<'_>| matches!(seen, LogEvent::Record(_) | LogEvent::End { .. });
        if batch.iter().any(was_read) {
            self.rights.grant(&self.read);
        }
        // Records of the new topic may be among them, at offsets that meant something else in the old one.
        if self.link.take_made_anew() {
            return vec![LogEvent::TopicRecreated];
        }
        batch
    }

    /// Stops reading a partition and drops what was read ahead; it will go on from that offset.
    pub fn pause_at(&self, partition: i32, offset: i64) {
        // In this order: pausing resets the position to what was last handed out, the seek then sets ours.
        self.log_failure(
            "pause",
            partition,
            self.list([(partition, offset)])
                .and_then(|list| Ok(self.consumer.pause(&list)?)),
        );
        self.seek(partition, offset);
    }

    /// Goes on with a paused partition.
    pub fn resume(&self, partition: i32) {
        self.log_failure(
            "resume",
            partition,
            self.list([(partition, 0)])
                .and_then(|list| Ok(self.consumer.resume(&list)?)),
        );
    }

    /// Goes on reading a partition from that offset. What was read ahead is dropped.
    pub fn seek(&self, partition: i32, offset: i64) {
        let sought = self
            .consumer
            .seek(&self.topic, partition, Offset::Offset(offset), Duration::ZERO);
        self.log_failure("seek", partition, sought.map_err(Into::into));
    }

    /// Shows progress in Kafka, for lag tools; nothing depends on it.
    pub fn show_progress(&self, next: impl IntoIterator<Item = (i32, i64)>) {
        let shown = self
            .list(next)
            .and_then(|list| Ok(self.consumer.commit(&list, CommitMode::Async)?));
        if let Err(error) = shown {
            tracing::debug!(%error, "progress not shown in kafka");
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

/// What an error of the consumer means to a reader; most mean only that librdkafka is trying again. `end`: where the
/// partition ended whose end was met last.
fn seen(error: KafkaError, end: i64) -> Option<LogEvent<'static>> {
    match error {
        KafkaError::PartitionEOF(partition) => Some(LogEvent::End { partition, offset: end }),
        KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
            Some(LogEvent::OutOfRange)
        }
        KafkaError::MessageConsumption(
            RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition,
        ) => Some(LogEvent::TopicMissing),
        other => {
            tracing::debug!(error = %other, "kafka consumer");
            None
        }
    }
}
