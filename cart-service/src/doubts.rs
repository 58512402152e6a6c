//! Orders that are in doubt: a record of theirs named a schema that the registry did not know, so it had to be passed over.
//! What it said may be newer than what is known here, so such an order is not written for ten minutes. Meanwhile the
//! registry is asked again, and when it knows the schema after all, the record is read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::order::check_id;
use common::projection::{PassedOver, View};
use common::registry::Registry;
use common::store::{Store, Table};
use serde::{Deserialize, Serialize};

use crate::SERVICE;

/// How long an order stays in doubt.
const LASTS_MS: u64 = 10 * 60 * 1000;
/// Between two times that the registry is asked.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// Most schema ids that are asked for each time.
const MOST_IDS: usize = 100;
/// Most doubts that are dropped each time.
const MOST_DROPPED: usize = 10_000;

/// The orders in doubt. They are kept in the store, so that a restart does not forget them. Clones see the same ones.
#[derive(Clone)]
pub struct Doubts {
    store: Store,
    table: Table,
    /// How many there were when they were last counted.
    count: Arc<AtomicUsize>,
}

/// Why an order is in doubt. JSON on disk, under the order's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// The schema id that the registry did not know.
    pub schema_id: u32,
    /// Where the first such record lies.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// When it was met, in milliseconds since 1970.
    pub since_ms: u64,
}

