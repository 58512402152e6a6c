//! How values look on disk. Every value begins with, or names, the version of its format, so a later release can tell
//! what it finds.

use std::sync::Arc;

use anyhow::{Context, anyhow, ensure};
use orderlog_contract::decode;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::order::{OrderState, Outcome};
use orderlog_kafka::partition::Partitioner;
use serde::{Deserialize, Serialize};

/// An order: this byte, then partition (4 bytes), offset (8 bytes) and schema id (4 bytes) of its current event, big endian,
/// then the event's Avro datum as it lies in the topic.
const ORDER_FORMAT: u8 = 2;

/// How far one partition was read, and what was counted there. JSON on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRow {
    /// Offset of the next record to read.
    pub next: i64,
    /// Records below this offset were counted before they came to be read again.
    #[serde(default)]
    pub counted_to: i64,
    /// The last record that was read: proves at start that the topic is still the same one.
    pub last: Option<LastRecord>,
    /// What was counted.
    #[serde(flatten)]
    pub counters: Counters,
}

/// Where the last record lay and what was in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRecord {
    /// Its offset.
    pub offset: i64,
    /// SHA-256 of its key and value, hex.
    pub hash: String,
}

/// Outcomes of a partition's records since the first. Each record is counted in exactly one of the first five.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counters {
    /// Became an order's state.
    pub applied: u64,
    /// The event that made the state, seen again.
    pub duplicate: u64,
    /// Lost a race, or old.
    pub superseded: u64,
    /// Null values.
    pub ignored: u64,
    /// Could not be used.
    pub dead_lettered: u64,
    /// Applied events before which something was missed.
    pub gaps: u64,
    /// Orders that exist.
    pub orders: u64,
}

impl Counters {
    /// All records counted.
    pub fn records(&self) -> u64 {
        self.applied + self.duplicate + self.superseded + self.ignored + self.dead_lettered
    }

    /// Counts an outcome.
    pub fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Applied { gap } => {
                self.applied += 1;
                self.gaps += u64::from(*gap);
            }
            Outcome::Duplicate => self.duplicate += 1,
            Outcome::Superseded => self.superseded += 1,
            Outcome::Ignored => self.ignored += 1,
            Outcome::Rejected(_) => self.dead_lettered += 1,
        }
    }

    /// Adds another partition's counts; for totals.
    pub fn add(&mut self, other: &Self) {
        self.applied += other.applied;
        self.duplicate += other.duplicate;
        self.superseded += other.superseded;
        self.ignored += other.ignored;
        self.dead_lettered += other.dead_lettered;
        self.gaps += other.gaps;
        self.orders += other.orders;
    }
}

/// The event's datum is kept as it was in the topic, and read with its own schema: what this release does not know of
/// is still there for the next one.
pub(super) fn encode_order(state: &OrderState, schema_id: u32, datum: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(17 + datum.len());
    value.push(ORDER_FORMAT);
    value.extend_from_slice(&state.partition.to_be_bytes());
    value.extend_from_slice(&state.offset.to_be_bytes());
    value.extend_from_slice(&schema_id.to_be_bytes());
    value.extend_from_slice(datum);
    value
}

/// `schema` tells what is known of a schema id.
pub(super) fn decode_order(
    value: &[u8],
    schema: impl FnOnce(u32) -> anyhow::Result<Option<Arc<WriterSchema>>>,
) -> anyhow::Result<OrderState> {
    const CUT_OFF: &str = "an order in the store is cut off";
    let (&format, rest) = value.split_first().context(CUT_OFF)?;
    ensure!(
        format == ORDER_FORMAT,
        "an order in the store has format {format}; this release reads {ORDER_FORMAT}. Start once with --rebuild"
    );
    let (partition, rest) = rest.split_first_chunk::<4>().context(CUT_OFF)?;
    let (offset, rest) = rest.split_first_chunk::<8>().context(CUT_OFF)?;
    let (schema_id, datum) = rest.split_first_chunk::<4>().context(CUT_OFF)?;
    let schema_id = u32::from_be_bytes(*schema_id);
    let writer = schema(schema_id)?.with_context(|| format!("the store has lost schema id {schema_id}"))?;
    let event = decode::decode(&writer, datum).map_err(|fault| anyhow!("decoding an order from the store: {fault}"))?;
    Ok(OrderState {
        event_id: event.event_id,
        order: event.order,
        partition: i32::from_be_bytes(*partition),
        offset: i64::from_be_bytes(*offset),
        partial: writer.order_fields_dropped().next().is_some(),
    })
}

/// The id of the schema that the order's current event was written with.
pub(super) fn schema_id_of_order(value: &[u8]) -> anyhow::Result<u32> {
    let id = value.get(13..17).and_then(|id| id.try_into().ok());
    id.map(u32::from_be_bytes).context("an order in the store is cut off")
}

/// What the store belongs to: kept so that it is never filled from another topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub format: u32,
    /// Who has filled it: the services pass over different records, and keep different things of a request. Stores of
    /// before this was kept have none.
    pub service: Option<String>,
    pub topic: String,
    pub partitions: i32,
    /// By which rule that topic was partitioned. Stores of before this was kept are of a time when there was but one.
    #[serde(default)]
    pub partitioner: Partitioner,
}

/// Version of the layout of the tables.
pub(super) const LAYOUT: u32 = 2;
