//! Why a record was not written.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::permissions::Permission;

/// Why a record was not written, or not for all that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The producer's queue is full: try again after some deliveries.
    #[error("the producer's queue is full")]
    QueueFull,
    /// The record, or the request that it was part of, is larger than the client, the topic or the broker allows.
    #[error("the record is too large")]
    TooLarge,
    /// The account may not write.
    #[error("{0}")]
    Denied(Permission),
    /// The client met that fatal error, and is being replaced.
    #[error("the producer had a fatal error: {0}")]
    Fatal(RDKafkaErrorCode),
    /// Anything else.
    #[error("{}", describe(.0))]
    Failed(#[source] KafkaError),
}

impl From<KafkaError> for WriteError {
    fn from(error: KafkaError) -> Self {
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => Self::QueueFull,
            Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::MessageBatchTooLarge) => Self::TooLarge,
            _ => Self::Failed(error),
        }
    }
}

fn describe(error: &KafkaError) -> String {
    let code = error.rdkafka_error_code();
    code.map_or_else(|| error.to_string(), |code| code.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_a_caller_can_act_on_are_distinguished_and_the_rest_is_described_by_code() {
        let of = |code| WriteError::from(KafkaError::MessageProduction(code));
        assert_eq!(of(RDKafkaErrorCode::QueueFull), WriteError::QueueFull);
        assert_eq!(of(RDKafkaErrorCode::MessageBatchTooLarge), WriteError::TooLarge);
        assert_eq!(of(RDKafkaErrorCode::MessageSizeTooLarge), WriteError::TooLarge);
        let late = of(RDKafkaErrorCode::MessageTimedOut).to_string();
        assert_eq!(late, RDKafkaErrorCode::MessageTimedOut.to_string());
    }
}
