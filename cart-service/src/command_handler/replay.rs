//! The outcome of an earlier attempt of the same request, under the same key.

use orderlog_contract::idempotency::{KeyedRequest, RequestHash};
use orderlog_contract::order::OrderState;
use orderlog_projection::store::KeyUse;

use super::CommandHandler;
use crate::command_outcome::{CommandError, CommandOutcome};
use crate::decide::{Refusal, order_as_of};

impl CommandHandler {
    /// The outcome of an earlier attempt of this request, if it is known and final: its event has been read and precedes every
    /// skipped record of the order. Does not require that the partition is writable.
    pub(super) fn find_replay(&self, order_id: &str, keyed: Option<&KeyedRequest>) -> Option<CommandOutcome> {
        let keyed = keyed?;
        let rewinds = self.view.rewinds();
        let (_, Some(KeyUse::Here(answer))) = self.look_up(order_id, Some(keyed)).ok()? else {
            return None;
        };
        // A recreated topic does not contain the event. Checked late: most keys are new and return above.
        if self.view.progress().halted.is_some() {
            return None;
        }
        let read_up_to = self.read_up_to(answer.partition)?;
        // Look up again: the first lookup may predate a rewind.
        let (state, key_use) = self.look_up(order_id, Some(keyed)).ok()?;
        let Some(KeyUse::Here(answer)) = key_use.filter(|_| state.is_some()) else {
            return None;
        };
        let doubted = self
            .doubts
            .of(order_id)
            .ok()?
            .is_some_and(|doubt| doubt.offset < answer.offset);
        let read = answer.offset < read_up_to;
        let reserved = self.doubts.reserved(order_id, state.as_ref()).ok()?;
        let earlier = replay(state.as_ref(), &keyed.hash, &KeyUse::Here(answer));
        let undone = reserved.is_some_and(|reserved| reserved.may_undo(&earlier));
        let certain = read && !doubted && !undone && self.view.rewinds() == rewinds;
        certain.then(|| earlier.ok())?
    }

    /// How far that partition was read; from the store until the topic has been seen since the start.
    fn read_up_to(&self, partition: i32) -> Option<i64> {
        let stored = || Some(self.view.store().partitions().ok()?.get(&partition)?.next);
        self.view.next(partition).or_else(stored)
    }
}

/// The answer to a request whose key was used before: the order as it was then, if it is the same request.
pub(super) fn replay(
    state: Option<&OrderState>,
    hash: &RequestHash,
    key_use: &KeyUse,
) -> Result<CommandOutcome, CommandError> {
    match (key_use, state) {
        (KeyUse::Here(answer), Some(state)) if answer.hash == *hash => {
            Ok(CommandOutcome::Replayed(Box::new(order_as_of(answer, state))))
        }
        (KeyUse::Here(answer), None) if answer.hash == *hash => {
            Err(CommandError::Unavailable("the order is being read again".to_owned()))
        }
        _ => Err(CommandError::Refused(Refusal::KeyReused)),
    }
}
