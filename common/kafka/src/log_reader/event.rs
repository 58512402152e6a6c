//! What a reader can return, and which of the consumer's errors mean something to it.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;

/// Everything that a reader can return.
pub enum LogEvent<'a> {
    /// A record.
    Record(BorrowedMessage<'a>),
    /// That partition was read to its end.
    End {
        /// The partition.
        partition: i32,
        /// Its end offset; negative if it is unknown.
        offset: i64,
    },
    /// The offset to read from is out of range in some partition.
    OutOfRange,
    /// The topic does not exist, or not any more.
    TopicMissing,
    /// The topic was deleted and created again: nothing that is known of it holds. Always the only event of its batch.
    TopicRecreated,
}

/// What an error of the consumer means to a reader; most mean only that librdkafka is retrying. `end`: the end offset of the
/// partition whose end was reported last.
pub(super) fn event_of(error: KafkaError, end: i64) -> Option<LogEvent<'static>> {
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
            tracing::debug!(error = %other, "kafka consumer error");
            None
        }
    }
}
