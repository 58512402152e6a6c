//! How values look on disk. Every value begins with, or names, the version of its format, so a later release can tell
//! what it finds.

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::codec;
use crate::event::{EventType, OrderEvent};
use crate::order::{OrderState, Outcome};

/// An order: this byte, then partition (4 bytes) and offset (8 bytes), big endian, then the order as an Avro datum of
/// schema version 1.
const ORDER_FORMAT: u8 = 1;

/// How far one partition was read, and what was counted there. JSON on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRow {
    /// Offset of the next record to read.
    pub next: i64,
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

pub(super) fn encode_order(state: &OrderState) -> anyhow::Result<Vec<u8>> {
    // The datum is that of an event, so one schema serves the topic and the store.
    let event = OrderEvent {
        event_id: state.event_id,
        previous_event_id: None,
        event_type: EventType::Unknown,
        occurred_at: 0,
        order: state.order.clone(),
    };
    let datum = codec::datum(&event).context("encoding an order for the store")?;
    let mut value = Vec::with_capacity(13 + datum.len());
    value.push(ORDER_FORMAT);
    value.extend_from_slice(&state.partition.to_be_bytes());
    value.extend_from_slice(&state.offset.to_be_bytes());
    value.extend_from_slice(&datum);
    Ok(value)
}

pub(super) fn decode_order(value: &[u8]) -> anyhow::Result<OrderState> {
    let Some((&format, rest)) = value.split_first() else {
        bail!("an order in the store is empty")
    };
    ensure!(
        format == ORDER_FORMAT,
        "an order in the store has format {format}; this release reads {ORDER_FORMAT}"
    );
    let (partition, rest) = rest
        .split_first_chunk::<4>()
        .context("an order in the store is cut off")?;
    let (offset, datum) = rest
        .split_first_chunk::<8>()
        .context("an order in the store is cut off")?;
    let event = codec::from_datum(datum).context("decoding an order from the store")?;
    Ok(OrderState {
        event_id: event.event_id,
        order: event.order,
        partition: i32::from_be_bytes(*partition),
        offset: i64::from_be_bytes(*offset),
    })
}

/// What is remembered of a schema id.
#[derive(Serialize, Deserialize)]
pub(super) struct SchemaRow {
    pub schema_type: String,
    pub text: String,
}

/// What the store belongs to: kept so that it is never filled from another topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub format: u32,
    pub topic: String,
    pub partitions: i32,
}

/// Version of the layout of the tables.
pub(super) const LAYOUT: u32 = 1;