impl Doubts {
    /// The doubts that the store remembers.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(store: &Store) -> anyhow::Result<Self> {
        let doubts = Self {
            store: store.clone(),
            table: store.table("doubts")?,
            count: Arc::default(),
        };
        doubts.sort_out()?;
        Ok(doubts)
    }

    /// What an operator should know: how many orders are in doubt, if any.
    pub fn trouble(&self) -> Option<String> {
        let count = self.count.load(Ordering::Relaxed);
        let text = format!(
            "{count} orders cannot be written for now: records of theirs name schemas that the schema registry does not know"
        );
        (count > 0).then_some(text)
    }

    /// Forgets all of them; for a rebuild.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget(&self) -> anyhow::Result<()> {
        self.counted(0);
        self.table.clear()
    }

    /// Why that order is in doubt, if it is.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn of(&self, order_id: &str) -> anyhow::Result<Option<Doubt>> {
        let Some(value) = self.table.get(order_id.as_bytes())? else {
            return Ok(None);
        };
        let doubt: Doubt = serde_json::from_slice(&value)?;
        Ok(Some(doubt).filter(Doubt::lasts))
    }

    /// Notes records that were passed over, each with its key and schema id. A key that no order can have is no order's.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn note<'a>(
        &self,
        records: impl Iterator<Item = (Option<&'a [u8]>, i32, i64, u32)>,
    ) -> anyhow::Result<()> {
        let mut transaction = self.store.begin();
        let mut noted = BTreeSet::new();
        for (key, partition, offset, schema_id) in records {
            let order_id = key.and_then(|key| std::str::from_utf8(key).ok());
            let Some(order_id) = order_id.filter(|id| check_id(id).is_ok()) else {
                continue;
            };
            // The first record counts: reading begins again there.
            let is_later = self.of(order_id)?.is_some_and(|doubt| doubt.offset <= offset);
            if is_later || !noted.insert(order_id) {
                continue;
            }
            let doubt = Doubt {
                schema_id,
                partition,
                offset,
                since_ms: now_ms(),
            };
            transaction.put(&self.table, order_id.as_bytes(), serde_json::to_vec(&doubt)?);
        }
        transaction.commit()?;
        // Counted exactly at the next look.
        self.counted(self.count.load(Ordering::Relaxed) + noted.len());
        Ok(())
    }

    fn counted(&self, count: usize) {
        self.count.store(count, Ordering::Relaxed);
        metrics::gauge!("orderlog_orders_in_doubt", "service" => SERVICE).set(count as f64);
    }

    /// Clears doubts up for as long as the service lives: asks the registry again, has records read again whose schema is
    /// known now, and drops what is too old.
    pub(crate) async fn clear_up(self, registry: Arc<Registry>, view: View) {
        loop {
            tokio::time::sleep(ASK_EVERY).await;
            if let Err(error) = self.look(&registry, &view).await {
                tracing::error!(
                    error = format!("{error:#}"),
                    "orders in doubt could not be looked through"
                );
            }
        }
    }

    async fn look(&self, registry: &Registry, view: &View) -> anyhow::Result<()> {
        let doubts = self.clone();
        let ids = tokio::task::spawn_blocking(move || doubts.sort_out()).await??;
        let mut known = BTreeSet::new();
        for id in ids {
            if registry.schema(id).await.is_ok() {
                known.insert(id);
            }
        }
        if known.is_empty() {
            return Ok(());
        }
        let doubts = self.clone();
        let partitions = tokio::task::spawn_blocking(move || doubts.passed_over(&known)).await??;
        for (partition, records) in partitions {
            let orders: Vec<String> = records.iter().map(|record| record.order_id.clone()).collect();
            // From here on the partition itself is in doubt, until it was read to its end again.
            if view.reread(partition, records).await {
                self.counted(self.count.load(Ordering::Relaxed).saturating_sub(orders.len()));
                self.drop_all(orders.iter())?;
            }
        }
        Ok(())
    }

    /// Drops what is too old. Returns the schema ids of the rest, or some of them when they are many.
    fn sort_out(&self) -> anyhow::Result<Vec<u32>> {
        let (mut old, mut ids, mut count) = (Vec::new(), BTreeSet::new(), 0);
        for entry in self.all() {
            let (order_id, doubt) = entry?;
            if doubt.lasts() {
                count += 1;
                ids.insert(doubt.schema_id);
            } else if old.len() < MOST_DROPPED {
                old.push(order_id);
            }
        }
        self.counted(count);
        self.drop_all(old.iter())?;
        let mut ids: Vec<u32> = ids.into_iter().collect();
        // Others each time, so that each has its turn.
        fastrand::shuffle(&mut ids);
        ids.truncate(MOST_IDS);
        Ok(ids)
    }

    /// The records that name one of these schemas, by partition.
    fn passed_over(&self, known: &BTreeSet<u32>) -> anyhow::Result<BTreeMap<i32, Vec<PassedOver>>> {
        let mut partitions: BTreeMap<i32, Vec<PassedOver>> = BTreeMap::new();
        for entry in self.all() {
            let (order_id, doubt) = entry?;
            if known.contains(&doubt.schema_id) {
                partitions.entry(doubt.partition).or_default().push(PassedOver {
                    order_id,
                    offset: doubt.offset,
                    schema_id: doubt.schema_id,
                });
            }
        }
        Ok(partitions)
    }

    fn all(&self) -> impl Iterator<Item = anyhow::Result<(String, Doubt)>> + use<> {
        self.table.below(None).map(|entry| {
            let (key, value) = entry?;
            Ok((String::from_utf8(key)?, serde_json::from_slice(&value)?))
        })
    }

    fn drop_all<'a>(&self, order_ids: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
        let mut transaction = self.store.begin();
        for order_id in order_ids {
            transaction.remove(&self.table, order_id.as_bytes());
        }
        transaction.commit()
    }
}

impl Doubt {
    /// Whether it is not too old.
    fn lasts(&self) -> bool {
        now_ms().saturating_sub(self.since_ms) < LASTS_MS
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "a record of this order could not be read, because the schema registry does not know schema id {} (partition {}, offset {}); it is asked again",
            self.schema_id, self.partition, self.offset
        )
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_in_doubt_from_its_first_record_on_and_for_ten_minutes() {
        let dir = tempfile::tempdir().expect("a directory");
        let doubts = Doubts::open(&Store::open(dir.path()).expect("a store")).expect("opens");
        let key: Option<&[u8]> = Some(b"A-1");
        let no_keys: [Option<&[u8]>; 3] = [None, Some(b""), Some(&[0xff])];
        let others = no_keys.map(|key| (key, 0, 1, 9));
        let records = [(key, 0, 5, 9), (key, 0, 7, 8)].into_iter().chain(others);
        doubts.note(records).expect("noted");
        let doubt = doubts.of("A-1").expect("reads").expect("a doubt");
        assert_eq!((doubt.offset, doubt.schema_id, doubts.all().count()), (5, 9, 1));
        assert!(doubts.of("A-2").expect("reads").is_none());
        let old = Doubt {
            since_ms: now_ms() - LASTS_MS,
            ..doubt
        };
        assert!(!old.lasts());
    }
}
