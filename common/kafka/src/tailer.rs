//! Tails one topic: reads it from offsets that the caller keeps, to its end and on. When the topic is missing, recreated
//! or has lost records, tailing stops until it is found again. What the records mean, and what is kept of them, is the
//! caller's business.

mod ends;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use ends::Ends;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use tokio::runtime::Handle;

use crate::cluster::Cluster;
use crate::connection::ConnectionState;
use crate::log_reader::{LogEvent, LogReader};
use crate::topics::{self, FoundTopic, TopicError, TopicPolicy, TopicSpec};

/// How long the broker may take for one response; the caller's thread waits meanwhile.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Tails one topic, on the caller's thread. It begins with [`find`](Self::find) and [`start`](Self::start).
pub struct TopicTailer {
    cluster: Cluster,
    spec: TopicSpec,
    policy: TopicPolicy,
    reader: LogReader,
    connection: ConnectionState,
    /// How many partitions are tailed; 0: none.
    partitions: i32,
    ends: Ends,
    /// Whether the reader lost the topic: it may keep reporting that of a recreated one, so it is replaced.
    is_reader_stale: bool,
    /// Whether the topic was recreated since it was last started: the caller's offsets belong to the old one.
    is_recreated: bool,
}

/// A topic that can be tailed.
#[derive(Debug)]
pub struct Tailable {
    /// What an operator should know about its configuration, one sentence each.
    pub warnings: Vec<String>,
    /// Start and end offset of each partition.
    bounds: Vec<(i64, i64)>,
    is_recreated: bool,
}

/// What was read.
pub struct TailedBatch<'a> {
    /// The records, in order per partition.
    pub records: Vec<BorrowedMessage<'a>>,
    /// End offsets that were reached, by partition, after the records. They are beyond transaction markers, which are never
    /// returned.
    pub ends: BTreeMap<i32, i64>,
    /// Why tailing stopped after them; `None` if it continues.
    pub interrupted: Option<Interruption>,
}

/// Why tailing stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// The next records were deleted.
    Truncated,
    /// The topic does not exist any more.
    Missing,
    /// The topic was deleted and created again.
    Recreated,
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "has lost records that were not read",
            Self::Missing => "is missing",
            Self::Recreated => "was recreated",
        })
    }
}

impl Tailable {
    /// Whether a reader that has read up to those offsets, by partition, can continue from there: they are offsets of this
    /// very topic, and no later record was deleted.
    pub fn continues(&self, next: &BTreeMap<i32, i64>) -> bool {
        let fits = |(partition, next): (&i32, &i64)| {
            let bounds = usize::try_from(*partition).ok().and_then(|n| self.bounds.get(n));
            bounds.is_some_and(|(start, end)| (start..=end).contains(&next))
        };
        !self.is_recreated && next.iter().all(fits)
    }
}

impl TopicTailer {
    /// A tailer of that topic, which is not tailed yet.
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn new(cluster: Cluster, spec: TopicSpec, policy: TopicPolicy) -> anyhow::Result<Self> {
        let connection = ConnectionState::default();
        Ok(Self {
            reader: LogReader::new(&cluster, &spec.name, connection.clone())?,
            cluster,
            spec,
            policy,
            connection,
            partitions: 0,
            ends: Ends::default(),
            is_reader_stale: false,
            is_recreated: false,
        })
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        &self.spec.name
    }

    /// How many partitions are tailed; 0 if the topic is not.
    pub fn partitions(&self) -> i32 {
        self.partitions
    }

    /// Whether the topic is tailed.
    pub fn is_tailing(&self) -> bool {
        self.partitions > 0
    }

    /// Whether the end of every partition has been reached since the start.
    pub fn is_at_end(&self) -> bool {
        self.ends.were_reached()
    }

    /// Whether every record was returned, as far as the brokers have told, and those that would tell of more are connected. Not
    /// while there are [open transactions](Self::open_transactions): their records are there already.
    pub fn is_current(&self) -> bool {
        let silent = |partition| self.connection.end_unknown_since(partition).is_some();
        self.is_tailing()
            && self.ends.are_current()
            && !(0..self.partitions).any(silent)
            && self.open_transactions().next().is_none()
    }

    /// Partitions in which a transaction has been open for longer than ordinary ones are, each with the offset of its first
    /// record: what is behind it is not returned before it ends.
    pub fn open_transactions(&self) -> impl Iterator<Item = (i32, i64)> {
        let stalled = |partition| {
            let stalled = self.connection.stalled_lso(partition);
            let stalled = stalled.filter(|stalled| stalled.is_long() && self.ends.is_at_end(partition));
            Some((partition, stalled?.offset))
        };
        (0..self.partitions).filter_map(stalled)
    }

