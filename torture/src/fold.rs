//! What a log must result in, written from the text of the contract alone: the rules for one event, where it belongs,
//! and the fold. An independent second implementation.

use std::collections::BTreeMap;

use crate::decode::{self, Event, Order, STATUSES};
use crate::evidence::Evidence;
use testbed::log::Record;

/// The currencies that occur in a run, with their number of decimals.
const CURRENCIES: [(&str, u32); 3] = [("USD", 2), ("JPY", 0), ("KWD", 3)];
/// The last millisecond of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

/// What a record results in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Applied {
        gap: bool,
    },
    Duplicate,
    Superseded,
    Ignored,
    /// It is invalid, and is rejected with that code.
    Invalid(&'static str),
}

/// A record, and what the contract says about it.
#[derive(Clone, Debug)]
pub struct JudgedRecord<'a> {
    pub record: &'a Record,
    pub outcome: Outcome,
    /// Its event, if it has a usable one.
    pub event: Option<Event>,
}

/// What a whole log must result in.
#[derive(Debug, Default)]
pub struct Reference<'a> {
    /// Every record, by partition and offset.
    pub judged: Vec<JudgedRecord<'a>>,
    /// The index in `judged` of each order's current event.
    pub current: BTreeMap<String, usize>,
    /// The indexes in `judged` of each event's usable copies, in log order.
    pub copies: BTreeMap<String, Vec<usize>>,
}

impl<'a> Reference<'a> {
    /// Folds the topic of that evidence.
    pub fn of(evidence: &'a Evidence) -> Self {
        let mut reference = Self::default();
        for record in &evidence.records {
            reference.push(record, evidence);
        }
        reference
    }

    /// Each order as it must be now.
    pub fn orders(&self) -> impl Iterator<Item = (&str, &Event)> {
        let event = |n: usize| self.judged[n].event.as_ref();
        self.current
            .iter()
            .filter_map(move |(id, n)| Some((id.as_str(), event(*n)?)))
    }

    /// Every record that has a usable event, with that event.
    pub fn events(&self) -> impl Iterator<Item = (&JudgedRecord<'a>, &Event)> {
        self.judged
            .iter()
            .filter_map(|judged| Some((judged, judged.event.as_ref()?)))
    }

    /// The first record of an event, and whether that event was applied.
    pub fn find(&self, event_id: &str) -> Option<(&JudgedRecord<'a>, bool)> {
        let first = &self.judged[*self.copies.get(event_id)?.first()?];
        Some((first, matches!(first.outcome, Outcome::Applied { .. })))
    }

    fn push(&mut self, record: &'a Record, evidence: &Evidence) {
        let n = self.judged.len();
        let (outcome, event) = match &record.value {
            None => (Outcome::Ignored, None),
            Some(value) => match usable(record, value, evidence) {
                Err(code) => (Outcome::Invalid(code), None),
                Ok(event) => self.fold(n, event),
            },
        };
        self.judged.push(JudgedRecord { record, outcome, event });
    }

    fn fold(&mut self, n: usize, event: Event) -> (Outcome, Option<Event>) {
        let current = self.current.get(&event.order.id);
        let current = current.and_then(|current| self.judged[*current].event.as_ref());
        let outcome = fold(current, &event);
        if matches!(outcome, Outcome::Invalid(_)) {
            return (outcome, None);
        }
        self.copies.entry(event.event_id.clone()).or_default().push(n);
        if matches!(outcome, Outcome::Applied { .. }) {
            self.current.insert(event.order.id.clone(), n);
        }
        (outcome, Some(event))
    }
}

/// Whether a record is one that cart-services write to confirm the quorum: no key, no value, and marked by a header.
pub fn is_barrier(record: &Record) -> bool {
    let marked = record.headers.iter().any(|(name, _)| name == "orderlog.barrier");
    marked && record.key.is_none() && record.value.is_none()
}

