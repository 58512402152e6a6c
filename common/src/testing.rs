//! Sample events for the tests of this crate.

use uuid::Uuid;

use crate::event::{EventType, Order, OrderEvent, OrderItem, OrderStatus};

/// A valid event of that order and version, with an id of its own.
pub fn an_event(order_id: &str, version: i32) -> OrderEvent {
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
            items: vec![an_item(3, 33_333)],
            total_minor: 99_999,
            currency: "USD".to_owned(),
            status: OrderStatus::New,
        },
    }
}

/// An item.
pub fn an_item(quantity: i32, unit_price_minor: i64) -> OrderItem {
    OrderItem {
        item_id: "ITEM-1".to_owned(),
        quantity,
        unit_price_minor,
    }
}
