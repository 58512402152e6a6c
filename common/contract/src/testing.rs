//! Sample events and the states after them, for tests. The events are valid; a test changes the fields that it is about.

use serde_json::json;
use uuid::Uuid;

use crate::event::{EventType, OrderEvent, OrderItem, OrderStatus};
use crate::order::OrderState;

/// An event with a new id that gives an order this version: 3 pieces at 333.33 USD each, with status new.
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
    serde_json::from_value(event).expect("the sample has every field that an event needs")
}

/// The event with a new id that follows this one and gives the order another status.
pub fn next_event(event: &OrderEvent, status: OrderStatus) -> OrderEvent {
    let mut next = event.clone();
    next.event_id = Uuid::now_v7();
    next.previous_event_id = Some(event.event_id);
    next.event_type = EventType::OrderStatusUpdated;
    next.order.version += 1;
    next.order.status = status;
    next
}

/// The state of an order after an event that applied, read at this partition and offset.
pub fn state_after(event: &OrderEvent, (partition, offset): (i32, i64)) -> OrderState {
    OrderState {
        event_id: event.event_id,
        order: event.order.clone(),
        partition,
        offset,
        partial: false,
    }
}

/// An item of this quantity and unit price.
pub fn an_item(quantity: i32, unit_price_minor: i64) -> OrderItem {
    OrderItem {
        item_id: "ITEM-1".to_owned(),
        quantity,
        unit_price_minor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::check;

    #[test]
    fn samples_are_valid_and_follow_each_other() {
        let first = an_event("A-1", 1);
        let second = next_event(&first, OrderStatus::Shipped);
        assert_eq!((check(&first), check(&second)), (Ok(()), Ok(())));
        assert_eq!(
            (second.order.version, second.previous_event_id),
            (2, Some(first.event_id))
        );
    }
}
