//! What the services answer, as a client reads it: written from the API's description, not taken from its code, so that a
//! change there is noticed here.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A number, digit for digit as it stands in the JSON.
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

/// An order; from order-service with the last two fields.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// Its id.
    pub order_id: String,
    /// Who ordered.
    pub customer_id: String,
    /// When it was placed.
    pub order_date: String,
    /// What was ordered.
    pub items: Vec<Item>,
    /// Its total.
    pub total_amount: Digits,
    /// The currency of all amounts.
    pub currency: String,
    /// How far it has come.
    pub status: String,
    /// Its version.
    pub version: i32,
    /// The event that made it so.
    pub event_id: Option<Uuid>,
    /// What it costs to be sent.
    pub shipping_cost: Option<Digits>,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Item {
    /// What was ordered.
    pub item_id: String,
    /// How many.
    pub quantity: i32,
    /// Price of one.
    pub price: Digits,
}

/// What cart-service says of a write that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Written {
    /// For people.
    pub message: String,
    /// The order's id as it is written.
    pub order_id: String,
    /// The order now.
    pub order: Order,
    /// The event that made it so.
    pub event_id: Uuid,
    /// Where that event lies.
    pub partition: i32,
    /// Where that event lies.
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
    /// Where the next page begins.
    pub next: Option<String>,
}

/// How far order-service has read, and what became of every record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The topic.
    pub topic: String,
    /// How many orders there are.
    pub orders: u64,
    /// How many records were read.
    pub records: u64,
    /// Each partition.
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
    /// The next offset to be read.
    pub position: i64,
    /// Where it ends.
    pub end: Option<i64>,
    /// What is left to read.
    pub lag: Option<i64>,
    /// Why it waits.
    pub paused: Option<String>,
    /// Another producer's transaction that blocks it.
    pub open_transaction: Option<OpenTransaction>,
    /// What became of its records.
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

/// What became of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// Became an order's state.
    pub applied: u64,
    /// Seen again.
    pub duplicate: u64,
    /// Lost a race, or old.
    pub superseded: u64,
    /// Null values.
    pub ignored: u64,
    /// Could not be used.
    pub dead_lettered: u64,
    /// Applied ones before which something was missing.
    pub gaps: u64,
}

impl Outcomes {
    /// All records: each is in one of the outcomes; a gap is none.
    pub fn records(&self) -> u64 {
        self.applied + self.duplicate + self.superseded + self.ignored + self.dead_lettered
    }
}

/// What a service says of itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Health {
    /// `healthy` or `degraded`.
    pub status: String,
    /// Its name.
    pub service: String,
    /// `connected`, `disconnected` or `unknown`.
    pub kafka: String,
    /// The same of the registry.
    pub registry: String,
    /// Whether it can do its work.
    pub ready: bool,
    /// What is amiss.
    pub reasons: Vec<String>,
}

impl Health {
    /// The reasons as one text.
    pub fn why(&self) -> String {
        self.reasons.join("; ")
    }
}

/// What is on the dead-letter topic.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DlqInfo {
    /// The dead-letter topic.
    pub topic: String,
    /// How many letters.
    pub count: u64,
    /// How many of each code.
    pub by_code: BTreeMap<String, u64>,
}

/// One page of dead letters.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letters {
    /// The letters.
    pub messages: Vec<Letter>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// One dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Letter {
    /// Where it lies: `partition-offset`.
    pub id: String,
    /// When it was written.
    pub timestamp: Option<String>,
    /// The record's key.
    pub key: Option<String>,
    /// What kind of fault.
    pub code: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
    /// The schema id in the record's frame.
    pub schema_id: Option<u32>,
    /// Length of the record's value.
    pub size: u64,
    /// How often it was sent back.
    pub replays: u32,
    /// Where the record first lay.
    pub origin: Option<Origin>,
}

/// Where a record first lay.
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
