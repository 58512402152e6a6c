//! Unresolved orders: orders with a record that had to be skipped, because it named a schema that the registry did not
//! know. The record may be newer than the state known here, so the order is not written for ten minutes. Meanwhile the
//! registry is queried again (`resolve`), and once it knows the schema, the record is re-read. The ten minutes are measured by this
//! process and restart with it. When they are over, the order is written above the versions that such records may have
//! ([`ReservedVersions`]).
//!
//! Unresolved orders are kept in tables of the store; changes to them are committed with the projection's batches. For a command,
//! [`UnresolvedOrders::look_up`] reads an order together with everything that may prevent writing it.

mod look_up;
mod reserved_versions;
mod resolve;
mod row;
#[cfg(test)]
mod tests;
mod uptime;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use orderlog_contract::order::check_id;
use orderlog_projection::store::{RowChange, Store, StoreError, Table, TableName};
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::metrics::ORDERS_IN_DOUBT;

use crate::SERVICE;
pub use look_up::OrderLookup;
pub use reserved_versions::ReservedVersions;
pub(crate) use resolve::RESOLVING;
pub use row::UnresolvedOrder;
use uptime::Uptime;

/// How many orders are named in a message: a foreign producer can make very many of them.
const MAX_NAMED: usize = 3;

/// The unresolved orders, kept in the store so that they survive a restart. Clones share them.
#[derive(Clone)]
pub struct UnresolvedOrders {
    store: Store,
    table: Table,
    /// Reserved versions, by order. They outlast the unresolved state.
    reserved: Table,
    /// Maximum time that an order stays unresolved.
    timeout: Duration,
    /// Held while a row is read and then changed.
    changing: Arc<Mutex<()>>,
    /// How many there were at the last count.
    count: Arc<AtomicUsize>,
    /// The first [`MAX_NAMED`] of them, in memory: `/health` must not wait for a disk that hangs.
    named: Arc<Mutex<BTreeMap<String, UnresolvedOrder>>>,
    shown_count: metrics::Gauge,
    uptime: Uptime,
}

/// A record that was skipped because the registry did not know its schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnreadRecord<'a> {
    pub key: Option<&'a [u8]>,
    pub partition: i32,
    pub offset: i64,
    pub schema_id: u32,
    /// The order's version before it, if known; 0: there was no order.
    pub version: Option<i32>,
}

