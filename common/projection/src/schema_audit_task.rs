//! Periodically compares known schema ids with the registry, and reports the result to the projection's thread.

use std::sync::mpsc;
use std::time::Duration;

use orderlog_runtime::crash_point::{self, Point};

use crate::control_message::ControlMessage;
use crate::schema_id_audit::SchemaIdAudit;

/// Interval between two checks while the registry does not answer, or is not the one that the store knows.
const RETRY_INTERVAL: Duration = Duration::from_secs(2);

/// Compares what known ids mean: first all of them, then some every `interval`.
pub(crate) async fn run(audit: SchemaIdAudit, interval: Duration, control: mpsc::Sender<ControlMessage>) {
    let mut verdicts = audit.watch();
    loop {
        crash_point::reached(Point::SchemaIdAuditTurn);
        let has_answered = audit.run().await.is_ok();
        let verdict = verdicts.borrow_and_update().clone();
        let is_fine = has_answered && verdict.conflict().is_none();
        // An error means that the projection has stopped.
        let _ = control.send(ControlMessage::Audited(verdict));
        let pause = if is_fine {
            interval
        } else {
            RETRY_INTERVAL.min(interval)
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // A request for a schema has found a conflict.
            Ok(()) = verdicts.changed() => {}
        }
    }
}
