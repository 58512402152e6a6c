//! The loop of a command: decide, write and read back, until the outcome is certain.

use std::time::Instant;

use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::OrderState;
use orderlog_projection::store::KeyUse;
use orderlog_projection::{Arrival, Stale};

use super::replay::replay;
use super::{CommandHandler, event_stamp};
use crate::catch_up::catch_up;
use crate::command_outcome::{CommandError, CommandOutcome};
use crate::decide::{Decision, EventStamp};

/// Maximum number of decisions for a command that keeps losing races.
const ATTEMPTS: u32 = 3;

impl CommandHandler {
    /// Decides on a command whose order and key are locked.
    ///
    /// # Errors
    /// [`CommandError`], which says how certain it is.
    pub(super) async fn decide_until_settled(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        arrival: Arrival,
        deadline: Instant,
        decide: impl Fn(Option<&OrderState>, EventStamp) -> Decision,
    ) -> Result<CommandOutcome, CommandError> {
        // A refusal is as certain as a success: it is based only on a state at least as new as the request.
        let refresh = async |partition| {
            let fresh = catch_up(&self.view, &self.publisher, partition, arrival, deadline).await;
            fresh.map_err(|Stale(why)| CommandError::Unavailable(why))
        };
        // Whether the state is known to be new enough.
        let mut fresh = false;
        let mut lost_races = 0;
        loop {
            let now = self.snapshot(order_id, keyed).await?;
            // The key may also have been used for this order, by an event that has not been read yet.
            if now.key_use == Some(KeyUse::OtherOrder) && !fresh {
                refresh(now.partition).await?;
                fresh = true;
                continue;
            }
            // In every iteration: the event that won the race may be this same request, sent to another instance.
            let replayed = keyed
                .zip(now.key_use)
                .map(|(keyed, key_use)| replay(now.order.as_ref(), &keyed.hash, &key_use));
            match (&now.reserved, replayed) {
                (Some(reserved), replayed) => {
                    let is_unresolved = |answer: &Result<CommandOutcome, CommandError>| match answer {
                        Ok(outcome) => reserved.may_invalidate(outcome.state()),
                        Err(_) => false,
                    };
                    if let Some(answer) = replayed.as_ref().filter(|answer| !is_unresolved(answer)) {
                        return answer.clone();
                    }
                    // Our event will be above the reserved versions, so first read what others have written below them.
                    if !fresh {
                        refresh(now.partition).await?;
                        fresh = true;
                        continue;
                    }
                    if let (Some(answer), Some(order)) = (replayed, &now.order) {
                        match self.reaffirm(order, reserved, now.partition, deadline).await? {
                            Some(_) => return answer,
                            None => continue,
                        }
                    }
                }
                (None, Some(answer)) => return answer,
                (None, None) => {}
            }
            let stamp = event_stamp()?;
            match decide(now.order.as_ref(), stamp) {
                Decision::Write(event) => {
                    let event = match &now.reserved {
                        Some(reserved) => reserved.above(*event).map_err(CommandError::Refused)?,
                        None => *event,
                    };
                    let written = self.write(event, keyed, now.partition, now.rewinds, deadline);
                    if let Some(state) = written.await? {
                        return Ok(CommandOutcome::Written(Box::new(state)));
                    }
                    lost_races += 1;
                    if lost_races == ATTEMPTS {
                        return Err(CommandError::Unavailable(format!("lost {ATTEMPTS} write races; retry")));
                    }
                    // The event that won precedes ours, so it has been read: the state is newer than the request now.
                    fresh = true;
                }
                Decision::Unchanged(state) if fresh => match &now.reserved {
                    None => return Ok(CommandOutcome::Unchanged(state)),
                    Some(reserved) => {
                        if let Some(state) = self.reaffirm(&state, reserved, now.partition, deadline).await? {
                            return Ok(CommandOutcome::Unchanged(Box::new(state)));
                        }
                    }
                },
                Decision::Refuse(refusal) if fresh => return Err(CommandError::Refused(refusal)),
                Decision::Unchanged(_) | Decision::Refuse(_) => {
                    refresh(now.partition).await?;
                    fresh = true;
                }
            }
        }
    }
}
