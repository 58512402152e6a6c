//! What a record did, for a service that keeps more of it than the order's state.

use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::order::Outcome;
use uuid::Uuid;

/// What a record did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldedRecord {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp, in milliseconds since 1970-01-01 UTC; `None` if it has none.
    pub timestamp: Option<i64>,
    /// The schema id in its frame, if it has one.
    pub schema_id: Option<u32>,
    /// Its event, if it is a valid one: also of a step that is not legal.
    pub event: Option<FoldedEvent>,
    /// Its outcome. A record that is read again after a rewind may have another one than the first time.
    pub outcome: Outcome,
}

/// An event, without the order's items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldedEvent {
    /// Its id.
    pub event_id: Uuid,
    /// The order.
    pub order_id: String,
    /// The order's customer.
    pub customer_id: String,
    /// The order's version.
    pub version: i32,
    /// The order's status.
    pub status: OrderStatus,
    /// The order's total in minor units of its currency.
    pub total_minor: i64,
    /// The order's currency (ISO 4217).
    pub currency: String,
}

impl FoldedEvent {
    pub(crate) fn of(event: &OrderEvent) -> Self {
        let order = &event.order;
        Self {
            event_id: event.event_id,
            order_id: order.order_id.clone(),
            customer_id: order.customer_id.clone(),
            version: order.version,
            status: order.status,
            total_minor: order.total_minor,
            currency: order.currency.clone(),
        }
    }
}
