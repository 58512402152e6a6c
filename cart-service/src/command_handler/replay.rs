//! The outcome of an earlier attempt of the same request, under the same key.

use orderlog_contract::idempotency::{KeyedRequest, RequestHash};
use orderlog_contract::order::OrderState;
use orderlog_projection::store::KeyUse;

use super::CommandHandler;
use crate::command_outcome::{CommandError, CommandOutcome};
use crate::decide::{Refusal, order_as_of};

impl CommandHandler {
    /// The outcome of an earlier attempt of this request, if it is known and final: its event has been read and precedes every
    /// skipped record of the order. The partition need not be writable.
    pub(super) async fn find_replay(&self, order_id: &str, keyed: Option<&KeyedRequest>) -> Option<CommandOutcome> {
        let keyed = keyed?;
        let rewinds = self.view.rewinds();
        let found = self.unresolved.look_up(order_id, Some(&keyed.key)).await.ok()?;
        let Some(KeyUse::ThisOrder(answer)) = found.key_use else {
            return None;
        };
        // A recreated topic does not contain the event. Checked late: most keys are new and return above.
        if self.view.progress().halted.is_some() {
            return None;
        }
        let read_up_to = self.read_up_to(answer.partition).await?;
        // Look up again: the first lookup may predate a rewind.
        let found = self.unresolved.look_up(order_id, Some(&keyed.key)).await.ok()?;
        let Some(KeyUse::ThisOrder(answer)) = found.key_use.filter(|_| found.order.is_some()) else {
            return None;
        };
        let earlier = replay(found.order.as_ref(), &keyed.hash, &KeyUse::ThisOrder(answer)).ok()?;
        let is_read = earlier.state().offset < read_up_to;
        let unresolved = found
            .unresolved
            .is_some_and(|order| order.offset < earlier.state().offset);
        let invalidated = found
            .reserved
            .is_some_and(|reserved| reserved.may_invalidate(earlier.state()));
        let is_final = is_read && !unresolved && !invalidated && self.view.rewinds() == rewinds;
        is_final.then_some(earlier)
    }

    /// How far the partition has been read; taken from the store until the topic has been found after startup.
    async fn read_up_to(&self, partition: i32) -> Option<i64> {
        match self.view.next_offset(partition) {
            Some(next) => Some(next),
            None => Some(self.view.store().partitions().await.ok()?.get(&partition)?.next),
        }
    }
}

/// The answer to a request whose key was used before: the order as it was then, if it is the same request.
pub(super) fn replay(
    state: Option<&OrderState>,
    hash: &RequestHash,
    key_use: &KeyUse,
) -> Result<CommandOutcome, CommandError> {
    match (key_use, state) {
        (KeyUse::ThisOrder(answer), Some(state)) if answer.hash == *hash => {
            Ok(CommandOutcome::Replayed(Box::new(order_as_of(answer, state))))
        }
        (KeyUse::ThisOrder(answer), None) if answer.hash == *hash => Err(CommandError::Unavailable(
            "the order's records are being re-read; retry".to_owned(),
        )),
        _ => Err(CommandError::Refused(Refusal::KeyReused)),
    }
}
