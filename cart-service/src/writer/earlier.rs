//! What an earlier attempt of the same request has done, under the same key.

use orderlog_contract::idempotency::{KeyedRequest, RequestHash};
use orderlog_contract::order::OrderState;
use orderlog_projection::store::KeyUse;

use super::CommandHandler;
use crate::decide::{Refusal, as_answered};
use crate::done::{CommandOutcome, Failure};

impl CommandHandler {
    /// What an earlier attempt of this request has done, if that is known and nothing can take it back: the event lies below
    /// what was read, and in front of whatever had to be passed over. Whether anything can be written does not matter.
    pub(super) fn done_before(&self, order_id: &str, keyed: Option<&KeyedRequest>) -> Option<CommandOutcome> {
        let keyed = keyed?;
        let rewinds = self.view.rewinds();
        let (_, Some(KeyUse::Here(answer))) = self.look_up(order_id, Some(keyed)).ok()? else {
            return None;
        };
        // A recreated topic does not have the event. Most keys are new, and are not looked at so far.
        if self.view.progress().halted.is_some() {
            return None;
        }
        let read_up_to = self.read_up_to(answer.partition)?;
        // Again: what a rewind has taken back is read after that.
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
        let earlier = earlier(state.as_ref(), &keyed.hash, &KeyUse::Here(answer));
        let undone = reserved.is_some_and(|reserved| reserved.may_undo(&earlier));
        let certain = read && !doubted && !undone && self.view.rewinds() == rewinds;
        certain.then(|| earlier.ok())?
    }

    /// How far that partition was read: as the store has it, while the topic was not seen since the start.
    fn read_up_to(&self, partition: i32) -> Option<i64> {
        let stored = || Some(self.view.store().partitions().ok()?.get(&partition)?.next);
        self.view.next(partition).or_else(stored)
    }
}

/// What a request gets whose key was used before: the order as it was then, when it was the same request.
pub(super) fn earlier(
    state: Option<&OrderState>,
    hash: &RequestHash,
    key_use: &KeyUse,
) -> Result<CommandOutcome, Failure> {
    match (key_use, state) {
        (KeyUse::Here(answer), Some(state)) if answer.hash == *hash => {
            Ok(CommandOutcome::Replayed(Box::new(as_answered(answer, state))))
        }
        (KeyUse::Here(answer), None) if answer.hash == *hash => {
            Err(Failure::NotNow("the order is being read again".to_owned()))
        }
        _ => Err(Failure::Refused(Refusal::KeyReused)),
    }
}
