//! Sample events, for tests.

use serde_json::json;
use uuid::Uuid;

use crate::event::{OrderEvent, OrderItem};

/// A valid event of that order and version, with an id of its own.
pub fn an_event(order_id: &str, version: i32) -> OrderEvent {
    // From JSON, so that a field which a later schema adds with a default needs no change here.
    let event = json!({
        "eventId": Uuid::now_v7(),
        "previousEventId": null,
        "eventType": "ORDER_CREATED",
        "occurredAt": 1_700_000_000_123_i64,
        "order": {
            "orderId": order_id,
            "version": version,
            "customerId": "CUST-1",
            "orderDate": 1_700_000_000_000_i64,
            "items": [an_item(3, 33_333)],
            "totalMinor": 99_999,
            "currency": "USD",
            "status": "new",
        },
    });
    serde_json::from_value(event).expect("an event")
}

/// An item.
pub fn an_item(quantity: i32, unit_price_minor: i64) -> OrderItem {
    OrderItem {
        item_id: "ITEM-1".to_owned(),
        quantity,
        unit_price_minor,
    }
}
