//! The index of dead letters: which records are already on the dead-letter topic, and what became of them, for listing and
//! counting, too. It is a projection of that topic and nothing else: the topic's tailer adds to it, and everything else
//! only reads. All of it blocks: call it on the projection's thread, or through
//! [`blocking`](orderlog_projection::store::blocking).

mod batch;
mod pages;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use anyhow::Context;
use batch::Batch;
use orderlog_projection::store::{Store, StoreError, Table, TableName};
use orderlog_runtime::crash_point::{self, Point};
pub use pages::Page;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use uuid::Uuid;

use super::marks::Mark;
use super::rows::{DeadLetterId, DeadLetterRow, EarlierRejection, FORMAT, Summary};

const SUMMARY: &[u8] = b"summary";

/// The index. Clones share it.
#[derive(Clone)]
pub struct Index {
    store: Store,
    topic: String,
    tables: Tables,
    /// How far the topic was read, by partition: the offset of the next record.
    progress: Arc<watch::Sender<BTreeMap<i32, i64>>>,
}

#[derive(Clone)]
struct Tables {
    /// Id → dead letter.
    letters: Table,
    /// Position of a dead-lettered record → fingerprint of its value, and the dead letter's id.
    positions: Table,
    /// Id of another copy of a dead letter → the dead letter's id.
    copies: Table,
    /// The [lists](super::lists).
    lists: Table,
    /// Hour since 1970-01-01 UTC → dead letters that were written then and are open or parked.
    hours: Table,
    /// Id of a dead letter that was not read yet → what a mark says of it.
    awaited: Table,
    /// Job → how many dead letters marks say that it has replayed.
    jobs: Table,
    /// The one [`Summary`].
    summary: Table,
}

/// A record of the dead-letter topic, for the index.
pub(super) struct Entry {
    pub id: DeadLetterId,
    pub content: Content,
}

/// What such a record is.
#[expect(clippy::large_enum_variant, reason = "almost all of them are dead letters")]
pub(super) enum Content {
    DeadLetter {
        /// Position of the rejected record, and the fingerprint of its value. `None`: not a dead letter of ours.
        position: Option<(String, String)>,
        row: DeadLetterRow,
    },
    Mark {
        mark: Mark,
        /// Its timestamp.
        at: Option<i64>,
    },
}

