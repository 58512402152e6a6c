//! What is remembered of a request that had an idempotency key.

use orderlog_contract::event::OrderStatus;
use orderlog_contract::idempotency::{KeyedRequest, RequestHash};
use orderlog_contract::order::OrderState;
use uuid::Uuid;

/// The event that resulted from a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Hash of the request.
    pub hash: RequestHash,
    /// The event.
    pub event_id: Uuid,
    /// The event's partition.
    pub partition: i32,
    /// The event's offset.
    pub offset: i64,
    /// The order's version after it.
    pub version: i32,
    /// The order's status after it.
    pub status: OrderStatus,
}

impl KeyRow {
    /// The answer to that request: the order's current event.
    pub fn of(request: &KeyedRequest, state: &OrderState) -> Self {
        Self {
            hash: request.hash.clone(),
            event_id: state.event_id,
            partition: state.partition,
            offset: state.offset,
            version: state.order.version,
            status: state.order.status,
        }
    }
}

/// What is known about a key, from the point of view of one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// It was used for that order.
    ThisOrder(KeyRow),
    /// It was used, but only for others.
    OtherOrder,
}