    /// Why the topic may not be read; `None` if it may, as far as is known.
    pub fn denied(&self) -> Option<String> {
        self.reader.denied()
    }

    /// Finds the topic, or creates it. `may_create` is awaited before it is created.
    ///
    /// # Errors
    /// Why it cannot be tailed yet.
    pub fn find(
        &mut self,
        runtime: &Handle,
        may_create: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<Tailable> {
        self.serve();
        let found = topics::find(&self.reader, &self.cluster, &self.spec, self.policy, may_create);
        let FoundTopic {
            partitions,
            mut warnings,
            unchecked,
        } = runtime.block_on(found).map_err(TopicError::into_source)?;
        // Only a denial lasts until an operator acts. Anything else would be a warning until the topic is found again, which
        // may be never.
        match unchecked {
            Some(unchecked) if unchecked.is_denied => warnings.push(unchecked.to_string()),
            Some(unchecked) => tracing::debug!(kafka.topic = self.spec.name, reason = %unchecked, "topic not checked"),
            None => {}
        }
        if self.is_reader_stale {
            self.reader = LogReader::new(&self.cluster, &self.spec.name, self.connection.clone())?;
            self.is_reader_stale = false;
        }
        let bounds: anyhow::Result<Vec<_>> = (0..partitions)
            .map(|partition| self.reader.bounds(partition, TIMEOUT))
            .collect();
        Ok(Tailable {
            warnings,
            bounds: bounds?,
            is_recreated: self.is_recreated,
        })
    }

    /// Starts tailing, from those offsets by partition, and from the start where there is none.
    ///
    /// # Errors
    /// The client rejects the assignment.
    pub fn start(&mut self, found: &Tailable, next: &BTreeMap<i32, i64>) -> anyhow::Result<()> {
        let from =
            |(partition, (start, _)): (i32, &(i64, i64))| (partition, next.get(&partition).copied().unwrap_or(*start));
        let from: Vec<(i32, i64)> = (0..).zip(&found.bounds).map(from).collect();
        self.reader.assign(from.iter().copied())?;
        self.partitions = i32::try_from(found.bounds.len())?;
        self.ends = Ends::starting(from);
        self.is_recreated = false;
        Ok(())
    }

    /// Stops tailing, until the topic is found and started again.
    pub fn stop(&mut self) {
        self.partitions = 0;
    }

    /// Serves the client's callbacks while the topic is not tailed. Call it regularly then.
    pub fn serve(&mut self) {
        self.is_recreated |= self.reader.serve();
    }

    /// The next records, at most `max`; waits up to `wait` for the first.
    pub fn next_batch(&mut self, max: usize, wait: Duration) -> TailedBatch<'_> {
        let mut records = Vec::new();
        let mut ends = BTreeMap::new();
        let mut interrupted = None;
        for event in self.reader.next_batch(max, wait) {
            match event {
                LogEvent::Record(record) => {
                    self.ends.note_record(record.partition(), record.offset());
                    records.push(record);
                }
                LogEvent::End { partition, offset } => {
                    self.ends.note_end(partition);
                    if offset >= 0 {
                        ends.insert(partition, offset);
                    }
                }
                LogEvent::OutOfRange => interrupted = Some(Interruption::Truncated),
                LogEvent::TopicMissing => interrupted = Some(Interruption::Missing),
                LogEvent::TopicRecreated => interrupted = Some(Interruption::Recreated),
            }
        }
        let is_away = |partition| self.connection.end_unknown_since(partition).is_some();
        for (partition, offset) in self.ends.look(is_away) {
            self.reader.seek(partition, offset);
        }
        if let Some(interruption) = interrupted {
            self.is_recreated |= interruption == Interruption::Recreated;
            self.is_reader_stale = true;
            self.partitions = 0;
        }
        TailedBatch {
            records,
            ends,
            interrupted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_continue_only_within_the_topic_that_they_were_read_from() {
        let found = |is_recreated| Tailable {
            warnings: Vec::new(),
            bounds: vec![(0, 5), (3, 3)],
            is_recreated,
        };
        for (next, continues) in [
            (vec![], true),
            (vec![(0, 0), (1, 3)], true),
            (vec![(0, 5)], true),
            (vec![(0, 6)], false),
            (vec![(1, 2)], false),
            (vec![(2, 0)], false),
        ] {
            let next = next.into_iter().collect();
            assert_eq!(found(false).continues(&next), continues, "{next:?}");
            assert!(!found(true).continues(&next), "{next:?}");
        }
    }
}