/// The event of a record, if the rules for one event, its key and its partition allow it; otherwise the code.
fn usable(record: &Record, value: &[u8], evidence: &Evidence) -> Result<Event, &'static str> {
    let (id, datum) = decode::frame(value).ok_or("not_framed")?;
    let event = if id == evidence.schema_id {
        decode::event(datum)
    } else if evidence.other_schema_ids.contains(&id) {
        return Err("wrong_schema");
    } else if was_registered(id, record, evidence) {
        decode::event_with_one_more(datum)
    } else {
        return Err("unknown_schema_id");
    };
    let event = event.ok_or("undecodable")?;
    let key = record.key.as_deref().unwrap_or_default();
    let code = if !is_valid(&event) {
        "invalid_order"
    } else if key != event.order.id.as_bytes() {
        "key_mismatch"
    } else if partition_of(key, evidence.partitions) != record.partition {
        "wrong_partition"
    } else {
        return Ok(event);
    };
    Err(code)
}

/// Whether a schema was registered when that record was written. What had been written before was read before.
fn was_registered(id: u32, record: &Record, evidence: &Evidence) -> bool {
    let late = evidence.late_schemas.iter().find(|late| late.id == id);
    late.is_some_and(|late| record.timestamp.is_some_and(|written| written >= late.registered))
}

fn is_valid(event: &Event) -> bool {
    let order = &event.order;
    let is_id = |text: &str| (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    let lines = &order.items;
    let line = |line: &decode::Item| is_id(&line.id) && (1..=1_000_000).contains(&line.quantity) && line.price >= 1;
    is_id(&order.id)
        && is_id(&order.customer)
        && (1..=100).contains(&lines.len())
        && lines.iter().all(line)
        && total(order) == i128::from(order.total)
        && decimals(&order.currency).is_some()
        && (1..=1_000_000_000).contains(&order.version)
        && [order.date, event.occurred_at]
            .iter()
            .all(|ms| (0..=LAST_MS).contains(ms))
}

fn total(order: &Order) -> i128 {
    order
        .items
        .iter()
        .map(|item| i128::from(item.quantity) * i128::from(item.price))
        .sum()
}

/// How many decimals a currency has; `None` for one that does not occur in a run.
pub fn decimals(currency: &str) -> Option<u32> {
    CURRENCIES
        .iter()
        .find(|(code, _)| *code == currency)
        .map(|(_, decimals)| *decimals)
}

fn fold(current: Option<&Event>, event: &Event) -> Outcome {
    let Some(current) = current else {
        return Outcome::Applied {
            gap: event.order.version > 1,
        };
    };
    let ahead = i64::from(event.order.version) - i64::from(current.order.version);
    let follows = event
        .previous
        .as_ref()
        .is_none_or(|previous| *previous == current.event_id);
    match ahead {
        1 if follows && can_transition_to(current.order.status, event.order.status) => Outcome::Applied { gap: false },
        1 if follows => Outcome::Invalid("illegal_transition"),
        1.. => Outcome::Applied { gap: true },
        0 if event.event_id == current.event_id => Outcome::Duplicate,
        _ => Outcome::Superseded,
    }
}

/// Whether an order may go from one status to the other.
pub fn can_transition_to(from: &str, to: &str) -> bool {
    let step = |status: &str| STATUSES.iter().position(|other| *other == status);
    match (from, to) {
        ("delivered" | "cancelled", _) => false,
        ("unknown", _) | (_, "unknown") => true,
        (_, "cancelled") => from != "shipped",
        _ => step(from) <= step(to),
    }
}

/// The partition of a key as Java producers choose it: murmur2, without the sign, modulo the number of partitions.
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & 0x7fff_ffff).cast_signed() % partitions
}

fn murmur2(key: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
    let (words, rest) = key.as_chunks::<4>();
    let mut hash = 0x9747_b28c ^ length;
    for word in words {
        let k = u32::from_le_bytes(*word).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ (k ^ (k >> 24)).wrapping_mul(M);
    }
    for (n, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * n);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
