//! Control messages to the projection's thread.

use tokio::sync::oneshot;

use crate::rejections::SkippedRecord;
use crate::schema_id_audit::Verdict;

/// A message to the thread.
pub(crate) enum ControlMessage {
    /// Read records again that were skipped because their schema was unknown.
    Rewind(Rewind),
    /// Act on what was found about the registry.
    Audited(Verdict),
    /// Read nothing more, and say why.
    Halt(String),
    /// Finish the batch and end.
    Stop,
}

/// Asks for records of one partition to be read again.
pub(crate) struct Rewind {
    pub partition: i32,
    pub records: Vec<SkippedRecord>,
    /// Answered once reading has begun again; dropped where it has not.
    pub done: oneshot::Sender<()>,
}
