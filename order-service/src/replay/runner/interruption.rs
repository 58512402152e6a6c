//! Why a job does not go on.

use orderlog_kafka::producer::transactional::TransactionError;
use orderlog_kafka::record_reader::ReadError;
use orderlog_projection::store::StoreError;

/// Why a job does not go on.
pub(super) enum Interruption {
    /// For a moment; with the reason.
    Retry(String),
    /// Another instance has taken over, for a moment.
    Fenced,
    /// For good; with the reason.
    Failed(String),
    /// It is to be stopped.
    Stopped,
}

impl Interruption {
    /// The positions that the job knows are of another topic.
    pub fn recreated() -> Self {
        Self::Failed(
            "the dead-letter topic was recreated or truncated, or is another one, since the replay was started, so its dead letters cannot be found again: start another replay"
                .to_owned(),
        )
    }
}

impl From<TransactionError> for Interruption {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Fenced => Self::Fenced,
            TransactionError::Denied(_) | TransactionError::Unsupported(_) => Self::Failed(error.to_string()),
            TransactionError::TooLarge | TransactionError::Failed(_) => {
                Self::Retry(format!("the records cannot be written: {error}"))
            }
        }
    }
}

impl From<StoreError> for Interruption {
    fn from(error: StoreError) -> Self {
        Self::Retry(format!("the store fails: {error:#}"))
    }
}

impl From<ReadError> for Interruption {
    fn from(error: ReadError) -> Self {
        Self::Retry(error.to_string())
    }
}

impl From<anyhow::Error> for Interruption {
    fn from(error: anyhow::Error) -> Self {
        Self::Retry(format!("{error:#}"))
    }
}
