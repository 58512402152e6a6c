//! Why reading cannot begin, and whether time may change that.

use orderlog_kafka::connection::Disconnected;

use crate::topic_conflict::TopicConflict;

/// Why reading cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// No broker is connected: try again.
    #[error("{0:#}")]
    Disconnected(#[source] anyhow::Error),
    /// It may pass: try again.
    #[error("{0:#}")]
    Retry(#[source] anyhow::Error),
    /// Only an operator can decide.
    #[error("{0:#}")]
    Halt(#[source] anyhow::Error),
}

impl StartError {
    /// A request to a broker has failed.
    pub fn of_broker(error: anyhow::Error) -> Self {
        if error.is::<Disconnected>() {
            Self::Disconnected(error)
        } else {
            Self::Retry(error)
        }
    }
}

impl From<TopicConflict> for StartError {
    fn from(conflict: TopicConflict) -> Self {
        Self::Halt(conflict.into())
    }
}
