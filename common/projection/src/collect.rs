//! Sorts the queued records by partition: each batch begins here.

use std::collections::BTreeMap;

use orderlog_kafka::log_reader::LogEvent;
use orderlog_kafka::partition::Partitioning;
use rdkafka::Message;

use crate::batch::{LogRecord, PartitionBatch, Placement, hash, request};
use crate::partitions::Partitions;
use crate::phase::RestartReason;
use crate::schema_lookup::SchemaLookup;
use crate::topic_conflict::TopicConflict;

/// The records of a batch, by partition, each classified.
pub(crate) struct Collected<'a> {
    pub batches: Vec<PartitionBatch<'a>>,
    /// Why to restart after it, if there is a reason.
    pub restart: Option<RestartReason>,
}

/// Sorts a batch by partition and classifies its records.
///
/// # Errors
/// The topic is not the one that the store was built from.
pub(crate) fn collect<'a>(
    events: &'a [LogEvent<'a>],
    topic: &str,
    partitioning: Partitioning,
    remembers_keys: bool,
    partitions: &mut Partitions,
    lookup: &SchemaLookup,
) -> Result<Collected<'a>, TopicConflict> {
    let mut restart = None;
    let mut batches: BTreeMap<i32, PartitionBatch<'a>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        let partition = match event {
            LogEvent::OutOfRange => {
                restart = Some(RestartReason::OffsetOutOfRange);
                continue;
            }
            LogEvent::TopicMissing => {
                restart = Some(RestartReason::TopicMissing);
                continue;
            }
            // Never part of a batch: it arrives alone.
            LogEvent::TopicRecreated => continue,
            LogEvent::Record(record) => record.partition(),
            LogEvent::End { partition, .. } => *partition,
        };
        let Some(state) = partitions.get(partition) else {
            continue;
        };
        let verified = match event {
            LogEvent::Record(record) => state.verify(record.offset(), || hash(record.key(), record.payload())),
            _ => state.verify_end(),
        };
        verified.map_err(|why| TopicConflict::OtherTopic {
            topic: topic.to_owned(),
            partition,
            why,
        })?;
        let batch = batches.entry(partition).or_insert_with(|| {
            let placement = Placement {
                partition,
                partitioning,
            };
            PartitionBatch::new(placement, state.row().clone(), state.take_schema_answers())
        });
        match event {
            LogEvent::Record(record) => {
                let added = batch.push(LogRecord::of(index, record), |schema| lookup.cached(schema));
                // Reading a header can be expensive, so it is only done for records that need it.
                if let Some(added) = added.filter(|added| remembers_keys && added.is_event()) {
                    added.record.request = request(record);
                }
            }
            LogEvent::End { offset, .. } => batch.reached_end(*offset),
            _ => {}
        }
    }
    Ok(Collected {
        batches: batches.into_values().collect(),
        restart,
    })
}