impl UnresolvedOrders {
    /// The unresolved orders in the store, each of which stays unresolved for at most `timeout`. Blocks.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(store: &Store, timeout: Duration) -> Result<Self, StoreError> {
        let unresolved = Self {
            store: store.clone(),
            // The table's name in earlier releases.
            table: store.table(TableName("doubts"))?,
            reserved: store.table(TableName("reserved-versions"))?,
            timeout,
            changing: Arc::default(),
            count: Arc::default(),
            named: Arc::default(),
            shown_count: metrics::gauge!(ORDERS_IN_DOUBT, "service" => SERVICE),
            uptime: Uptime::begin(),
        };
        unresolved.set_count(unresolved.all().count());
        unresolved.name(unresolved.all().take(MAX_NAMED).flatten().collect());
        Ok(unresolved)
    }

    /// Clears all of them, for a rebuild. Blocks.
    ///
    /// # Errors
    /// The disk fails.
    pub fn clear(&self) -> Result<(), StoreError> {
        self.set_count(0);
        self.name(BTreeMap::new());
        self.table.clear()?;
        self.reserved.clear()
    }

    /// Which orders are unresolved, and until when, for operators; `None` if none is. Reads memory only.
    pub fn problem(&self) -> Option<String> {
        let count = self.count.load(Ordering::Relaxed);
        let named = self.named();
        let minutes = |seconds: u64| match seconds.div_ceil(60) {
            1 => "1 minute".to_owned(),
            minutes => format!("{minutes} minutes"),
        };
        if let (1, Some((order_id, order))) = (count, named.first_key_value()) {
            let left = minutes(self.seconds_left(order).into());
            return Some(format!(
                "order {order_id} is unresolved: {order}. It cannot be written until the schema is known, or {left} have passed"
            ));
        }
        let ids: Vec<_> = named.keys().map(String::as_str).collect();
        let more = match count.saturating_sub(ids.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let left = minutes(self.timeout.as_secs());
        (count > 0).then(|| format!(
            "{count} orders are unresolved: they have records with schema ids unknown to the registry, which is queried again every few seconds. They cannot be written until the schemas are known, or {left} have passed: {}{more} (the log names all)",
            ids.join(", ")
        ))
    }

    /// How much longer the order may stay unresolved, in seconds: at least 5, the interval between checks.
    pub fn seconds_left(&self, order: &UnresolvedOrder) -> u32 {
        let left = self.timeout.saturating_sub(self.uptime.since(order.since)).as_secs();
        u32::try_from(left).unwrap_or(u32::MAX).clamp(5, 600)
    }

    /// Whether the order may be given up.
    fn is_expired(&self, order: &UnresolvedOrder) -> bool {
        self.uptime.since(order.since) >= self.timeout
    }

    /// Notes skipped records. Keys that are not valid order ids are ignored. Blocks.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn note<'a>(&self, records: impl Iterator<Item = UnreadRecord<'a>>) -> Result<(), StoreError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut noted: BTreeMap<&str, UnresolvedOrder> = BTreeMap::new();
        let mut added = 0;
        let mut reserved: BTreeMap<&str, ReservedVersions> = BTreeMap::new();
        for record in records {
            let order_id = record.key.and_then(|key| std::str::from_utf8(key).ok());
            let Some(order_id) = order_id.filter(|id| check_id(id).is_ok()) else {
                continue;
            };
            let before = match noted.remove(order_id) {
                Some(order) => Some(order),
                None => {
                    let row = self.row(order_id)?;
                    added += usize::from(row.is_none());
                    row
                }
            };
            noted.insert(order_id, UnresolvedOrder::after(before, record, self.uptime.now()));
            if let Some(version) = record.version {
                let before = match reserved.remove(order_id) {
                    Some(reserved) => Some(reserved),
                    None => self.reserved_row(order_id)?,
                };
                reserved.insert(order_id, ReservedVersions::after(before, version, record.offset));
            }
        }
        let mut changes = Vec::with_capacity(noted.len() + reserved.len());
        for (order_id, order) in &noted {
            let row = serde_json::to_vec(order).context("encoding an unresolved order")?;
            changes.push(self.table.put(order_id.as_bytes(), row));
        }
        for (order_id, reserved) in &reserved {
            let row = serde_json::to_vec(reserved).context("encoding reserved versions")?;
            changes.push(self.reserved.put(order_id.as_bytes(), row));
        }
        self.table.commit(&changes)?;
        if !noted.is_empty() {
            crash_point::reached(Point::UnresolvedOrdersStored);
        }
        self.set_count(self.count.load(Ordering::Relaxed) + added);
        let mut named = self.named();
        for (order_id, order) in noted {
            if named.len() < MAX_NAMED || named.contains_key(order_id) {
                named.insert(order_id.to_owned(), order);
            }
        }
        Ok(())
    }

    /// The change that makes an order no longer unresolved, to be committed with others.
    pub(crate) fn remove(&self, order_id: &str) -> RowChange {
        self.set_count(self.count.load(Ordering::Relaxed).saturating_sub(1));
        self.named().remove(order_id);
        self.table.remove(order_id.as_bytes())
    }

    fn all(&self) -> impl Iterator<Item = anyhow::Result<(String, UnresolvedOrder)>> + use<> {
        self.table.range(Bound::Unbounded, Bound::Unbounded).rev().map(|row| {
            let (key, value) = row?;
            Ok((String::from_utf8(key)?, serde_json::from_slice(&value)?))
        })
    }

    fn row(&self, order_id: &str) -> Result<Option<UnresolvedOrder>, StoreError> {
        let value = self.table.get(order_id.as_bytes())?;
        let row = value.map(|value| serde_json::from_slice(&value).context("decoding an unresolved order"));
        Ok(row.transpose()?)
    }

    fn reserved_row(&self, order_id: &str) -> Result<Option<ReservedVersions>, StoreError> {
        let value = self.reserved.get(order_id.as_bytes())?;
        let row = value.map(|value| serde_json::from_slice(&value).context("decoding reserved versions"));
        Ok(row.transpose()?)
    }

    fn named(&self) -> MutexGuard<'_, BTreeMap<String, UnresolvedOrder>> {
        self.named.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets those that messages name.
    fn name(&self, orders: BTreeMap<String, UnresolvedOrder>) {
        *self.named() = orders;
    }

    fn set_count(&self, count: usize) {
        self.count.store(count, Ordering::Relaxed);
        self.shown_count.set(count as f64);
    }
}
