//! A topic that was given more partitions after it was written to: an order's events are in two of them then. A store
//! remembers how many there were; a new one has only the records themselves, so it looks at the oldest before it reads any.
//! The same records show whether writers use another partitioner than this service was started with.

mod evidence;
mod heads;

use orderlog_kafka::log_reader::LogReader;
use orderlog_kafka::partition::Partitioning;

use crate::start_error::StartError;
use crate::topic_conflict::TopicConflict;
use evidence::{FewerPartitions, MIN_RECORDS, added_partitions, other_partitioner};

/// Looks at the topic's oldest records.
///
/// # Errors
/// They are partitioned as in a topic of fewer partitions, or by another partitioner, which is for an operator to mend; or
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
    // First: it explains more of the records where both could.
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
