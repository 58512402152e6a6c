//! Conflicts that only an operator can resolve: the topic is not the one that the store was built from, or cannot be read
//! as one log of orders. Each message says what to do.

use orderlog_kafka::partition::Partitioner;

const REBUILD: &str =
    "Consumption is halted. Restart with --rebuild to discard the store's orders and read the topic from the beginning";

const COPY_EVENTS: &str = "Copy the events to a new topic, keeping each key, and start with --rebuild on that one";

/// Why the topic is not read until an operator acts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TopicConflict {
    /// Its number of partitions has changed.
    #[error(
        "topic {topic} has {has} partitions, but had {had} when the store was built: an order's events may now be in two partitions. {COPY_EVENTS}"
    )]
    PartitionCount { topic: String, has: i32, had: i32 },
    /// A partition does not contain what was read from it.
    #[error(
        "topic {topic}, partition {partition} is not the topic that the store was built from ({why}): it was deleted and recreated, or lost records. {REBUILD}"
    )]
    OtherTopic {
        topic: String,
        partition: i32,
        why: OtherTopic,
    },
    /// It was deleted and recreated while it was read.
    #[error(
        "topic {topic} is not the topic that the store was built from (its topic id has changed): it was deleted and recreated. {REBUILD}"
    )]
    Recreated { topic: String },
    /// Records were deleted before they were read.
    #[error(
        "topic {topic}, partition {partition} starts at offset {first}, but was read only up to {next}: the records in between were deleted. Start once with --accept-truncated to skip them, or with --rebuild to start over from what is left"
    )]
    Truncated {
        topic: String,
        partition: i32,
        first: i64,
        next: i64,
    },
    /// It was given more partitions after it was written to.
    #[error(
        "topic {topic} has {partitions} partitions, but its oldest records are partitioned as in a topic with {before} partitions (the key at offset {offset} of partition {partition} now belongs to partition {home}): partitions were added after it was written to, so an order's events may be in two of them. {COPY_EVENTS}"
    )]
    PartitionsAdded {
        topic: String,
        partitions: i32,
        before: i32,
        partition: i32,
        offset: i64,
        home: i32,
    },
    /// Its producers use a different partitioner than this service.
    #[error(
        "topic {topic} is partitioned by {theirs}, but this service was started with {ours} and would look for orders in the wrong partitions. Start it with KAFKA_PARTITIONER={theirs} (--kafka-partitioner); if the topic's producers are wrong, fix them and copy the events to a new topic, keeping each key"
    )]
    OtherPartitioner {
        topic: String,
        ours: Partitioner,
        theirs: Partitioner,
    },
}

/// How a partition differs from what was read from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OtherTopic {
    /// The record at the offset of the last one is not the one that was read.
    #[error("offset {offset} holds a different record than before")]
    OtherRecord { offset: i64 },
    /// The record no longer exists.
    #[error("the last record that was read is missing")]
    RecordMissing,
    /// It is shorter than what was read.
    #[error("it ends at offset {end}, but was read up to {next}")]
    Shorter { end: i64, next: i64 },
}
