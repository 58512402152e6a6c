//! Reads the dead-letter topic into the [`Index`]: to its end before the log is read, and on from there between batches.
//! Anybody may write to that topic, so nothing in it is trusted; what is not ours is listed without a code.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_kafka::headers::list;
use orderlog_kafka::link::Link;
use orderlog_kafka::log_reader::{LogEvent, LogReader};
use orderlog_kafka::topics::{Compacted, Forbidden, Topics};
use orderlog_projection::Settings;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use tokio::runtime::Handle;

use super::condition::Condition;
use super::headers;
use super::index::{Entry, Index};
use super::letter::fingerprint;
use super::rows::{LetterId, LetterRow};

/// How long the broker may take to answer a question; the projection's thread waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the topic is read before a start in one go: a service that is told to stop must hear it.
const SLICE: Duration = Duration::from_secs(3);
/// Most records of one batch.
const MOST: usize = 2_000;
/// Between two tries to find the topic again.
const RETRY: Duration = Duration::from_secs(5);

/// Follows the dead-letter topic. What it needs to know is the projection's [`Settings`], with that topic in them.
pub(super) struct Follower {
    settings: Settings,
    runtime: Handle,
    reader: LogReader,
    /// What is heard of the topic, whichever client hears it.
    link: Link,
    index: Index,
    condition: Condition,
    /// How many partitions are followed; 0: none yet, or none any more.
    partitions: i32,
    /// Partitions whose end was met.
    ended: BTreeSet<i32>,
    /// When the topic was last looked for.
    tried: Instant,
    /// Whether the topic was gone: the client may go on telling so of a topic that was made anew, so it is replaced.
    gone: bool,
    /// Whether the topic was made anew: the index is of the old one, whatever the offsets say.
    anew: bool,
}

