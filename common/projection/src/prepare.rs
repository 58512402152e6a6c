//! What must be true before the log is read: the topic is there and keeps its records, it has as many partitions as when
//! the store was made, and the store's offsets are offsets of this very topic.

use std::time::Duration;

use anyhow::Context;
use orderlog_kafka::log_reader::LogReader;
use orderlog_kafka::partition::Partitioning;
use orderlog_kafka::topics::{self, FoundTopic, TopicError, TopicPolicy};
use tokio::runtime::Handle;

use super::{Settings, grown};
use crate::store::{BatchChanges, PartitionRow, Store, StoreError};

/// How long the broker may take for one answer; a service that is told to stop waits as long for it.
const PATIENCE: Duration = Duration::from_secs(3);

const UNTIL_REBUILT: &str = "Nothing is read until an operator starts with --rebuild, which forgets the store's orders and reads the topic anew";

/// What to do with a topic whose records lie as in a smaller one.
pub(super) const COPY_IT: &str =
    "Copy the events to a new topic, each under its key, and start with --rebuild on that one";

/// Why reading cannot begin.
pub(super) enum NotReady {
    /// It may pass: try again.
    Yet(String),
    /// Only an operator can tell what is right.
    Halt(String),
}

/// Where one partition begins.
pub(super) struct Begin {
    pub row: PartitionRow,
    /// The offset to read first.
    pub from: i64,
    /// Whether the first record that is read must be the one that the store remembers as its last.
    pub verify: bool,
    /// Whether records that were not read are passed over.
    pub moved: bool,
}

pub(super) struct Prepared {
    pub begins: Vec<Begin>,
    pub warnings: Vec<String>,
}

/// Checks everything, once.
pub(super) fn prepare(
    settings: &Settings,
    reader: &LogReader,
    store: &Store,
    runtime: &Handle,
) -> Result<Prepared, NotReady> {
    let yet = |error: anyhow::Error| NotReady::Yet(format!("{error:#}"));
    let topic = &settings.topic.name;
    let Store::Embedded(embedded) = store;
    let was_read = embedded.partitions().is_ok_and(|rows| !rows.is_empty());
    let FoundTopic { partitions, warnings } = find_topic(settings, reader, was_read, runtime)?;
    if !was_read {
        // Before the store remembers the rule, which may have to be another one.
        grown::check(reader, settings.cluster.partitioner, partitions)?;
    }
    let claimed = store
        .claim(
            settings.service,
            topic,
            Partitioning {
                partitioner: settings.cluster.partitioner,
                partitions,
            },
        )
        .map_err(|error| match error {
            StoreError::DiskFull(full) => yet(full.into()),
            failed => NotReady::Halt(format!("{failed:#}")),
        })?;
    if claimed != partitions {
        return Err(NotReady::Halt(other_count(topic, partitions, claimed)));
    }
    let mut rows = embedded.partitions().map_err(|e| NotReady::Halt(format!("{e:#}")))?;
    let begins: Vec<Begin> = (0..partitions)
        .map(|partition| begin(settings, reader, partition, rows.remove(&partition).unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    keep_moved(store, &begins).map_err(|e| NotReady::Yet(format!("the store cannot be written: {e:#}")))?;
    Ok(Prepared { begins, warnings })
}

/// Writes down where records were passed over, so that the operator's consent is needed once and not at every start.
fn keep_moved(store: &Store, begins: &[Begin]) -> Result<(), StoreError> {
    let moved = (0..).zip(begins).filter(|(_, begin)| begin.moved);
    let changes = BatchChanges {
        partitions: moved.map(|(partition, begin)| (partition, begin.row.clone())).collect(),
        ..BatchChanges::default()
    };
    let Store::Embedded(store) = store;
    store.commit(&changes)
}

fn find_topic(
    settings: &Settings,
    reader: &LogReader,
    was_read: bool,
    runtime: &Handle,
) -> Result<FoundTopic, NotReady> {
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
        settings.may_create(),
    );
    runtime.block_on(found).map_err(|error| match error {
        TopicError::Compacted(error) => NotReady::Halt(error.to_string()),
        TopicError::Missing(topic) if was_read => NotReady::Yet(format!(
            "topic {topic} is missing, although records were read from it: restore it, or recreate it and restart with --rebuild"
        )),
        TopicError::Missing(_) | TopicError::JustCreated(_) => NotReady::Yet(error.to_string()),
        TopicError::Failed(error) => NotReady::Yet(format!("{error:#}")),
    })
}

fn begin(settings: &Settings, reader: &LogReader, partition: i32, mut row: PartitionRow) -> Result<Begin, NotReady> {
    let topic = &settings.topic.name;
    let (first, end) = reader
        .bounds(partition, PATIENCE)
        .with_context(|| format!("asking for the offsets of {topic}, partition {partition}"))
        .map_err(|e| NotReady::Yet(format!("{e:#}")))?;
    if end < row.next {
        return Err(NotReady::Halt(not_this_topic(
            topic,
            partition,
            &format!("it ends at offset {end}, but was read up to {}", row.next),
        )));
    }
    let moved = first > row.next;
    if moved && !settings.accept_truncated {
        return Err(NotReady::Halt(format!(
            "topic {topic}, partition {partition} begins at offset {first}, but was read only up to {}: the records in between are gone. Start once with --accept-truncated to go on without them, or with --rebuild to begin anew from what is left",
            row.next
        )));
    }
    if moved {
        tracing::warn!(
            kafka.topic = topic,
            kafka.partition = partition,
            from = row.next,
            to = first,
            "records are gone; going on behind them"
        );
        row.next = first;
        row.last = None;
    }
    // The last record that was read is read again: it must still be the same.
    let from = row
        .last
        .as_ref()
        .map(|last| last.offset)
        .filter(|offset| *offset >= first);
    Ok(Begin {
        from: from.unwrap_or(row.next),
        verify: from.is_some(),
        row,
        moved,
    })
}

/// The sentence for a topic whose number of partitions has changed.
pub(super) fn other_count(topic: &str, has: impl std::fmt::Display, had: impl std::fmt::Display) -> String {
    format!(
        "topic {topic} has {has} partitions, but had {had} when the store was made: an order's events now lie in two partitions. {COPY_IT}"
    )
}

/// The sentence for a topic that is not the one that the store was made from.
pub(super) fn not_this_topic(topic: &str, partition: i32, why: &str) -> String {
    format!(
        "topic {topic}, partition {partition} is not the one that the store was made from ({why}): it was deleted and made again, or lost records. {UNTIL_REBUILT}"
    )
}

/// The sentence for a topic that was deleted and made again while it was read.
pub(super) fn made_anew(topic: &str) -> String {
    format!(
        "topic {topic} is not the one that the store was made from (it has another id than before): it was deleted and made again. {UNTIL_REBUILT}"
    )
}
