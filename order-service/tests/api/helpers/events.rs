//! Events to write, and where they belong.

use common::event::{EventType, Order, OrderEvent, OrderItem, OrderStatus};
use common::kafka::partition;
use uuid::Uuid;

use super::PARTITIONS;

/// An event of that order and version, valid, with an id of its own.
pub fn event(order_id: &str, version: i32, status: OrderStatus) -> OrderEvent {
    OrderEvent {
        event_id: Uuid::now_v7(),
        previous_event_id: None,
        event_type: EventType::OrderCreated,
        occurred_at: 1_700_000_000_123,
        order: Order {
            order_id: order_id.to_owned(),
            version,
            customer_id: "CUST-1".to_owned(),
            order_date: 1_700_000_000_000,
            items: vec![OrderItem {
                item_id: "ITEM-1".to_owned(),
                quantity: 3,
                unit_price_minor: 33_333,
            }],
            total_minor: 99_999,
            currency: "USD".to_owned(),
            status,
        },
    }
}

/// A new order.
pub fn created(order_id: &str) -> OrderEvent {
    event(order_id, 1, OrderStatus::New)
}

/// The partition of an order.
pub fn home(order_id: &str) -> i32 {
    partition::of_key(order_id.as_bytes(), PARTITIONS)
}

/// The id of an order whose partition is such a one.
pub fn id_where(wanted: impl Fn(i32) -> bool) -> String {
    (0..)
        .map(|n| format!("ORD-{n}"))
        .find(|id| wanted(home(id)))
        .expect("an id")
}
