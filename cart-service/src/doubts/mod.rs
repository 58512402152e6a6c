//! Orders that are in doubt: a record of theirs named a schema that the registry did not know, so it had to be passed over.
//! What it said may be newer than what is known here, so such an order is not written for ten minutes. Meanwhile the
//! registry is asked again ([`clear_up`](Doubts::clear_up)), and when it knows the schema after all, the record is read
//! again. The minutes are those of this process: after a restart they begin anew. When they are over, the order is written
//! above the versions that such records may have ([`Reserved`]).

mod clear_up;
mod reserved;
mod uptime;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub(crate) use clear_up::CLEARING_UP;
use orderlog_contract::order::{OrderState, check_id};
use orderlog_projection::store::{Store, Table, Transaction};
use orderlog_runtime::crash_point::{self, Point};
pub use reserved::Reserved;
use serde::{Deserialize, Serialize};
use uptime::{Moment, Uptime};

use crate::SERVICE;

/// Most schema ids that are remembered of one order: any of them is reason enough to read again.
const MOST_IDS_OF_ONE: usize = 8;

/// The orders in doubt. They are kept in the store, so that a restart does not forget them. Clones see the same ones.
#[derive(Clone)]
pub struct Doubts {
    store: Store,
    table: Table,
    /// Which versions are reserved, by order. It outlasts the doubts.
    reserved: Table,
    /// How long an order stays in doubt.
    lasts: Duration,
    /// Held by whoever looks at a doubt and then changes it.
    changing: Arc<Mutex<()>>,
    /// How many there were when they were last counted.
    count: Arc<AtomicUsize>,
    uptime: Uptime,
}

/// Why an order is in doubt. JSON on disk, under the order's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// The schema ids that the registry did not know.
    pub schema_ids: Vec<u32>,
    /// The order's partition.
    pub partition: i32,
    /// Offset of the first such record.
    pub offset: i64,
    /// When the last such record was met. One that an earlier build noted has none, and counts from our start.
    #[serde(default)]
    since: Moment,
}

/// A record that was passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed<'a> {
    pub key: Option<&'a [u8]>,
    pub partition: i32,
    pub offset: i64,
    pub schema_id: u32,
    /// The version that its order had before it, where that is known; 0: there was none.
    pub version: Option<i32>,
}

