//! Carries out a command: decides, writes and reads back, until the log has decided. Every answer is certain, or says
//! that the outcome is unknown.
//!
//! In reading order: a request that was carried out earlier is answered by `replay`; any other takes its locks and goes through
//! `settle`, which decides on a `snapshot` and lets `write` (or `reaffirm`) write an event.

mod reaffirm;
mod replay;
mod settle;
mod snapshot;
mod write;

use std::time::Duration;

use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::OrderState;
use orderlog_projection::View;
use orderlog_projection::registration::Registration;
use orderlog_runtime::clock;
use tokio::time::timeout_at;

use crate::command_outcome::{CommandError, CommandOutcome};
use crate::decide::{Decision, EventStamp};
use crate::event_id;
use crate::order_locks::StripedLocks;
use crate::publisher::Publisher;
use crate::unresolved_orders::UnresolvedOrders;
use crate::write_metrics::WriteMetrics;

/// Carries out commands.
pub struct CommandHandler {
    view: View,
    publisher: Publisher,
    registration: Registration,
    unresolved: UnresolvedOrders,
    orders: StripedLocks,
    keys: StripedLocks,
    deadline: Duration,
    metrics: WriteMetrics,
}

impl CommandHandler {
    /// Commands take at most `deadline`.
    pub fn new(
        view: View,
        publisher: Publisher,
        registration: Registration,
        unresolved: UnresolvedOrders,
        deadline: Duration,
    ) -> Self {
        Self {
            view,
            publisher,
            registration,
            unresolved,
            orders: StripedLocks::new(),
            keys: StripedLocks::new(),
            deadline,
            metrics: WriteMetrics::new(),
        }
    }

    /// Carries out a command on an order. `decide` is called again whenever the state may have changed. A request with a key
    /// is carried out once, however often it is sent; when an earlier attempt is known to have succeeded, its answer is
    /// returned even if this attempt could not be carried out.
    ///
    /// # Errors
    /// [`CommandError`], which says how certain it is.
    pub async fn handle(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        decide: impl Fn(Option<&OrderState>, EventStamp) -> Decision,
    ) -> Result<CommandOutcome, CommandError> {
        let done = self.replay_or_decide(order_id, keyed, decide).await;
        self.metrics.count(&done);
        done
    }

    async fn replay_or_decide(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        decide: impl Fn(Option<&OrderState>, EventStamp) -> Decision,
    ) -> Result<CommandOutcome, CommandError> {
        if let Some(done) = self.find_replay(order_id, keyed).await {
            return Ok(done);
        }
        let done = self.with_locks(order_id, keyed, decide).await;
        match done {
            // The outcome of an earlier attempt, or of this one, may have become known in the meantime.
            Err(
                CommandError::Unavailable(_)
                | CommandError::OrderUnresolved { .. }
                | CommandError::OutcomeUnknown { .. },
            ) => match self.find_replay(order_id, keyed).await {
                Some(found) => Ok(own_or_earlier(&done, found)),
                None => done,
            },
            done => done,
        }
    }

    async fn with_locks(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
        decide: impl Fn(Option<&OrderState>, EventStamp) -> Decision,
    ) -> Result<CommandOutcome, CommandError> {
        let arrival = self.view.arrival(order_id);
        let deadline = arrival.at + self.deadline;
        // First the order, then the key: a request that waits for a busy order blocks nobody else.
        let locks = async {
            let order = self.orders.lock(order_id).await;
            let key = match keyed {
                Some(keyed) => Some(self.keys.lock(keyed.key.as_str()).await),
                None => None,
            };
            (order, key)
        };
        let _locks = timeout_at(deadline.into(), locks).await.map_err(|_| {
            CommandError::Unavailable("timed out waiting for other requests for this order or key; retry".to_owned())
        })?;
        self.decide_until_settled(order_id, keyed, arrival, deadline, decide)
            .await
    }

    /// Problems with writing, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        self.publisher.problems()
    }

    /// Waits for records in flight. Every request has been answered, so a short wait is enough.
    pub fn flush(&self) {
        self.publisher.flush(Duration::from_millis(500));
    }
}

fn event_stamp() -> Result<EventStamp, CommandError> {
    let now_ms = clock::now_ms().map_err(|wrong| CommandError::Unavailable(wrong.to_string()))?;
    Ok(EventStamp {
        event_id: event_id::event_id(now_ms),
        now_ms,
    })
}

/// What was found under the request's key: the answer of an earlier attempt, or, if `done` left the outcome of that very event
/// open, of this one. (Its partition may have been rewound between its write and its answer.)
fn own_or_earlier(done: &Result<CommandOutcome, CommandError>, found: CommandOutcome) -> CommandOutcome {
    match (done, found) {
        (Err(CommandError::OutcomeUnknown { event_id, .. }), CommandOutcome::Replayed(state))
            if state.event_id == *event_id =>
        {
            CommandOutcome::Written(state)
        }
        (_, found) => found,
    }
}

#[cfg(test)]
mod tests {
    use orderlog_contract::testing::{an_event, state_after};

    use super::*;

    #[test]
    fn an_event_that_turns_out_to_have_won_is_no_replay_to_the_attempt_that_wrote_it() {
        let event = an_event("A", 1);
        let found = || CommandOutcome::Replayed(Box::new(state_after(&event, (0, 7))));
        let unknown = |event_id| {
            Err(CommandError::OutcomeUnknown {
                event_id,
                reason: "records of the partition are being re-read".to_owned(),
            })
        };
        assert!(matches!(
            own_or_earlier(&unknown(event.event_id), found()),
            CommandOutcome::Written(_)
        ));
        let other = an_event("A", 1).event_id;
        assert!(matches!(
            own_or_earlier(&unknown(other), found()),
            CommandOutcome::Replayed(_)
        ));
        let unavailable = Err(CommandError::Unavailable("disk full".to_owned()));
        assert!(matches!(
            own_or_earlier(&unavailable, found()),
            CommandOutcome::Replayed(_)
        ));
    }
}
