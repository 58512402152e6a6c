//! The services' answers as a client reads them: written from the API's documentation, not taken from its code, so that
//! a change there is noticed here.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A number, digit for digit as in the JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits(pub String);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.get().to_owned()))
    }
}

impl PartialEq<&str> for Digits {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// An order; from order-service with the last fields.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// Its id.
    pub order_id: String,
    /// Its customer.
    pub customer_id: String,
    /// When it was placed.
    pub order_date: String,
    /// Its items.
    pub items: Vec<Item>,
    /// Its total.
    pub total_amount: Digits,
    /// The currency of all amounts.
    pub currency: String,
    /// Its status.
    pub status: String,
    /// Its version.
    pub version: i32,
    /// The event that led to this version.
    pub event_id: Option<Uuid>,
    /// Its shipping cost.
    pub shipping_cost: Option<Digits>,
    /// How many dead letters it waits for; only from order-service.
    pub dead_letters: Option<u64>,
}

/// One item of an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// Its item.
    pub item_id: String,
    /// Its quantity.
    pub quantity: i32,
    /// Price of one piece.
    pub price: Digits,
}

/// cart-service's answer to a successful write.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Written {
    /// For people.
    pub message: String,
    /// The order's id as given.
    pub order_id: String,
    /// The order now.
    pub order: Order,
    /// The event that led to this version.
    pub event_id: Uuid,
    /// The event's partition.
    pub partition: i32,
    /// The event's offset.
    pub offset: i64,
}

/// One page of order ids.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderIds {
    /// The topic.
    pub topic: String,
    /// The ids.
    pub order_ids: Vec<String>,
    /// How many there are on this page.
    pub count: usize,
    /// The start of the next page.
    pub next: Option<String>,
}

/// How far order-service has read, and the outcomes of all records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The topic.
    pub topic: String,
    /// How many orders there are.
    pub orders: u64,
    /// How many records were read.
    pub records: u64,
    /// How much is left to read in all.
    pub lag: Option<i64>,
    /// Since when that is unknown.
    pub lag_unknown_since: Option<String>,
    /// The partitions.
    pub partitions: Vec<PartitionStats>,
    /// The sums over all partitions.
    pub totals: Outcomes,
}

/// How far one partition was read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PartitionStats {
    /// Its number.
    pub partition: i32,
    /// The next offset to read.
    pub position: i64,
    /// Its end.
    pub end: Option<i64>,
    /// How much is left to read.
    pub lag: Option<i64>,
    /// Since when that is unknown.
    pub lag_unknown_since: Option<String>,
    /// Why it is paused.
    pub paused: Option<String>,
    /// Another producer's transaction that blocks it.
    pub open_transaction: Option<OpenTransaction>,
    /// The outcomes of its records.
    #[serde(flatten)]
    pub outcomes: Outcomes,
}

/// A transaction that blocks a partition.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OpenTransaction {
    /// Offset of its first record.
    pub offset: i64,
    /// Since when it was seen there.
    pub since: Option<String>,
}

/// The outcomes of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// Changed an order.
    pub applied: u64,
    /// Seen before.
    pub duplicate: u64,
    /// Lost a race, or outdated.
    pub superseded: u64,
    /// Null values.
    pub ignored: u64,
    /// Invalid.
    pub dead_lettered: u64,
    /// Applied ones with a gap before them.
    pub gaps: u64,
}

impl Outcomes {
    /// All records: each has one of the outcomes; a gap is not one.
    pub fn records(&self) -> u64 {
        self.applied + self.duplicate + self.superseded + self.ignored + self.dead_lettered
    }
}

/// A service's report on itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Health {
    /// `healthy` or `degraded`.
    pub status: String,
    /// Its name.
    pub service: String,
    /// `connected`, `disconnected` or `unknown`.
    pub kafka: String,
    /// The same for the registry.
    pub registry: String,
    /// Whether it can do its work.
    pub ready: bool,
    /// What is wrong.
    pub reasons: Vec<String>,
}

impl Health {
    /// The reasons as one text.
    pub fn why(&self) -> String {
        self.reasons.join("; ")
    }
}

/// The contents of the dead-letter topic.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DlqInfo {
    /// The dead-letter topic.
    pub topic: String,
    /// How many dead letters.
    pub count: u64,
    /// How many with each code.
    pub by_code: BTreeMap<String, u64>,
    /// How many in each state.
    pub by_state: BTreeMap<String, u64>,
    /// Whether all are counted.
    pub complete: bool,
    /// When they were.
    pub as_of: Option<String>,
}

/// One page of dead letters.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeadLetters {
    /// The dead letters.
    pub messages: Vec<DeadLetter>,
    /// The start of the next page.
    pub next: Option<String>,
    /// Whether all are listed.
    pub complete: bool,
    /// When they were.
    pub as_of: Option<String>,
}

/// One dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeadLetter {
    /// Its id: `partition-offset`.
    pub id: String,
    /// When it was written.
    pub timestamp: Option<String>,
    /// The record's key.
    pub key: Option<String>,
    /// The kind of fault.
    pub code: Option<String>,
    /// Why, as a sentence.
    pub reason: Option<String>,
    /// The schema id in the record's frame.
    pub schema_id: Option<u32>,
    /// Length of the record's value.
    pub size: u64,
    /// How often it was replayed.
    pub replays: u32,
    /// The record's original position.
    pub origin: Option<Origin>,
    /// What became of it.
    pub state: String,
    /// Why it was rejected first, if it was replayed since.
    pub first_code: Option<String>,
    /// Who replayed or discarded it.
    pub settled: Option<Settled>,
}

/// Who replayed or discarded a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    /// When.
    pub at: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// Why it was discarded.
    pub reason: Option<String>,
    /// The job that replayed it.
    pub job: Option<String>,
}

/// A record's original position.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: Option<String>,
}
