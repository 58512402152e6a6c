//! Events to write, and their partitions in a topic of [`PARTITIONS`] partitions.

use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::testing::EventBuilder;
use orderlog_kafka::partition::Partitioner;

/// How many partitions the events' topic has.
pub const PARTITIONS: i32 = 6;

/// A valid event of that order, version and status, with a new id.
pub fn event(order_id: &str, version: i32, status: OrderStatus) -> OrderEvent {
    EventBuilder::new(order_id).version(version).status(status).build()
}

/// The partition of an order.
pub fn partition_of(order_id: &str) -> i32 {
    Partitioner::default().of_key(order_id.as_bytes(), PARTITIONS)
}

/// Order ids `NAME-0`, `NAME-1`, … whose partition satisfies the predicate, without end.
pub fn ids_where(name: &str, wanted: impl Fn(i32) -> bool) -> impl Iterator<Item = String> {
    (0..)
        .map(move |n| format!("{name}-{n}"))
        .filter(move |id| wanted(partition_of(id)))
}
