//! Writes one event and waits until the log has decided on it.

use std::time::Instant;

use orderlog_contract::event::OrderEvent;
use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::{OrderState, Outcome};
use orderlog_projection::EventOutcome;
use orderlog_runtime::crash_point::{self, Point};
use tokio::time::timeout_at;
use uuid::Uuid;

use super::CommandHandler;
use crate::command_outcome::CommandError;
use crate::publisher::NotSent;

impl CommandHandler {
    /// Writes an event that was decided on after the projection had made this many `rewinds`. Returns the order's new
    /// state, or `None` if the event lost a race.
    ///
    /// # Errors
    /// [`CommandError`], which says how certain it is.
    pub(super) async fn write(
        &self,
        event: OrderEvent,
        keyed: Option<&KeyedRequest>,
        partition: i32,
        rewinds: u64,
        deadline: Instant,
    ) -> Result<Option<OrderState>, CommandError> {
        let settled = self.send_and_read_back(&event, keyed, partition, deadline).await?;
        crash_point::reached(Point::EventReadBack);
        self.check_final(&event.order.order_id, event.event_id, rewinds).await?;
        match settled.outcome {
            Outcome::Applied { .. } | Outcome::Duplicate => Ok(Some(OrderState {
                event_id: event.event_id,
                order: event.order,
                partition: settled.partition,
                offset: settled.offset,
                partial: false,
            })),
            Outcome::Superseded => {
                self.metrics.superseded.increment(1);
                Ok(None)
            }
            Outcome::Ignored | Outcome::Rejected(_) => Err(CommandError::Internal(format!(
                "our own event was rejected: partition {}, offset {}, {:?}",
                settled.partition, settled.offset, settled.outcome
            ))),
        }
    }

    async fn send_and_read_back(
        &self,
        event: &OrderEvent,
        keyed: Option<&KeyedRequest>,
        partition: i32,
        deadline: Instant,
    ) -> Result<EventOutcome, CommandError> {
        let Some(schema_id) = self.registration.schema_id() else {
            let reason = self.registration.problem().unwrap_or_default();
            return Err(CommandError::Unavailable(reason));
        };
        if Instant::now() >= deadline {
            return Err(CommandError::Unavailable(
                "the write deadline expired before the event was sent".to_owned(),
            ));
        }
        // Nothing after an open transaction's first record can be read back: the outcome would be unknown.
        if let Some(transaction) = self.view.blocking_transaction(partition) {
            return Err(CommandError::Unavailable(transaction.to_string()));
        }
        // Registered before sending, so that the event cannot be read back unnoticed.
        let mut waiter = self.view.waiters().event(event);
        let sent = Instant::now();
        let delivery = self
            .publisher
            .send(event, keyed, schema_id, partition)
            .map_err(|error| match error {
                NotSent::NotQueued(_) => CommandError::Unavailable(error.to_string()),
                NotSent::EncodeFailed => CommandError::Internal(error.to_string()),
            })?;
        let event_id = event.event_id;
        let unknown = |reason: &str| CommandError::OutcomeUnknown {
            event_id,
            reason: reason.to_owned(),
        };
        let read_back = async {
            tokio::select! {
                // An outcome that was read back is certain, whatever the delivery report says.
                biased;
                settled = waiter.outcome() => settled.ok_or_else(|| {
                    let progress = self.view.progress();
                    unknown(progress.stop_reason().map_or("the service is stopping", String::as_str))
                }),
                // Not final: a record whose delivery failed may still have been written.
                Ok(error) = delivery => Err(unknown(&format!("the broker did not acknowledge the event: {error}"))),
            }
        };
        let in_time = timeout_at(deadline.into(), read_back).await;
        if let Ok(Ok(_)) = &in_time {
            self.metrics.read_back.record(sent.elapsed());
        }
        in_time.unwrap_or_else(|_| {
            let why = self
                .view
                .note_timeout(partition)
                .map(|transaction| transaction.to_string());
            Err(unknown(why.as_deref().unwrap_or("the event was not read back in time")))
        })
    }

    /// Checks that an outcome is final. While the event was in flight, a record of the order may have been skipped, which
    /// leaves the order unresolved; or a skipped record is now being read, which the rewind count shows.
    async fn check_final(&self, order_id: &str, event_id: Uuid, rewinds: u64) -> Result<(), CommandError> {
        let reason = match self.unresolved.get(order_id).await {
            Ok(None) if self.view.rewinds() == rewinds => return Ok(()),
            Ok(None) => "records of the partition are being re-read".to_owned(),
            Ok(Some(unresolved)) => unresolved.to_string(),
            Err(error) => format!("{error:#}"),
        };
        Err(CommandError::OutcomeUnknown { event_id, reason })
    }
}
