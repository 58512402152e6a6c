//! Makes answers certain that write no event, after records of the order were skipped: the order is rewritten above the
//! versions that those records may contain.

use std::time::Instant;

use orderlog_contract::order::{OrderState, Outcome};

use super::{CommandHandler, rejected, stamp, won};
use crate::command_outcome::CommandError;
use crate::doubts::Reserved;

impl CommandHandler {
    /// Writes the order unchanged, above all reserved versions. Returns it, or `None` when the event lost a race.
    ///
    /// # Errors
    /// [`CommandError`], which says how certain it is.
    pub(super) async fn reaffirm(
        &self,
        state: &OrderState,
        reserved: &Reserved,
        partition: i32,
        deadline: Instant,
    ) -> Result<Option<OrderState>, CommandError> {
        let stamp = stamp().map_err(|wrong| CommandError::Unavailable(wrong.to_string()))?;
        let event = reserved.again(state, stamp).map_err(CommandError::Refused)?;
        // Without the request's key: the request did not cause this event.
        let rewinds = self.view.rewinds();
        let settled = self.write(&event, None, partition, deadline).await?;
        self.check_settled(&event.order.order_id, event.event_id, rewinds)?;
        match settled.outcome {
            Outcome::Applied { .. } | Outcome::Duplicate => Ok(Some(won(event, &settled))),
            Outcome::Superseded => Ok(None),
            Outcome::Ignored | Outcome::Rejected(_) => Err(rejected(&settled)),
        }
    }
}
