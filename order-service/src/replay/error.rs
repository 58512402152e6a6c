//! Why a replay, or a discard, was refused.

use orderlog_kafka::producer::WriteError;
use orderlog_kafka::record_reader::ReadError;
use orderlog_projection::store::StoreError;

use super::jobs::MAX_RUNNING;

/// Why a replay, or a discard, was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The disk fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The dead letters cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The registry does not answer, so what would become of them is not known.
    #[error("the schema registry does not answer, so it is not known what would become of the dead letters: {0}")]
    Registry(String),
    /// It is not known which dead letters are open.
    #[error("it is not known which dead letters are open, so nothing was discarded; ask again: {0}")]
    NotCurrent(String),
    /// A mark was not written, for all that is known.
    #[error("the dead letters were not marked as discarded, or not all of them: {0}")]
    NotMarked(#[source] WriteError),
    /// The topic was recreated meanwhile.
    #[error("the dead-letter topic was recreated meanwhile, so not all of the dead letters were discarded; ask again")]
    Recreated,
    /// Too many replays are waiting.
    #[error("{MAX_RUNNING} replays are running or waiting; stop one, or wait until one ends")]
    TooMany,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}
