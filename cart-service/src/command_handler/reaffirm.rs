//! Makes an answer certain that writes no event even though records of the order were skipped: rewrites the order above
//! the versions that those records may have.

use std::time::Instant;

use orderlog_contract::order::OrderState;

use super::{CommandHandler, event_stamp};
use crate::command_outcome::CommandError;
use crate::unresolved_orders::ReservedVersions;

impl CommandHandler {
    /// Writes the order unchanged, above all reserved versions. Returns it, or `None` when the event lost a race.
    ///
    /// # Errors
    /// [`CommandError`], which says how certain it is.
    pub(super) async fn reaffirm(
        &self,
        state: &OrderState,
        reserved: &ReservedVersions,
        partition: i32,
        deadline: Instant,
    ) -> Result<Option<OrderState>, CommandError> {
        let event = reserved
            .reaffirm(state, event_stamp()?)
            .map_err(CommandError::Refused)?;
        let rewinds = self.view.rewinds();
        // Without the request's key: the request did not cause this event.
        self.write(event, None, partition, rewinds, deadline).await
    }
}
