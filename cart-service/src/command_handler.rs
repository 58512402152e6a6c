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
            // The outcome of an earlier attempt may have become known in the meantime.
            Err(
                CommandError::Unavailable(_)
                | CommandError::OrderUnresolved { .. }
                | CommandError::OutcomeUnknown { .. },
            ) => self.find_replay(order_id, keyed).await.map_or(done, Ok),
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
