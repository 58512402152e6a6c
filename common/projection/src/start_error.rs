//! Why reading cannot begin, and whether time may change that.

use crate::topic_conflict::TopicConflict;

/// Why reading cannot begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// It may pass: try again.
    #[error("{0:#}")]
    Retry(#[source] anyhow::Error),
    /// Only an operator can decide.
    #[error("{0:#}")]
    Halt(#[source] anyhow::Error),
}

impl From<TopicConflict> for StartError {
    fn from(conflict: TopicConflict) -> Self {
        Self::Halt(conflict.into())
    }
}
