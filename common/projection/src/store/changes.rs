//! What one batch changes, as data, so that deciding it needs no store.

use std::collections::BTreeMap;

use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::OrderState;

use super::{KeyRow, PartitionRow, RowChange};

/// Changes that a store applies together or not at all. The default changes nothing.
#[derive(Debug, Default)]
pub struct BatchChanges {
    /// Orders by id: their new state, or `None` to remove them.
    pub orders: BTreeMap<String, Option<StoredOrder>>,
    /// How far partitions were read.
    pub partitions: BTreeMap<i32, PartitionRow>,
    /// Idempotency keys; `None` leaves them alone.
    pub keys: Option<KeyChanges>,
    /// Rows of tables that one service adds.
    pub rows: Vec<RowChange>,
}

/// An order to be stored, with the event that made it what it is.
#[derive(Clone, Debug)]
pub struct StoredOrder {
    /// Its state.
    pub state: OrderState,
    /// The id of the event's schema.
    pub schema_id: u32,
    /// The event's Avro datum, as it is in the topic: fields that this release does not know are kept for the next one.
    pub datum: Vec<u8>,
}

/// What the records of a batch mean for idempotency keys.
#[derive(Clone, Debug, Default)]
pub struct KeyChanges {
    /// In the order of each partition's records.
    pub changes: Vec<KeyChange>,
    /// How many keys are kept; beyond that, the oldest are forgotten.
    pub max_keys: usize,
}

/// What a record means for its request.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// The request.
    pub request: KeyedRequest,
    /// The order that it was for.
    pub order_id: String,
    /// The outcome of the record.
    pub outcome: KeyOutcome,
}

/// The outcome of a record that was written for a request.
#[derive(Clone, Debug)]
pub enum KeyOutcome {
    /// The record is the request's answer.
    Applied {
        /// The row to remember.
        row: KeyRow,
        /// The record's timestamp, milliseconds since 1970-01-01 UTC: keys are forgotten by age.
        time_ms: i64,
    },
    /// The record is not an answer. It may have been one before it was re-read; the rows of other records stay.
    Lost {
        /// The record's offset.
        offset: i64,
    },
}
