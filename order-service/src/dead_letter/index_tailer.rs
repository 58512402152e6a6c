//! Reads the dead-letter topic into the [`Index`]: to its end before the log is read, and on from there between batches.
//! Anyone may write to that topic, so nothing in it is trusted; records that are not ours are listed without a code.

use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_kafka::headers::list;
use orderlog_kafka::tailer::TopicTailer;
use orderlog_kafka::topics::TopicPolicy;
use orderlog_projection::Settings;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use tokio::runtime::Handle;

use super::entry::{entry, position};
use super::index::{Entry, Index};
use super::rows::DeadLetterId;
use super::status::DlqStatus;

/// How long the topic is read in one go during startup; shutdown may be delayed by that much.
const PREPARE_SLICE: Duration = Duration::from_secs(3);
/// How long an attempt to read waits while the end has not been reached.
const READ_WAIT: Duration = Duration::from_millis(50);
/// Maximum number of records in a batch.
const MAX_BATCH: usize = 2_000;
/// Interval between two attempts to find the topic again.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Tails the dead-letter topic.
pub(super) struct IndexTailer {
    /// The projection's settings, with the dead-letter topic in them.
    settings: Settings,
    runtime: Handle,
    topic: TopicTailer,
    index: Index,
    status: DlqStatus,
    last_attempt: Instant,
}

impl IndexTailer {
    /// A tailer of the topic in `settings`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn new(settings: Settings, index: Index, status: DlqStatus) -> anyhow::Result<Self> {
        let policy = TopicPolicy {
            create: settings.create_topics,
            check: settings.check_topics,
        };
        Ok(Self {
            topic: TopicTailer::new(settings.cluster.clone(), settings.topic.clone(), policy)?,
            settings,
            runtime: Handle::current(),
            index,
            status,
            last_attempt: Instant::now(),
        })
    }

    /// Finds the topic and reads it to its end.
    ///
    /// # Errors
    /// Why it has not been read to its end yet; call it again.
    pub fn prepare(&mut self) -> anyhow::Result<()> {
        let prepared = self.read_to_end();
        self.note_status();
        prepared
    }

    /// Notes whether the index has everything, and what is in the way.
    fn note_status(&self) {
        self.status.note_complete(self.topic.is_current());
        let topic = self.topic.topic();
        let blocked = self.topic.open_transactions().map(|(partition, offset)| format!(
            "partition {partition} of the dead-letter topic {topic} is blocked by an open transaction at offset {offset}: no dead letter after it is listed, and no replay starts, until its producer or an operator commits or aborts it, or the broker does after the transaction's timeout"
        ));
        let blocked: Vec<String> = blocked.collect();
        if self.status.set_blocked(&blocked) {
            for reason in blocked {
                tracing::warn!(kafka.topic = topic, reason, "dead-letter topic blocked");
            }
        }
    }

    fn read_to_end(&mut self) -> anyhow::Result<()> {
        if !self.topic.is_tailing() {
            self.start()?;
        }
        let until = Instant::now() + PREPARE_SLICE;
        loop {
            let at_end = self.topic.is_at_end();
            // Even once the end has been reached: the log may not be read for a long time, and callbacks must not pile up.
            let wait = if at_end { Duration::ZERO } else { READ_WAIT };
            self.read(wait).context("dead letters cannot be indexed")?;
            let topic = self.topic.topic();
            anyhow::ensure!(
                self.topic.is_tailing(),
                "the dead-letter topic {topic} must be read again"
            );
            if at_end {
                return Ok(());
            }
            if let Some(reason) = self.topic.denied() {
                anyhow::bail!(reason);
            }
            anyhow::ensure!(
                Instant::now() < until,
                "the dead-letter topic {topic} is still being read"
            );
        }
    }

    /// Indexes the records that have arrived, without waiting. Returns the positions of records whose dead letters are
    /// in the index now.
    pub fn tick(&mut self) -> Vec<String> {
        let indexed = self.idle();
        if !self.topic.is_tailing()
            && self.last_attempt.elapsed() > RETRY_INTERVAL
            && let Err(error) = self.start()
        {
            self.stop(format!("{error:#}"));
        }
        indexed
    }

    /// The same without looking for a missing topic, which might create it before the topic of the events is found.
    pub fn idle(&mut self) -> Vec<String> {
        let indexed = if self.topic.is_tailing() {
            // The status reports a failure, and a new start recovers from it.
            self.read(Duration::ZERO).unwrap_or_default()
        } else {
            self.topic.serve();
            Vec::new()
        };
        self.note_status();
        indexed
    }

    /// Makes sure that a partition that was written to is tailed.
    pub fn expect_partition(&mut self, partition: i32) {
        if self.topic.is_tailing() && partition >= self.topic.partitions() {
            self.stop(format!(
                "the dead-letter topic has more partitions than {}",
                self.topic.partitions()
            ));
        }
    }

    /// Finds the topic, and starts to read it where the index ends.
    fn start(&mut self) -> anyhow::Result<()> {
        self.last_attempt = Instant::now();
        let found = self
            .topic
            .find(&self.runtime, self.settings.wait_until_creation_allowed())?;
        self.status.set_warnings(found.warnings.clone());
        let mut next = self.index.summary().context("reading the index of dead letters")?.next;
        if !found.continues(&next) {
            tracing::warn!(
                kafka.topic = self.topic.topic(),
                "dead-letter topic recreated or truncated; reading it from the start"
            );
            self.index.clear()?;
            next.clear();
        }
        self.topic.start(&found, &next)?;
        self.status.set_problem(None);
        Ok(())
    }

    /// Indexes one batch. Returns the positions of records whose dead letters are in the index now.
    ///
    /// # Errors
    /// The index cannot be written; the topic is then looked up again.
    fn read(&mut self, wait: Duration) -> anyhow::Result<Vec<String>> {
        let batch = self.topic.next_batch(MAX_BATCH, wait);
        let entries: Vec<Entry> = batch.records.iter().map(entry_of).collect();
        let (ends, interrupted) = (batch.ends, batch.interrupted);
        let indexed = entries.iter().filter_map(position).collect();
        if !entries.is_empty()
            && let Err(error) = self.index.add(entries)
        {
            // These records are not in the index, so they must be read again.
            self.stop(format!("the index of dead letters cannot be written: {error:#}"));
            return Err(error.into());
        }
        if interrupted.is_none() {
            self.index.note_progress(&ends);
        }
        if let Some(interruption) = interrupted {
            self.stop(format!("the dead-letter topic {interruption}"));
        }
        Ok(indexed)
    }

    /// Stops tailing until the topic is found again, and says why.
    fn stop(&mut self, reason: String) {
        if self.status.set_problem(Some(reason.clone())) {
            tracing::error!(
                kafka.topic = self.topic.topic(),
                reason,
                "dead-letter topic not readable"
            );
        }
        self.topic.stop();
    }
}

fn entry_of(record: &BorrowedMessage<'_>) -> Entry {
    let id = DeadLetterId {
        partition: record.partition(),
        offset: record.offset(),
    };
    let headers = record.headers().map(list).unwrap_or_default();
    entry(
        id,
        record.timestamp().to_millis(),
        record.key(),
        record.payload(),
        &headers,
    )
}
