//! What order-service answers, as far as the commands show it. What else it has is passed over, so that a newer service can be
//! asked, too.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// A page of dead letters.
#[derive(Debug, Deserialize)]
pub struct Messages {
    /// The dead letters, newest first.
    pub messages: Vec<Message>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether the index has all that is on the topic.
    #[serde(default)]
    pub complete: bool,
}

/// A dead letter in a list.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Message {
    /// Its position in the dead-letter topic.
    pub id: String,
    /// When it was written.
    pub timestamp: Option<String>,
    /// The record's key.
    pub key: Option<String>,
    /// Why it was rejected, for programs.
    pub code: Option<String>,
    /// Why it was rejected, for people.
    pub reason: Option<String>,
    /// The schema id that the record names.
    pub schema_id: Option<u32>,
    /// Length of the value in bytes.
    pub size: u64,
    /// How often it had been replayed before.
    pub replays: u32,
    /// Where the record was.
    pub origin: Option<Place>,
    /// What became of it.
    pub state: Option<String>,
    /// The code of its first rejection.
    pub first_code: Option<String>,
    /// Who replayed or discarded it.
    pub settled: Option<Settled>,
}

/// Where a record is.
#[derive(Debug, Deserialize)]
pub struct Place {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its timestamp.
    pub timestamp: Option<String>,
}

/// Who replayed or discarded a dead letter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Settled {
    /// When.
    pub at: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// Why it was discarded.
    pub reason: Option<String>,
    /// The replay.
    pub job: Option<String>,
}

/// A dead letter with its bytes, and what decoding says now.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Detail {
    /// As in the list.
    #[serde(flatten)]
    pub message: Message,
    /// All headers.
    #[serde(default)]
    pub headers: Vec<Header>,
    /// The value; none where it is null or was too large to copy.
    pub value: Option<Bytes>,
    /// How far decoding gets now.
    pub decoding: Option<Decoding>,
    /// What to do.
    pub advice: Option<Advice>,
    /// The order that the record belongs to.
    pub order: Option<Order>,
}

/// A header.
#[derive(Debug, Deserialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// What the value is: text, a number, hexadecimal, or null.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its value.
    pub value: Value,
    /// Whether order-service added it.
    #[serde(default)]
    pub added: bool,
}

/// Bytes.
#[derive(Debug, Deserialize)]
pub struct Bytes {
    /// How many there are.
    pub size: u64,
    /// Them, in hexadecimal; the first ones only where `truncated`.
    pub hex: String,
    /// Whether there are more than `hex` has.
    #[serde(default)]
    pub truncated: bool,
}

/// How far decoding gets.
#[derive(Debug, Deserialize)]
pub struct Decoding {
    /// Step by step.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What is wrong, in plain words.
    pub sentence: Option<String>,
    /// Offset in the value of the byte at which decoding fails.
    pub byte: Option<u64>,
    /// The event, if it can be decoded.
    pub event: Option<Value>,
}

/// A step of decoding.
#[derive(Debug, Deserialize)]
pub struct Step {
    /// Its name.
    pub step: String,
    /// Whether it passed.
    pub state: String,
    /// What it found.
    pub detail: Option<String>,
}

/// What to do.
#[derive(Debug, Deserialize)]
pub struct Advice {
    /// In words.
    pub sentence: String,
    /// As a command.
    pub command: Option<String>,
}

/// The order that a record belongs to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id.
    pub order_id: String,
    /// Its version now.
    pub version: Option<i64>,
    /// Whether a later event has healed it: each event carries the whole order.
    #[serde(default)]
    pub healed: bool,
}

/// How many dead letters were discarded.
#[derive(Debug, Deserialize)]
pub struct Discarded {
    /// How many.
    pub discarded: u64,
    /// Those that were named and not discarded.
    #[serde(default)]
    pub skipped: Vec<Skipped>,
}

/// A dead letter that was not discarded.
#[derive(Debug, Deserialize)]
pub struct Skipped {
    /// Its id.
    pub id: String,
    /// Why not.
    pub reason: String,
}

/// Which partitions were resumed.
#[derive(Debug, Deserialize)]
pub struct Resumed {
    /// Their numbers.
    pub resumed: Vec<i32>,
}

/// The counts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Dead letters by state.
    #[serde(default)]
    pub by_state: BTreeMap<String, u64>,
}
