//! The versions that skipped records of an order may have. Readers that know the schema have applied those
//! records, so for them, an event written at one of these versions would be superseded. So an order is written above all of them, once;
//! then every reader ends with the same state, whether it knows the schema or not. Pure.
//!
//! Each write raises an order's version by one, so each such record reserves one version beyond the order's current one.
//! This follows from the log alone: all instances that had to skip the records continue at the same version, and the first
//! of their events wins as usual.

use orderlog_contract::event::{EventType, Order, OrderEvent, OrderStatus};
use orderlog_contract::order::{MAX_VERSION, OrderState};
use serde::{Deserialize, Serialize};

use crate::decide::{EventStamp, Refusal};

/// The reserved versions. JSON on disk, under the order's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservedVersions {
    /// The highest one.
    up_to: i32,
    /// Offset of the first skipped record.
    first: i64,
    /// Offset of the last one, so that none is counted twice when it is re-read.
    last: i64,
}

impl ReservedVersions {
    /// Reserves a version for the record at that offset, before which the order had `version`.
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

    /// Whether an order with that version may have a different one for readers that can read the records.
    pub(super) fn includes(&self, version: i32) -> bool {
        version <= self.up_to
    }

    /// Whether an earlier answer with that state may be wrong for such readers: its event comes after such a record,
    /// and is not above it.
    pub fn may_invalidate(&self, answered: &OrderState) -> bool {
        answered.offset > self.first && self.includes(answered.order.version)
    }

    /// The event, moved above all reserved versions.
    ///
    /// # Errors
    /// No versions are left.
    pub fn above(&self, event: OrderEvent) -> Result<OrderEvent, Refusal> {
        // An update names its previous event, which is none of the skipped ones, so it is not taken for a transition from
        // one of those. A first event names none, so only a gap in the versions keeps it from being taken for one.
        let distance = if event.previous_event_id.is_some() { 1 } else { 2 };
        self.at(distance, event)
    }

    /// An event that reaffirms the order above all reserved versions, so that an answer about it holds for every reader.
    ///
    /// # Errors
    /// The order cannot be written.
    pub fn reaffirm(&self, state: &OrderState, stamp: EventStamp) -> Result<OrderEvent, Refusal> {
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
        // With a gap in the versions, it does not count as a transition, of which a final order allows none.
        self.at(2, event)
    }

    fn at(&self, distance: i32, event: OrderEvent) -> Result<OrderEvent, Refusal> {
        let version = self.up_to.saturating_add(distance);
        if version > MAX_VERSION {
            return Err(Refusal::VersionsExhausted);
        }
        let order = Order { version, ..event.order };
        Ok(OrderEvent { order, ..event })
    }
}

#[cfg(test)]
#[path = "reserved_versions_tests.rs"]
mod tests;
