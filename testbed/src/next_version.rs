//! The event as somebody has it who is one version ahead of us: with one field more, `order.giftNote`.

use anyhow::Context;
use apache_avro::Schema;
use apache_avro::types::Value as AvroValue;
use apache_avro::writer::datum::GenericDatumWriter;
use common::codec::frame;
use common::event::OrderEvent;
use common::schemas;
use serde_json::{Value, json};

use crate::writer::NewRecord;

/// The text of that version's schema.
///
/// # Errors
/// When our newest schema has no order that a field could be added to.
pub fn schema() -> anyhow::Result<String> {
    let newest = schemas::LINEAGE.last().context("the lineage is empty")?;
    let mut schema: Value = serde_json::from_str(newest)?;
    let fields = schema["fields"].as_array_mut().context("no fields")?;
    let order = fields.iter_mut().find(|field| field["name"] == "order");
    let fields = order.and_then(|order| order["type"]["fields"].as_array_mut());
    let gift_note = json!({"name": "giftNote", "type": ["null", "string"], "default": null});
    fields.context("no order")?.push(gift_note);
    Ok(schema.to_string())
}

/// An event in that version, as plain JSON.
///
/// # Errors
/// When it cannot be serialized, which would be a bug.
pub fn event(event: &OrderEvent, gift_note: Option<&str>) -> anyhow::Result<Value> {
    let mut event = serde_json::to_value(event)?;
    event["order"]["giftNote"] = gift_note.into();
    Ok(event)
}

/// The record of such an event, written with the schema of that id.
///
/// # Errors
/// When it cannot be encoded, which would be a bug.
pub fn record(schema_id: u32, order_event: &OrderEvent, gift_note: Option<&str>) -> anyhow::Result<NewRecord> {
    let schema = Schema::parse_str(&schema()?)?;
    let value = avro(event(order_event, gift_note)?).resolve(&schema)?;
    let datum = GenericDatumWriter::builder(&schema)
        .build()?
        .write_value_to_vec(value)?;
    let framed = [&frame::header(schema_id)[..], &datum].concat();
    Ok(NewRecord::of(&order_event.order.order_id, framed))
}

/// JSON as Avro's most general types; resolving gives them those of the schema.
fn avro(json: Value) -> AvroValue {
    match json {
        Value::Null => AvroValue::Null,
        Value::Bool(truth) => AvroValue::Boolean(truth),
        // An event has no fractions.
        Value::Number(number) => AvroValue::Long(number.as_i64().unwrap_or_default()),
        Value::String(text) => AvroValue::String(text),
        Value::Array(values) => AvroValue::Array(values.into_iter().map(avro).collect()),
        Value::Object(fields) => AvroValue::Map(fields.into_iter().map(|(name, field)| (name, avro(field))).collect()),
    }
}
