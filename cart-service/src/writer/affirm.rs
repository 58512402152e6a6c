//! Answers that need no event of their own, while records of the order were passed over: they are sure once the order was
//! written above what those may say.

use std::time::Instant;

use orderlog_contract::order::{OrderState, Outcome};

use super::{CommandHandler, rejected, stamp, won};
use crate::done::Failure;
use crate::doubts::Reserved;

impl CommandHandler {
    /// Writes an order as it is above all versions that are reserved. Returns it, or `None` when another writer was faster.
    ///
    /// # Errors
    /// [`Failure`], which says how sure it is.
    pub(super) async fn affirm(
        &self,
        state: &OrderState,
        reserved: &Reserved,
        partition: i32,
        deadline: Instant,
    ) -> Result<Option<OrderState>, Failure> {
        let stamp = stamp().map_err(|wrong| Failure::NotNow(wrong.to_string()))?;
        let event = reserved.again(state, stamp).map_err(Failure::Refused)?;
        // Without the request's key: it is not the event that the request has led to.
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