impl Doubts {
    /// The doubts that the store remembers, each of which lasts that long.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(store: &Store, lasts: Duration) -> anyhow::Result<Self> {
        let doubts = Self {
            store: store.clone(),
            table: store.table("doubts")?,
            reserved: store.table("reserved-versions")?,
            lasts,
            changing: Arc::default(),
            count: Arc::default(),
            uptime: Uptime::begin(),
        };
        doubts.counted(doubts.all().count());
        Ok(doubts)
    }

    /// Forgets all of them; for a rebuild.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget(&self) -> anyhow::Result<()> {
        self.counted(0);
        self.table.clear()?;
        self.reserved.clear()
    }

    /// What an operator should know: how many orders are in doubt, if any.
    pub fn trouble(&self) -> Option<String> {
        let count = self.count.load(Ordering::Relaxed);
        match count {
            0 => None,
            1 => Some("1 order cannot be written for now: a record of it has a schema id that the registry does not know (the log names it)".to_owned()),
            _ => Some(format!("{count} orders cannot be written for now: records of them have schema ids that the registry does not know (the log names them)")),
        }
    }

    /// Why that order is in doubt, if it is.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn of(&self, order_id: &str) -> anyhow::Result<Option<Doubt>> {
        let value = self.table.get(order_id.as_bytes())?;
        Ok(value.map(|value| serde_json::from_slice(&value)).transpose()?)
    }

    /// The versions of an order that records which were passed over may have, unless the order is above all of them. Ask for
    /// it after [`Self::of`]: what a doubt leaves behind is there before the doubt is dropped.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn reserved(&self, order_id: &str, state: Option<&OrderState>) -> anyhow::Result<Option<Reserved>> {
        let version = state.map_or(0, |state| state.order.version);
        let Some(reserved) = self.reserved_of(order_id)? else {
            return Ok(None);
        };
        if reserved.includes(version) {
            return Ok(Some(reserved));
        }
        // What is left behind does no harm, and a request does not wait for whoever goes through all doubts.
        let Ok(_changing) = self.changing.try_lock() else {
            return Ok(None);
        };
        // Another record may have been passed over meanwhile; then there is a doubt as well.
        if self.reserved_of(order_id)? == Some(reserved) {
            let mut transaction = self.store.begin();
            transaction.remove(&self.reserved, order_id.as_bytes());
            transaction.commit()?;
        }
        Ok(None)
    }

    fn reserved_of(&self, order_id: &str) -> anyhow::Result<Option<Reserved>> {
        let value = self.reserved.get(order_id.as_bytes())?;
        Ok(value.map(|value| serde_json::from_slice(&value)).transpose()?)
    }

    /// How long that doubt may last yet, in seconds, at least 5: so often the registry is asked.
    pub fn seconds_left(&self, doubt: &Doubt) -> u32 {
        let left = self.lasts.saturating_sub(self.uptime.since(doubt.since)).as_secs();
        u32::try_from(left).unwrap_or(u32::MAX).clamp(5, 600)
    }

    /// Whether that doubt is old enough to be dropped.
    fn is_old(&self, doubt: &Doubt) -> bool {
        self.uptime.since(doubt.since) >= self.lasts
    }

    /// Notes records that were passed over. A key that no order can have is no order's.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn note<'a>(&self, records: impl Iterator<Item = Passed<'a>>) -> anyhow::Result<()> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut noted: BTreeMap<&str, Doubt> = BTreeMap::new();
        let mut reserved: BTreeMap<&str, Reserved> = BTreeMap::new();
        for record in records {
            let order_id = record.key.and_then(|key| std::str::from_utf8(key).ok());
            let Some(order_id) = order_id.filter(|id| check_id(id).is_ok()) else {
                continue;
            };
            let before = match noted.remove(order_id) {
                Some(doubt) => Some(doubt),
                None => self.of(order_id)?,
            };
            noted.insert(order_id, Doubt::renewed(before, record, self.uptime.now()));
            if let Some(version) = record.version {
                let before = match reserved.remove(order_id) {
                    Some(reserved) => Some(reserved),
                    None => self.reserved_of(order_id)?,
                };
                reserved.insert(order_id, Reserved::after(before, version, record.offset));
            }
        }
        let mut transaction = self.store.begin();
        for (order_id, doubt) in &noted {
            transaction.put(&self.table, order_id.as_bytes(), serde_json::to_vec(doubt)?);
        }
        for (order_id, reserved) in &reserved {
            transaction.put(&self.reserved, order_id.as_bytes(), serde_json::to_vec(reserved)?);
        }
        transaction.commit()?;
        if !noted.is_empty() {
            crash_point::reached(Point::DoubtsNoted);
        }
        // Counted exactly at the next look.
        self.counted(self.count.load(Ordering::Relaxed) + noted.len());
        Ok(())
    }

    /// Drops the doubt of an order, together with what else the transaction does.
    pub(crate) fn drop_one(&self, transaction: &mut Transaction, order_id: &str) {
        transaction.remove(&self.table, order_id.as_bytes());
        self.counted(self.count.load(Ordering::Relaxed).saturating_sub(1));
    }

    fn all(&self) -> impl Iterator<Item = anyhow::Result<(String, Doubt)>> + use<> {
        self.table.below(None).map(|entry| {
            let (key, value) = entry?;
            Ok((String::from_utf8(key)?, serde_json::from_slice(&value)?))
        })
    }

    fn counted(&self, count: usize) {
        self.count.store(count, Ordering::Relaxed);
        metrics::gauge!("orderlog_orders_in_doubt", "service" => SERVICE).set(count as f64);
    }
}

impl Doubt {
    /// The doubt of an order of which that record was passed over now. Reading will begin again at the first one.
    fn renewed(before: Option<Self>, record: Passed<'_>, now: Moment) -> Self {
        let mut schema_ids = before
            .as_ref()
            .map(|doubt| doubt.schema_ids.clone())
            .unwrap_or_default();
        schema_ids.retain(|id| *id != record.schema_id);
        schema_ids.insert(0, record.schema_id);
        schema_ids.truncate(MOST_IDS_OF_ONE);
        Self {
            schema_ids,
            partition: record.partition,
            offset: before.map_or(record.offset, |doubt| doubt.offset.min(record.offset)),
            since: now,
        }
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a record of this order (partition {}, offset {}) could not be read, because the schema registry does not know schema id {}; it is asked again",
            self.partition,
            self.offset,
            self.schema_ids.first().copied().unwrap_or_default()
        )
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
