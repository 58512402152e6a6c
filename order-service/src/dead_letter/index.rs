//! The index of dead letters: which records are already on the dead-letter topic, and what became of them, for listing and
//! counting, too. It is a projection of that topic and nothing else: the topic's tailer adds to it, and everything else
//! only reads. All of it blocks: call it on the projection's thread, or through
//! [`blocking`](orderlog_projection::store::blocking).

mod batch;
mod pages;
mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;

use batch::Batch;
use orderlog_projection::store::{Store, StoreError};
use orderlog_runtime::crash_point::{self, Point};
pub use pages::Page;
use tables::{Tables, encode, number_of, read};
use tokio::sync::watch;
use uuid::Uuid;

use super::marks::Mark;
use super::rows::{DeadLetterId, DeadLetterRow, EarlierRejection, FORMAT, Summary};

const SUMMARY: &[u8] = b"summary";

/// The length of the hours in which dead letters are counted, in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;

/// The index. Clones share it.
#[derive(Clone)]
pub struct Index {
    store: Store,
    topic: String,
    tables: Tables,
    /// How far the topic was read, by partition: the offset of the next record.
    progress: Arc<watch::Sender<BTreeMap<i32, i64>>>,
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
        let index = Self {
            tables: Tables::open(store)?,
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

    /// How many open or parked dead letters were written in each hour from `first` to `last`: hours since 1970-01-01 UTC. An
    /// hour without any may be missing. Timestamps are the producers', who may write any: there may be a row for each letter.
    ///
    /// # Errors
    /// The disk fails.
    pub fn by_hour(&self, first: i64, last: i64) -> Result<BTreeMap<i64, u64>, StoreError> {
        self.tables.counted_within(first, last)
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

    /// Whether the topic says that this job has replayed that dead letter.
    ///
    /// # Errors
    /// The disk fails.
    pub fn is_replayed_by(&self, job: Uuid, id: DeadLetterId) -> Result<bool, StoreError> {
        let settled = self.get(id)?.and_then(|row| row.settled);
        Ok(settled.is_some_and(|settled| settled.job == Some(job)))
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
        self.tables.clear()?;
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

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
