//! Events to write, and their partitions.

use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_kafka::partition::Partitioner;
use sandbox::sample;

use super::PARTITIONS;

/// An event of that order, version and status, with a new id and fixed times.
pub fn event(order_id: &str, version: i32, status: OrderStatus) -> OrderEvent {
    let mut event = sample::event(order_id, version);
    (event.occurred_at, event.order.order_date) = (1_700_000_000_123, 1_700_000_000_000);
    event.order.status = status;
    event
}

/// A new order.
pub fn created(order_id: &str) -> OrderEvent {
    event(order_id, 1, OrderStatus::New)
}

/// The partition of an order.
pub fn home(order_id: &str) -> i32 {
    Partitioner::default().of_key(order_id.as_bytes(), PARTITIONS)
}

/// An order id whose partition satisfies the predicate.
pub fn id_where(wanted: impl Fn(i32) -> bool) -> String {
    (0..)
        .map(|n| format!("ORD-{n}"))
        .find(|id| wanted(home(id)))
        .expect("an id")
}
