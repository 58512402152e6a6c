//! Control messages to the projection's thread.

use tokio::sync::oneshot;

use crate::breaker::BreakerLimit;
use crate::rejections::SkippedRecord;
use crate::schema_id_audit::Verdict;
use crate::store::StoreError;

/// A message to the thread.
pub(crate) enum ControlMessage {
    /// Read records again that were skipped because their schema was unknown.
    Rewind(Rewind),
    /// Resume partitions whose breaker is open.
    Resume(Resume),
    /// Act on the result of an audit.
    Audited(Verdict),
    /// Stop reading, and report why.
    Halt(String),
    /// Finish the batch and end.
    Stop,
}

/// Asks for records of one partition to be read again.
pub(crate) struct Rewind {
    pub partition: i32,
    pub records: Vec<SkippedRecord>,
    /// Answered once the re-read has begun; dropped if it has not.
    pub done: oneshot::Sender<()>,
}

/// Asks for partitions to be read again whose breaker is open.
pub(crate) struct Resume {
    /// Only that partition; `None`: all.
    pub partition: Option<i32>,
    /// The limit from now on.
    pub limit: Option<BreakerLimit>,
    /// Answered with the partitions that are read again; dropped if nothing is read now.
    pub done: oneshot::Sender<Result<Vec<i32>, StoreError>>,
}
