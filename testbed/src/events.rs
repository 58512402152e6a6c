//! Events as another producer would write them.

use orderlog_contract::encode::record_value;
use orderlog_contract::event::{EventType, Order, OrderEvent, OrderStatus};
use orderlog_contract::testing::an_event;
use sandbox::testing::ids_where;
use uuid::Uuid;

use crate::writer::NewRecord;

/// The first event of an order.
pub fn first(order_id: &str) -> OrderEvent {
    let mut event = an_event(order_id, 1);
    event.order.customer_id = "CUST-TESTBED".to_owned();
    event
}

/// The next event, which gives the order another status.
pub fn next(event: &OrderEvent, status: OrderStatus) -> OrderEvent {
    OrderEvent {
        event_id: Uuid::now_v7(),
        previous_event_id: Some(event.event_id),
        event_type: EventType::OrderStatusUpdated,
        order: Order {
            version: event.order.version + 1,
            status,
            ..event.order.clone()
        },
        ..event.clone()
    }
}

/// The record of an event, written with the schema of that id.
///
/// # Errors
/// If it cannot be encoded, which would be a bug.
pub fn record(schema_id: u32, event: &OrderEvent) -> anyhow::Result<NewRecord> {
    Ok(NewRecord::of(&event.order.order_id, record_value(schema_id, event)?))
}

/// An order id of that partition, which begins with that name.
pub fn id_in(partition: i32, name: &str) -> String {
    let mut ids = ids_where(name, |its_partition| its_partition == partition);
    ids.next().unwrap_or_default()
}
