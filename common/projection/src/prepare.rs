//! What must be true before the log is read: the topic is there and keeps its records, it has as many partitions as when
//! the store was built, and the store's offsets are offsets of this very topic.

use std::time::Duration;

use anyhow::{Context, anyhow};
use orderlog_kafka::log_reader::LogReader;
use orderlog_kafka::partition::Partitioning;
use orderlog_kafka::topics::{self, FoundTopic, TopicError, TopicPolicy};
use tokio::runtime::Handle;

use crate::breaker::Breaker;
use crate::partition_audit;
use crate::settings::Settings;
use crate::start_error::StartError;
use crate::store::{BatchChanges, PartitionRow, Store, StoreError};
use crate::topic_conflict::{OtherTopic, TopicConflict};

/// How long the broker may take for one answer; a service that stops may have to wait as long for it.
const BROKER_TIMEOUT: Duration = Duration::from_secs(3);

/// Where one partition starts.
pub(crate) struct PartitionStart {
    pub row: PartitionRow,
    /// The offset to read first.
    pub from: i64,
    /// Whether the first record that is read must be the one that the store remembers as its last.
    pub verify: bool,
    /// Whether it is paused when it has too many dead letters.
    pub has_breaker: bool,
    /// Whether the store does not have the row yet.
    pub is_new: bool,
}

/// What is needed to start reading.
pub(crate) struct Prepared {
    pub starts: Vec<PartitionStart>,
    /// What an operator should know of the topic's settings.
    pub warnings: Vec<String>,
}

/// Checks everything, once. `prepare_handler` is called when the topic was found.
///
/// # Errors
/// [`StartError`].
pub(crate) fn prepare(
    settings: &Settings,
    reader: &LogReader,
    store: &Store,
    runtime: &Handle,
    prepare_handler: impl FnOnce() -> anyhow::Result<()>,
) -> Result<Prepared, StartError> {
    let topic = &settings.topic.name;
    // A store that cannot be read may have been filled: nothing may be created on the guess that it was not.
    let mut rows = runtime
        .block_on(store.partitions())
        .map_err(|error| StartError::Halt(error.into()))?;
    let was_read = !rows.is_empty();
    let FoundTopic {
        partitions,
        mut warnings,
        unchecked,
    } = find_topic(settings, reader, was_read, runtime)?;
    warnings.extend(unchecked.map(|unchecked| unchecked.to_string()));
    if let Some(registration) = &settings.registration {
        registration.topic_found();
    }
    // After the topic, so that whatever is wrong with both is reported of the topic.
    prepare_handler().map_err(StartError::of_broker)?;
    let partitioning = Partitioning {
        partitioner: settings.cluster.partitioner,
        partitions,
    };
    if !was_read {
        // Before the store remembers the partitioner, which may have to be another one.
        partition_audit::check(reader, partitioning)?;
    }
    let claimed = runtime
        .block_on(store.claim(settings.service, topic, partitioning))
        .map_err(|error| match error {
            StoreError::DiskFull(full) => StartError::Retry(full.into()),
            StoreError::Failed(error) => StartError::Halt(error),
        })?;
    if claimed != partitions {
        return Err(StartError::from(TopicConflict::PartitionCount {
            topic: topic.clone(),
            has: partitions,
            had: claimed,
        }));
    }
    let starts: Vec<PartitionStart> = (0..partitions)
        .map(|partition| start(settings, reader, partition, rows.remove(&partition).unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    // The operator's consent is needed once, and not at every start.
    let new = (0..).zip(&starts).filter(|(_, start)| start.is_new);
    let changes = BatchChanges {
        partitions: new.map(|(partition, start)| (partition, start.row.clone())).collect(),
        ..BatchChanges::default()
    };
    runtime
        .block_on(store.commit(&changes))
        .context("the store cannot be written")
        .map_err(StartError::Retry)?;
    Ok(Prepared { starts, warnings })
}

/// Finds the topic, or creates it where that is allowed.
fn find_topic(
    settings: &Settings,
    reader: &LogReader,
    was_read: bool,
    runtime: &Handle,
) -> Result<FoundTopic, StartError> {
    let policy = TopicPolicy {
        // A topic that was read is for an operator to restore: an empty one in its place would only be in the way.
        create: settings.create_topics && !was_read,
        check: settings.check_topics,
    };
    let found = topics::find(
        reader,
        &settings.cluster,
        &settings.topic,
        policy,
        settings.wait_until_creation_allowed(),
    );
    runtime.block_on(found).map_err(|error| match error {
        TopicError::Compacted(error) => StartError::Halt(error.into()),
        TopicError::Missing { topic, .. } if was_read => StartError::Retry(anyhow!(
            "topic {topic} is missing, although records were read from it: restore it, or recreate it and restart with --rebuild"
        )),
        TopicError::Missing { .. } | TopicError::JustCreated(_) => StartError::Retry(error.into()),
        TopicError::Failed(error) => StartError::of_broker(error),
    })
}

/// Where to start a partition that was read up to that row.
fn start(
    settings: &Settings,
    reader: &LogReader,
    partition: i32,
    mut row: PartitionRow,
) -> Result<PartitionStart, StartError> {
    let topic = &settings.topic.name;
    let (first, end) = reader
        .bounds(partition, BROKER_TIMEOUT)
        .map_err(StartError::of_broker)?;
    if end < row.next {
        let why = OtherTopic::Shorter { end, next: row.next };
        return Err(StartError::from(TopicConflict::OtherTopic {
            topic: topic.clone(),
            partition,
            why,
        }));
    }
    let truncated = first > row.next;
    if truncated && !settings.accept_truncated {
        return Err(StartError::from(TopicConflict::Truncated {
            topic: topic.clone(),
            partition,
            first,
            next: row.next,
        }));
    }
    if truncated {
        tracing::warn!(
            kafka.topic = topic,
            kafka.partition = partition,
            from = row.next,
            to = first,
            "log start is past the stored offset; skipping to it"
        );
        row.next = first;
        row.last = None;
    }
    // Kept, so that a restart amid the rebuild does not count these records, either.
    let is_rebuilt = settings.has_breaker && settings.rebuild && end > row.next;
    if is_rebuilt {
        row = row.with_breaker(Breaker::off_below(end));
    }
    // The last record that was read is read again: it must still be the same.
    let last = row.last.as_ref().map(|last| last.offset);
    let verified = last.filter(|offset| *offset >= first);
    Ok(PartitionStart {
        from: verified.unwrap_or(row.next),
        verify: verified.is_some(),
        row,
        has_breaker: settings.has_breaker,
        is_new: truncated || is_rebuilt,
    })
}
