//! The versions of an order that records which were passed over may have. Somebody who knows their schema has applied them,
//! and would pass over an event that is written at one of these versions. So an order is written above all of them, once; then
//! every reader ends with the same state, whether it knows the schema or not. Pure.
//!
//! Who writes an order raises its version by one, so each such record reserves one version beyond what the order had by then.
//! That follows from the log alone: all instances that had to pass the records over go on at the same version, and the first
//! of their events wins as ever.

use orderlog_contract::event::{EventType, Order, OrderEvent, OrderStatus};
use orderlog_contract::order::{MAX_VERSION, OrderState};
use serde::{Deserialize, Serialize};

use crate::decide::{Refusal, Stamp};
use crate::done::{CommandOutcome, Failure};

/// The versions that are reserved. JSON on disk, under the order's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserved {
    /// The highest of them.
    up_to: i32,
    /// Offset of the first record that was passed over.
    first: i64,
    /// Offset of the last one, so that none is counted twice when it is read again.
    last: i64,
}

impl Reserved {
    /// Reserves a version for the record at that offset, before which the order had that version.
    pub(super) fn after(before: Option<Self>, version: i32, offset: i64) -> Self {
        match before {
            Some(before) if offset <= before.last => before,
            Some(before) if before.includes(version) => Self {
                up_to: before.up_to.saturating_add(1),
                last: offset,
                ..before
            },
            _ => Self {
                up_to: version.saturating_add(1),
                first: offset,
                last: offset,
            },
        }
    }

    /// Whether an order that has that version may have another one for those who could read the records.
    pub(super) fn includes(&self, version: i32) -> bool {
        version <= self.up_to
    }

    /// Whether an answer that was given before may not be so for them: its event lies behind such a record, and not above it.
    pub fn may_undo(&self, answer: &Result<CommandOutcome, Failure>) -> bool {
        match answer {
            Ok(done) => done.state().offset > self.first && self.includes(done.state().order.version),
            Err(_) => false,
        }
    }

    /// The event that was decided on, above all that is reserved.
    ///
    /// # Errors
    /// There are no versions left.
    pub fn above(&self, event: OrderEvent) -> Result<OrderEvent, Refusal> {
        // An update names the event that it was decided on, which is none of theirs, so it is no step from one of theirs. A
        // first event names none, and is no step only where a version is left out.
        let room = if event.previous_event_id.is_some() { 1 } else { 2 };
        self.at(room, event)
    }

    /// An event that has the order as it is, above all that is reserved: so that what is answered of it is so for everybody.
    ///
    /// # Errors
    /// The order cannot be written.
    pub fn again(&self, state: &OrderState, stamp: Stamp) -> Result<OrderEvent, Refusal> {
        if state.partial || state.order.status == OrderStatus::Unknown {
            return Err(Refusal::NeedsNewerRelease);
        }
        let event = OrderEvent {
            event_id: stamp.event_id,
            previous_event_id: Some(state.event_id),
            event_type: EventType::OrderStatusUpdated,
            occurred_at: stamp.now_ms,
            order: state.order.clone(),
        };
        // With a version left out it is no step, which an order that is final could not take.
        self.at(2, event)
    }

    fn at(&self, room: i32, event: OrderEvent) -> Result<OrderEvent, Refusal> {
        let version = self.up_to.saturating_add(room);
        if version > MAX_VERSION {
            return Err(Refusal::NoMoreVersions);
        }
        let order = Order { version, ..event.order };
        Ok(OrderEvent { order, ..event })
    }
}

#[cfg(test)]
#[path = "reserved_tests.rs"]
mod tests;
