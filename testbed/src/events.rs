//! Events as another producer would write them.

use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::testing::an_event;
pub use orderlog_contract::testing::next_event as next;
use sandbox::testing::ids_where;

use crate::writer::NewRecord;

/// The first event of an order.
pub fn first(order_id: &str) -> OrderEvent {
    let mut event = an_event(order_id, 1);
    event.order.customer_id = "CUST-TESTBED".to_owned();
    event
}

/// The record of an event, written under that schema id.
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
