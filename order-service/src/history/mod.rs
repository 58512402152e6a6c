//! What became of each order's events, and which orders a customer has: two tables of the store, written in the same
//! commit as the orders, without reading first.
//!
//! - `row`: an event in the store;
//! - `customers`: the orders of a customer, and building that table for a store that has orders already.
//!
//! An order has [`APPLIED_SLOTS`] rows for events that were applied, by their version, and [`OTHER_SLOTS`] for all others, by
//! their offset: a new row replaces an old one, so that an order's history is bounded whatever is written.

mod customers;
mod row;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::ops::Bound;

use orderlog_contract::order::{Outcome, check_id};
use orderlog_projection::FoldedRecord;
use orderlog_projection::store::{BatchChanges, Store, StoreError, Table, TableName};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

pub use customers::Customers;
pub use row::{EventOutcome, EventRow};

/// How many applied events of an order are kept: the newest.
pub const APPLIED_SLOTS: u8 = 64;
/// How many other events of an order are kept: duplicates, superseded and dead-lettered ones.
pub const OTHER_SLOTS: u8 = 16;

/// Ends an id in a key: no id contains it.
const END: u8 = 0;
/// Where the keys of an id that ends with [`END`] end.
const AFTER_END: u8 = 1;

/// The history of all orders. Clones share it.
#[derive(Clone)]
pub struct History {
    /// Order id, 0, slot → event.
    events: Table,
    customers: Customers,
}

impl History {
    /// Opens the tables; empties them if the store is to be rebuilt. Call it before the store is cleared: whatever is
    /// interrupted then, a history without events is completed by what is read next, and one of cleared orders would not be.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(store: &Store, rebuild: bool) -> Result<Self, StoreError> {
        let history = Self {
            events: store.table(TableName("order_events"))?,
            customers: Customers::open(store)?,
        };
        if rebuild {
            history.customers.clear()?;
            history.events.clear()?;
            store.blocking_sync()?;
        }
        Ok(history)
    }

    /// Which orders a customer has.
    pub fn customers(&self) -> &Customers {
        &self.customers
    }

    /// Adds what is kept of these records to the changes of their batch.
    pub fn extend(&self, changes: &mut BatchChanges, records: &[(&BorrowedMessage<'_>, FoldedRecord)]) {
        self.add(changes, records.iter().map(|(message, record)| (message.key(), record)));
    }

    /// Adds what is kept of these records, each with its key.
    fn add<'a>(
        &self,
        changes: &mut BatchChanges,
        records: impl ExactSizeIterator<Item = (Option<&'a [u8]>, &'a FoldedRecord)>,
    ) {
        // Of several events in one slot, the last one stays: a batch must not contain a key twice.
        let mut rows = HashMap::with_capacity(records.len());
        let mut customers = HashSet::new();
        for (key, record) in records {
            let Some(order_id) = order_id(key, record) else {
                continue;
            };
            let Some(row) = EventRow::of(record) else { continue };
            rows.insert(slot_key(order_id, &row), row.encode());
            customers.extend(Customers::key_of(record));
        }
        let puts = rows.into_iter().map(|(key, row)| self.events.put(&key, row));
        changes.rows.extend(puts);
        changes.rows.extend(customers.iter().map(|key| self.customers.put(key)));
    }

    /// The events of that order that are kept, in no particular order.
    ///
    /// # Errors
    /// The disk fails, or a row has another format.
    pub fn events_of(&self, order_id: &str) -> Result<Vec<EventRow>, StoreError> {
        let rows = ids_in(&self.events, order_id, None);
        rows.map(|row| Ok(EventRow::decode(&row?.1)?)).collect()
    }
}

/// The rows whose keys begin with that id, or those among them after the rest `after`.
fn ids_in(
    table: &Table,
    id: &str,
    after: Option<&str>,
) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>> + use<> {
    let from = key_of(id, END, after.unwrap_or_default().as_bytes());
    let from = match after {
        Some(_) => Bound::Excluded(from.as_slice()),
        None => Bound::Included(from.as_slice()),
    };
    let to = key_of(id, AFTER_END, &[]);
    table.range(from, Bound::Excluded(&to))
}

fn key_of(id: &str, end: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(id.len() + 1 + rest.len());
    key.extend_from_slice(id.as_bytes());
    key.push(end);
    key.extend_from_slice(rest);
    key
}

/// The order that a record is about: that of its event, or the one that its key names.
fn order_id<'a>(key: Option<&'a [u8]>, record: &'a FoldedRecord) -> Option<&'a str> {
    if let Some(event) = &record.event {
        return Some(&event.order_id);
    }
    match record.outcome {
        Outcome::Rejected(_) => std::str::from_utf8(key?).ok().filter(|id| check_id(id).is_ok()),
        _ => None,
    }
}

fn slot_key(order_id: &str, row: &EventRow) -> Vec<u8> {
    let slot = match (row.outcome.is_applied(), row.version) {
        (true, Some(version)) => version.rem_euclid(i32::from(APPLIED_SLOTS)) as u8,
        _ => APPLIED_SLOTS + row.offset.rem_euclid(i64::from(OTHER_SLOTS)) as u8,
    };
    key_of(order_id, END, &[slot])
}