impl Follower {
    /// A follower of the topic in `settings`. Call it within a tokio runtime.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(settings: Settings, index: Index, condition: Condition) -> anyhow::Result<Self> {
        let link = Link::default();
        let reader = LogReader::new(&settings.cluster, &settings.topic.name, link.clone())?;
        let runtime = Handle::current();
        Ok(Self {
            settings,
            runtime,
            reader,
            link,
            index,
            condition,
            partitions: 0,
            ended: BTreeSet::new(),
            tried: Instant::now(),
            gone: false,
            anew: false,
        })
    }

    /// Finds the topic and reads it to its end.
    ///
    /// # Errors
    /// Why it is not read to its end yet; call it again.
    pub fn prepare(&mut self) -> anyhow::Result<()> {
        if self.partitions == 0 {
            self.anew |= self.reader.serve();
            self.partitions = self.begin()?;
        }
        let until = Instant::now() + SLICE;
        loop {
            let ended = self.ended.len() >= usize::try_from(self.partitions).unwrap_or(0);
            // Also at the end, as it may take long until the log is read: what comes meanwhile must not pile up.
            let patience = if ended {
                Duration::ZERO
            } else {
                Duration::from_millis(50)
            };
            self.read(patience).context("the index of dead letters")?;
            anyhow::ensure!(
                self.partitions > 0,
                "the dead-letter topic {} has to be read anew",
                self.reader.topic()
            );
            if ended {
                return Ok(());
            }
            if let Some(reason) = self.reader.forbidden() {
                anyhow::bail!(reason);
            }
            anyhow::ensure!(
                Instant::now() < until,
                "reading the dead-letter topic {}",
                self.reader.topic()
            );
        }
    }

    /// Takes in what has come, without waiting. Returns the coordinates of records whose letters are in the index now.
    pub fn tick(&mut self) -> Vec<String> {
        if self.partitions > 0 {
            // A failure is told by the condition, and mended by beginning anew.
            return self.read(Duration::ZERO).unwrap_or_default();
        }
        self.anew |= self.reader.serve();
        if self.tried.elapsed() > RETRY {
            match self.begin() {
                Ok(partitions) => self.partitions = partitions,
                Err(error) => self.lose(format!("{error:#}")),
            }
        }
        Vec::new()
    }

    /// Makes sure that a partition that was written to is followed.
    pub fn expect_partition(&mut self, partition: i32) {
        if partition >= self.partitions && self.partitions > 0 {
            self.lose(format!(
                "the dead-letter topic has more partitions than {}",
                self.partitions
            ));
        }
    }

    /// Finds the topic, and begins to read it where the index ends. Returns how many partitions it has.
    fn begin(&mut self) -> anyhow::Result<i32> {
        self.tried = Instant::now();
        let partitions = self.find_topic()?;
        if self.gone {
            self.reader = LogReader::new(&self.settings.cluster, &self.settings.topic.name, self.link.clone())?;
            self.gone = false;
        }
        let bounds = (0..partitions)
            .map(|partition| self.reader.bounds(partition, PATIENCE))
            .collect::<Result<Vec<_>, _>>();
        let bounds = bounds.with_context(|| {
            format!(
                "asking for the offsets of the dead-letter topic {}",
                self.reader.topic()
            )
        })?;
        let next = self.index.summary()?.next;
        let fits = |partition: &i32, next: &i64| {
            let bounds = usize::try_from(*partition)
                .ok()
                .and_then(|partition| bounds.get(partition));
            bounds.is_some_and(|(first, end)| (first..=end).contains(&next))
        };
        let fresh = self.anew || !next.iter().all(|(partition, next)| fits(partition, next));
        if fresh {
            tracing::warn!(
                kafka.topic = self.reader.topic(),
                "the dead-letter topic was made anew, or lost records: reading all of it again"
            );
            self.index.clear()?;
        }
        let from = |(partition, (first, _)): (i32, (i64, i64))| {
            let known = next.get(&partition).filter(|_| !fresh);
            (partition, known.copied().unwrap_or(first))
        };
        self.reader.assign((0..).zip(bounds.iter().copied()).map(from))?;
        // Not before: until here it can still fail, and the index be of the old topic.
        self.anew = false;
        self.ended.clear();
        self.condition.set_trouble(None);
        Ok(partitions)
    }

    /// Finds the topic, or makes it. Returns how many partitions it has.
    fn find_topic(&self) -> anyhow::Result<i32> {
        let topic = self.reader.topic();
        let count = || self.reader.partition_count(PATIENCE);
        let mut found = count()?;
        let topics = || Topics::new(&self.settings.cluster);
        if found.is_none() && self.settings.create_topics {
            self.runtime.block_on(self.settings.may_create())?;
            self.runtime.block_on(topics()?.ensure(&self.settings.topic))?;
            found = count()?;
            anyhow::ensure!(found.is_some(), "the dead-letter topic {topic} was just created");
        }
        let partitions = found.with_context(|| {
            format!(
                "the dead-letter topic {topic} does not exist: create it, or let it be created (--kafka-create-topics)"
            )
        })?;
        if self.settings.check_topics {
            match self.runtime.block_on(topics()?.check(topic)) {
                Ok(warnings) => self.condition.set_warnings(warnings),
                Err(error) if error.is::<Compacted>() => return Err(error),
                Err(error) if error.is::<Forbidden>() => self.condition.set_warnings(vec![error.to_string()]),
                // A broker that does not tell its settings can still be written to.
                Err(error) => tracing::debug!(%error, "dead-letter topic settings not checked"),
            }
        }
        Ok(partitions)
    }

    /// Takes in one batch. Returns the coordinates of records whose letters are in the index now.
    ///
    /// # Errors
    /// When the index cannot be written; the topic is then looked for again.
    fn read(&mut self, patience: Duration) -> anyhow::Result<Vec<String>> {
        let mut entries = Vec::new();
        let mut lost = None;
        for seen in self.reader.next_batch(MOST, patience) {
            match seen {
                LogEvent::Record(record) => entries.push(entry(&record)),
                LogEvent::End { partition, .. } => {
                    self.ended.insert(partition);
                }
                LogEvent::OutOfRange => lost = Some("the dead-letter topic lost records that were not read"),
                LogEvent::TopicMissing => lost = Some("the dead-letter topic is gone"),
                LogEvent::TopicRecreated => {
                    self.anew = true;
                    lost = Some("the dead-letter topic was made anew");
                }
            }
        }
        let indexed = entries
            .iter()
            .filter_map(|entry| entry.place.as_ref())
            .map(|(coordinates, _)| coordinates.clone())
            .collect();
        if !entries.is_empty()
            && let Err(error) = self.index.take(entries)
        {
            // What was read is in no index: it must be read again.
            self.lose(format!("the index of dead letters cannot be written: {error:#}"));
            return Err(error.into());
        }
        if let Some(reason) = lost {
            self.gone = true;
            self.lose(reason.to_owned());
        }
        Ok(indexed)
    }

    /// Has the topic looked for again, and says why.
    fn lose(&mut self, reason: String) {
        if self.condition.set_trouble(Some(reason.clone())) {
            tracing::error!(
                kafka.topic = self.reader.topic(),
                reason,
                "dead-letter topic not followed"
            );
        }
        self.partitions = 0;
    }
}

/// What the index keeps of a record of the dead-letter topic.
fn entry(record: &BorrowedMessage<'_>) -> Entry {
    let mut marks = record
        .headers()
        .map(|own| headers::read(&list(own)))
        .unwrap_or_default();
    if record.payload().is_some() {
        // A letter that holds its record's value does not speak for it.
        marks.pointer = None;
    }
    let fingerprint = match &marks.pointer {
        Some((sha256, _)) => sha256.clone(),
        None => fingerprint(record.payload().unwrap_or_default()),
    };
    Entry {
        id: LetterId {
            partition: record.partition(),
            offset: record.offset(),
        },
        row: LetterRow::of(&marks, record.timestamp().to_millis(), record.key(), record.payload()),
        place: marks.at.map(|coordinates| (coordinates, fingerprint)),
    }
}