impl Index {
    /// Opens the index of that topic in the store. One of another topic, or in another release's format, is discarded.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(store: &Store, topic: &str) -> Result<Self, StoreError> {
        let table = |name| store.table(TableName(name));
        let index = Self {
            tables: Tables {
                letters: table("dlq_letters")?,
                positions: table("dlq_places")?,
                copies: table("dlq_copies")?,
                lists: table("dlq_lists")?,
                hours: table("dlq_hours")?,
                awaited: table("dlq_awaited")?,
                jobs: table("dlq_jobs")?,
                summary: table("dlq_summary")?,
            },
            store: store.clone(),
            topic: topic.to_owned(),
            progress: Arc::new(watch::Sender::default()),
        };
        match index.stored_summary()? {
            Some(summary) if summary.topic == topic && summary.format == FORMAT => index.note_progress(&summary.next),
            _ => index.clear()?,
        }
        Ok(index)
    }

    /// The dead-letter topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Its counts.
    ///
    /// # Errors
    /// The disk fails.
    pub fn summary(&self) -> Result<Summary, StoreError> {
        Ok(self.stored_summary()?.unwrap_or_else(|| Summary::of(&self.topic)))
    }

    /// How many open or parked dead letters were written in each hour from `first` on: hours since 1970-01-01 UTC. An hour
    /// without any may be missing.
    ///
    /// # Errors
    /// The disk fails.
    pub fn by_hour(&self, first: i64) -> Result<BTreeMap<i64, u64>, StoreError> {
        let from = hour_key(first);
        let rows = self.tables.hours.range(Bound::Included(&from), Bound::Unbounded);
        let mut hours = BTreeMap::new();
        for row in rows {
            let (key, count) = row?;
            if let (Some(hour), Some(count)) = (hour_of(&key), number_of(&count)) {
                hours.insert(hour, count);
            }
        }
        Ok(hours)
    }

    /// The dead letter with that id.
    ///
    /// # Errors
    /// The disk fails.
    pub fn get(&self, id: DeadLetterId) -> Result<Option<DeadLetterRow>, StoreError> {
        read(&self.tables.letters, &id.to_key())
    }

    /// Whether the record at that position is on the dead-letter topic. A different value at the same position means that the
    /// topic was recreated, so it is a different record.
    ///
    /// # Errors
    /// The disk fails.
    pub fn has(&self, position: &str, fingerprint: &str) -> Result<bool, StoreError> {
        Ok(self.id_of(position, fingerprint)?.is_some())
    }

    /// The original position of the record at `position`, how often it was replayed and why it was rejected first, according
    /// to its dead letter.
    ///
    /// # Errors
    /// The disk fails.
    pub fn origin_of(&self, position: &str, fingerprint: &str) -> Result<Option<EarlierRejection>, StoreError> {
        let Some(id) = self.id_of(position, fingerprint)? else {
            return Ok(None);
        };
        let Some(row) = self.get(id)? else {
            return Ok(None);
        };
        Ok(row.origin.map(|origin| EarlierRejection {
            origin,
            replays: row.replays,
            first_code: row.first_code.or(row.code),
        }))
    }

    /// How many dead letters that job has replayed, according to its marks.
    ///
    /// # Errors
    /// The disk fails.
    pub fn replayed_by(&self, job: Uuid) -> Result<u64, StoreError> {
        let row = self.tables.jobs.get(job.as_bytes())?;
        Ok(row.as_deref().and_then(number_of).unwrap_or(0))
    }

    /// How far the topic is indexed: the offset of the next record, by partition. At its end, that is the partition's (last
    /// stable) end offset, even if transaction markers come last.
    ///
    /// # Errors
    /// None yet; reserved for a store that can be unavailable.
    pub fn next_offsets(&self) -> Result<BTreeMap<i32, i64>, StoreError> {
        Ok(self.progress.borrow().clone())
    }

    /// The same, to await. What it says is committed.
    pub fn progress(&self) -> watch::Receiver<BTreeMap<i32, i64>> {
        self.progress.subscribe()
    }

    /// Adds records of the topic, and notes how far it was read. A second dead letter of one record (a copy that a killed
    /// process left behind) does not count, and marks of either are marks of the first.
    ///
    /// # Errors
    /// The disk fails; then some of the first entries may have been added.
    pub(super) fn add(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let mut batch = Batch::new(self, self.summary()?);
            while !batch.is_full()
                && let Some(entry) = entries.next()
            {
                batch.add(entry)?;
            }
            let next = batch.next_offsets().clone();
            let changes = batch.into_changes()?;
            self.tables.letters.commit(&changes)?;
            self.note_progress(&next);
            crash_point::reached(Point::DeadLettersIndexed);
        }
        Ok(())
    }

    /// Notes how far partitions were read, beyond their last records.
    pub(super) fn note_progress(&self, next: &BTreeMap<i32, i64>) {
        self.progress.send_if_modified(|progress| {
            let mut modified = false;
            for (partition, next) in next {
                let known = progress.entry(*partition).or_default();
                modified |= next > known;
                *known = (*known).max(*next);
            }
            modified
        });
    }

    /// Discards everything, so that the topic is read from the beginning.
    ///
    /// # Errors
    /// The disk fails; the next opening completes it.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        // Clearing is not atomic across tables: until it is done, the summary belongs to no topic.
        self.put_summary(&Summary::default())?;
        self.store.blocking_sync()?;
        let Tables {
            letters,
            positions,
            copies,
            lists,
            hours,
            awaited,
            jobs,
            summary: _,
        } = &self.tables;
        for table in [letters, positions, copies, lists, hours, awaited, jobs] {
            table.clear()?;
        }
        self.progress.send_replace(BTreeMap::new());
        self.put_summary(&Summary::of(&self.topic))
    }

    /// The id of a record's dead letter.
    fn id_of(&self, position: &str, fingerprint: &str) -> Result<Option<DeadLetterId>, StoreError> {
        let known = self.tables.positions.get(position.as_bytes())?.unwrap_or_default();
        Ok(known
            .strip_prefix(fingerprint.as_bytes())
            .and_then(DeadLetterId::from_key))
    }

    fn put_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        let table = &self.tables.summary;
        table.commit(&[table.put(SUMMARY, encode(summary)?)])
    }

    /// `None` if there is none, or none that this release can read.
    fn stored_summary(&self) -> Result<Option<Summary>, StoreError> {
        let row = self.tables.summary.get(SUMMARY)?;
        Ok(row.and_then(|row| serde_json::from_slice(&row).ok()))
    }
}

fn encode(row: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    serde_json::to_vec(row).context("encoding a row of the dead letter index")
}

fn decode<T: DeserializeOwned>(row: &[u8]) -> anyhow::Result<T> {
    serde_json::from_slice(row).context("decoding a row of the dead letter index")
}

fn read<T: DeserializeOwned>(table: &Table, key: &[u8]) -> Result<Option<T>, StoreError> {
    Ok(table.get(key)?.map(|row| decode(&row)).transpose()?)
}

fn number_of(row: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(row.try_into().ok()?))
}

/// Keys that sort as the hours do.
fn hour_key(hour: i64) -> [u8; 8] {
    (hour.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn hour_of(key: &[u8]) -> Option<i64> {
    Some((number_of(key)? ^ (1 << 63)).cast_signed())
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
