//! Control messages to the projection's thread.

use tokio::sync::oneshot;

use crate::rejections::SkippedRecord;
use crate::schema_id_audit::Verdict;

/// A message to the thread.
pub(crate) enum ControlMessage {
    /// Read records again that were skipped because their schema was unknown.
    Rewind(Rewind),
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
