//! An order on disk. Pure.

use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use orderlog_contract::decode::{WriterSchema, decode};
use orderlog_contract::order::OrderState;

use crate::store::StoredOrder;

/// This byte, then partition (4 bytes), offset (8 bytes) and schema id (4 bytes) of the order's current event, big endian,
/// then the event's Avro datum as it is in the topic.
const FORMAT: u8 = 2;
const TRUNCATED: &str = "an order in the store is truncated";

pub(super) fn encode_order(order: &StoredOrder) -> Vec<u8> {
    let StoredOrder {
        state,
        schema_id,
        datum,
    } = order;
    let mut value = Vec::with_capacity(17 + datum.len());
    value.push(FORMAT);
    value.extend_from_slice(&state.partition.to_be_bytes());
    value.extend_from_slice(&state.offset.to_be_bytes());
    value.extend_from_slice(&schema_id.to_be_bytes());
    value.extend_from_slice(datum);
    value
}

/// `schema` looks up a schema id.
pub(super) fn decode_order(
    value: &[u8],
    schema: impl FnOnce(u32) -> anyhow::Result<Option<Arc<WriterSchema>>>,
) -> anyhow::Result<OrderState> {
    let (&format, rest) = value.split_first().context(TRUNCATED)?;
    ensure!(
        format == FORMAT,
        "an order in the store has format {format}; this release reads {FORMAT}. Start once with --rebuild"
    );
    let (partition, rest) = rest.split_first_chunk::<4>().context(TRUNCATED)?;
    let (offset, rest) = rest.split_first_chunk::<8>().context(TRUNCATED)?;
    let (schema_id, datum) = rest.split_first_chunk::<4>().context(TRUNCATED)?;
    let schema_id = u32::from_be_bytes(*schema_id);
    let writer = schema(schema_id)?.with_context(|| format!("schema id {schema_id} is missing from the store"))?;
    let event = decode(&writer, datum).map_err(|fault| anyhow!("decoding an order from the store: {fault}"))?;
    Ok(OrderState {
        event_id: event.event_id,
        order: event.order,
        partition: i32::from_be_bytes(*partition),
        offset: i64::from_be_bytes(*offset),
        partial: writer.unknown_order_fields().next().is_some(),
    })
}

/// The id of the schema that the order's current event was written with.
pub(super) fn schema_id_of_order(value: &[u8]) -> anyhow::Result<u32> {
    let id = value.get(13..17).and_then(|id| id.try_into().ok());
    id.map(u32::from_be_bytes).context(TRUNCATED)
}
