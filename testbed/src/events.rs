//! Events as another producer would write them.

use orderlog_contract::encode::record_value;
use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::testing::EventBuilder;
use sandbox::testing::ids_where;

use crate::writer::NewRecord;

/// The first event of an order.
pub fn first(order_id: &str) -> OrderEvent {
    EventBuilder::new(order_id).customer_id("CUST-TESTBED").build()
}

/// The next event, which gives the order another status.
pub fn next(event: &OrderEvent, status: OrderStatus) -> OrderEvent {
    EventBuilder::after(event, status).build()
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
