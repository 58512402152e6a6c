//! For tests and the demo: an event that keeps every rule.

use std::time::{SystemTime, UNIX_EPOCH};

use common::event::{EventType, Order, OrderEvent, OrderItem, OrderStatus};
use uuid::Uuid;

/// An event of that order and version, of now, with an id of its own: 3 pieces of 333.33 USD.
pub fn event(order_id: &str, version: i32) -> OrderEvent {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or_default();
    OrderEvent {
        event_id: Uuid::now_v7(),
        previous_event_id: None,
        event_type: EventType::OrderCreated,
        occurred_at: now,
        order: Order {
            order_id: order_id.to_owned(),
            version,
            customer_id: "CUST-1".to_owned(),
            order_date: now,
            items: vec![OrderItem {
                item_id: "ITEM-1".to_owned(),
                quantity: 3,
                unit_price_minor: 33_333,
            }],
            total_minor: 99_999,
            currency: "USD".to_owned(),
            status: OrderStatus::New,
        },
    }
}
