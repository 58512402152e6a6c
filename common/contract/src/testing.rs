//! Sample events, for tests.

use serde_json::json;
use uuid::Uuid;

use crate::event::{EventType, OrderEvent, OrderItem, OrderStatus};
use crate::order::total_minor;

/// A valid event of this order and version, with an id of its own.
pub fn an_event(order_id: &str, version: i32) -> OrderEvent {
    EventBuilder::new(order_id).version(version).build()
}

/// An item of this quantity and unit price.
pub fn an_item(quantity: i32, unit_price_minor: i64) -> OrderItem {
    OrderItem {
        item_id: "ITEM-1".to_owned(),
        quantity,
        unit_price_minor,
    }
}

/// Builds an event, valid unless it is changed otherwise.
///
/// ```
/// use orderlog_contract::event::OrderStatus;
/// use orderlog_contract::testing::EventBuilder;
///
/// let created = EventBuilder::new("A-1").build();
/// let shipped = EventBuilder::after(&created, OrderStatus::Shipped).build();
/// assert_eq!(shipped.order.version, 2);
/// assert_eq!(shipped.previous_event_id, Some(created.event_id));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct EventBuilder(OrderEvent);

impl EventBuilder {
    /// The first event of a new order of 3 pieces for 333.33 USD each, with an id of its own.
    pub fn new(order_id: &str) -> Self {
        // From JSON, so that a field which a later schema adds with a default needs no change here.
        let event = json!({
            "eventId": Uuid::now_v7(),
            "previousEventId": null,
            "eventType": "ORDER_CREATED",
            "occurredAt": 1_700_000_000_123_i64,
            "order": {
                "orderId": order_id,
                "version": 1,
                "customerId": "CUST-1",
                "orderDate": 1_700_000_000_000_i64,
                "items": [an_item(3, 33_333)],
                "totalMinor": 99_999,
                "currency": "USD",
                "status": "new",
            },
        });
        Self(serde_json::from_value(event).expect("the sample has every field that an event needs"))
    }

    /// The event that follows this one and gives the order another status, with an id of its own.
    pub fn after(event: &OrderEvent, status: OrderStatus) -> Self {
        let mut next = event.clone();
        next.event_id = Uuid::now_v7();
        next.previous_event_id = Some(event.event_id);
        next.event_type = EventType::OrderStatusUpdated;
        next.order.version += 1;
        next.order.status = status;
        Self(next)
    }

    /// The order's version after the event.
    pub fn version(mut self, version: i32) -> Self {
        self.0.order.version = version;
        self
    }

    /// The order's status after the event.
    pub fn status(mut self, status: OrderStatus) -> Self {
        self.0.order.status = status;
        self
    }

    /// The event that this one is based on.
    pub fn previous_event_id(mut self, id: impl Into<Option<Uuid>>) -> Self {
        self.0.previous_event_id = id.into();
        self
    }

    /// The customer.
    pub fn customer_id(mut self, customer_id: &str) -> Self {
        customer_id.clone_into(&mut self.0.order.customer_id);
        self
    }

    /// When the order was placed and the event decided, in milliseconds since 1970-01-01 UTC.
    pub fn at(mut self, millis: i64) -> Self {
        (self.0.order.order_date, self.0.occurred_at) = (millis, millis);
        self
    }

    /// The order's items, and the total that they have.
    pub fn items(mut self, items: impl IntoIterator<Item = OrderItem>) -> Self {
        self.0.order.items = items.into_iter().collect();
        self.0.order.total_minor = total_minor(&self.0.order.items).expect("a total that fits 64 bits");
        self
    }

    /// The event.
    pub fn build(self) -> OrderEvent {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::check;

    #[test]
    fn what_is_built_keeps_every_rule() {
        let first = EventBuilder::new("A-1")
            .at(0)
            .customer_id("C-1")
            .items([an_item(2, 5), an_item(1, 1)])
            .build();
        assert_eq!((check(&first), first.order.total_minor), (Ok(()), 11));
        let second = EventBuilder::after(&first, OrderStatus::Shipped).build();
        assert_eq!(
            (check(&second), second.previous_event_id),
            (Ok(()), Some(first.event_id))
        );
    }
}
