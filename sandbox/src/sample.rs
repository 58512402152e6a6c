//! For tests and the demo: a valid event.

use std::time::{SystemTime, UNIX_EPOCH};

use orderlog_contract::event::OrderEvent;
use serde_json::json;
use uuid::Uuid;

/// An event of that order and version, with the current time and a new id: 3 pieces of 333.33 USD.
pub fn event(order_id: &str, version: i32) -> OrderEvent {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_millis()).unwrap_or_default();
    // From JSON, so that a field that a later schema adds with a default needs no change here.
    let event = json!({
        "eventId": Uuid::now_v7(),
        "previousEventId": null,
        "eventType": "ORDER_CREATED",
        "occurredAt": now,
        "order": {
            "orderId": order_id,
            "version": version,
            "customerId": "CUST-1",
            "orderDate": now,
            "items": [{"itemId": "ITEM-1", "quantity": 3, "unitPriceMinor": 33_333}],
            "totalMinor": 99_999,
            "currency": "USD",
            "status": "new",
        },
    });
    serde_json::from_value(event).expect("the sample has the fields that an event needs: every test shows it")
}
