//! Detects a topic whose partition count was increased after it was written to, so that an order's events may be in two
//! partitions. A store remembers how many there were; for a new store, the only evidence is the records, so the oldest
//! are examined before any is folded. The same records show whether writers use a different partitioner than this service was started
//! with.

mod evidence;
mod heads;

use orderlog_kafka::log_reader::LogReader;
use orderlog_kafka::partition::Partitioning;

use crate::start_error::StartError;
use crate::topic_conflict::TopicConflict;
use evidence::{FewerPartitions, MIN_RECORDS, added_partitions, other_partitioner};

/// Examines the topic's oldest records.
///
/// # Errors
/// They are partitioned as in a topic of fewer partitions, or by another partitioner, which an operator has to fix; or
/// they cannot be read yet.
pub(crate) fn check(reader: &LogReader, partitioning: Partitioning) -> Result<(), StartError> {
    let Partitioning {
        partitioner,
        partitions,
    } = partitioning;
    let bounds = heads::bounds(reader, partitions)?;
    let records: i64 = bounds.iter().map(|(first, end)| end - first).sum();
    if partitions == 1 || records < MIN_RECORDS {
        return Ok(());
    }
    let heads = heads::read(reader, &bounds)?;
    let topic = reader.topic().to_owned();
    // First, because it explains more of the records if both are possible.
    if let Some(theirs) = other_partitioner(partitioning, &heads) {
        return Err(StartError::from(TopicConflict::OtherPartitioner {
            topic,
            ours: partitioner,
            theirs,
        }));
    }
    match added_partitions(partitioning, &heads) {
        None => Ok(()),
        Some(FewerPartitions {
            before,
            partition,
            offset,
            home,
        }) => Err(StartError::from(TopicConflict::PartitionsAdded {
            topic,
            partitions,
            before,
            partition,
            offset,
            home,
        })),
    }
}
