//! The event in a version ahead of ours: with one more field, `order.fieldOfTomorrow`.

use orderlog_contract::event::OrderEvent;
use sandbox::third_party;
use serde_json::Value;

use crate::writer::NewRecord;

/// An event in that version, as plain JSON.
///
/// # Errors
/// If it cannot be serialized, which would be a bug.
pub fn event(event: &OrderEvent, tomorrow: Option<&str>) -> anyhow::Result<Value> {
    let mut event = serde_json::to_value(event)?;
    event["order"]["fieldOfTomorrow"] = tomorrow.into();
    Ok(event)
}

/// The record of such an event, written under that schema id.
///
/// # Errors
/// If it cannot be encoded, which would be a bug.
pub fn record(schema_id: u32, order_event: &OrderEvent, tomorrow: Option<&str>) -> anyhow::Result<NewRecord> {
    let data = event(order_event, tomorrow)?;
    let value = third_party::value(schema_id, &third_party::with_a_new_field()?, data)?;
    Ok(NewRecord::of(&order_event.order.order_id, value))
}
