//! The index of dead letters: which records are already on the dead-letter topic, for listing and counting, too. It is
//! a projection of that topic and nothing else: the topic's tailer calls [`Index::add`], and everything else only
//! reads. All of it blocks: call it on the projection's thread, or through
//! [`blocking`](orderlog_projection::store::blocking).

use std::collections::HashMap;
use std::ops::Bound;

use anyhow::Context;
use orderlog_contract::rejection::Code;
use orderlog_projection::store::{Store, StoreError, Table, TableName};
use orderlog_runtime::crash_point::{self, Point};
use serde::Serialize;

use super::headers::Position;
use super::rows::{DeadLetterId, DeadLetterRow, FORMAT, Summary};

const SUMMARY: &[u8] = b"summary";

/// The index. Clones share it.
#[derive(Clone)]
pub struct Index {
    store: Store,
    /// Id → dead letter.
    dead_letters: Table,
    /// Position of a dead-lettered record → fingerprint of its value, and the dead letter's id.
    positions: Table,
    /// The one [`Summary`].
    summary: Table,
    topic: String,
}

/// A record of the dead-letter topic, for the index.
pub(super) struct Entry {
    pub id: DeadLetterId,
    /// Position of the rejected record, and the fingerprint of its value. `None`: not a dead letter of ours.
    pub position: Option<(String, String)>,
    pub row: DeadLetterRow,
}

/// Which dead letters are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those with that code.
    pub code: Option<Code>,
    /// Only those whose record was originally in that partition.
    pub partition: Option<i32>,
    /// Only those whose record had that key.
    pub key: Option<String>,
}

/// One page of dead letters.
#[derive(Clone, Debug)]
pub struct Page {
    /// The dead letters, the highest id first.
    pub dead_letters: Vec<(DeadLetterId, DeadLetterRow)>,
    /// The next page starts below that id; `None` at the end.
    pub next: Option<DeadLetterId>,
}

/// At most this many rows are scanned for one page; a filter that matches few of them yields a short page.
const MAX_SCANNED: usize = 10_000;

impl Index {
    /// Opens the index of that topic in the store. One of another topic, or in another release's format, is discarded.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(store: &Store, topic: &str) -> Result<Self, StoreError> {
        let index = Self {
            dead_letters: store.table(TableName("dlq_letters"))?,
            positions: store.table(TableName("dlq_places"))?,
            summary: store.table(TableName("dlq_summary"))?,
            store: store.clone(),
            topic: topic.to_owned(),
        };
        let summary = index.stored_summary()?;
        if summary.is_none_or(|summary| summary.topic != topic || summary.format != FORMAT) {
            index.clear()?;
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

    /// The dead letter with that id; `None` if there is none.
    ///
    /// # Errors
    /// The disk fails.
    pub fn get(&self, id: DeadLetterId) -> Result<Option<DeadLetterRow>, StoreError> {
        let row = self.dead_letters.get(&id.to_key())?;
        Ok(row.map(|row| decode(&row)).transpose()?)
    }

    /// Whether the record at that position is on the dead-letter topic. A different value at the same position means that the
    /// topic was recreated, so it is a different record.
    ///
    /// # Errors
    /// The disk fails.
    pub fn has(&self, position: &str, fingerprint: &str) -> Result<bool, StoreError> {
        Ok(self.id_of(position, fingerprint)?.is_some())
    }

    /// The original position of the record at `position`, and how often it was replayed, according to its dead letter.
    ///
    /// # Errors
    /// The disk fails.
    pub fn origin_of(&self, position: &str, fingerprint: &str) -> Result<Option<(Position, u32)>, StoreError> {
        let Some(id) = self.id_of(position, fingerprint)? else {
            return Ok(None);
        };
        let Some(row) = self.dead_letters.get(&id)? else {
            return Ok(None);
        };
        let row = decode(&row)?;
        Ok(row.origin.map(|origin| (origin, row.replays)))
    }

    /// The id of a record's dead letter, as a key.
    fn id_of(&self, position: &str, fingerprint: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let known = self.positions.get(position.as_bytes())?.unwrap_or_default();
        let id = known.strip_prefix(fingerprint.as_bytes());
        Ok(id.filter(|id| DeadLetterId::from_key(id).is_some()).map(<[u8]>::to_vec))
    }

    /// Dead letters below an id (`None`: all), the highest id first. With one partition, that means the newest first.
    ///
    /// # Errors
    /// The disk fails.
    pub fn page(&self, below: Option<DeadLetterId>, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        let mut dead_letters: Vec<(DeadLetterId, DeadLetterRow)> = Vec::new();
        let mut last = None;
        let below = below.map(DeadLetterId::to_key);
        let to = below
            .as_ref()
            .map_or(Bound::Unbounded, |key| Bound::Excluded(key.as_slice()));
        for (scanned, entry) in self.dead_letters.range(Bound::Unbounded, to).rev().enumerate() {
            if dead_letters.len() == limit || scanned == MAX_SCANNED {
                return Ok(Page {
                    dead_letters,
                    next: last,
                });
            }
            let (key, value) = entry?;
            let Some(id) = DeadLetterId::from_key(&key) else {
                continue;
            };
            last = Some(id);
            let row = decode(&value)?;
            if filter.matches(&row) {
                dead_letters.push((id, row));
            }
        }
        Ok(Page {
            dead_letters,
            next: None,
        })
    }

    /// Adds records of the topic, and notes how far it was read. A second dead letter of one record (a copy that a killed
    /// process left behind) is skipped.
    ///
    /// # Errors
    /// The disk fails; then nothing was changed.
    pub(super) fn add(&self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let mut summary = self.summary()?;
        let mut changes = Vec::with_capacity(2 * entries.len() + 1);
        let mut new_positions = HashMap::new();
        for Entry { id, position, row } in entries {
            summary.next.insert(id.partition, id.offset + 1);
            if let Some((position, fingerprint)) = position {
                if new_positions.get(&position) == Some(&fingerprint) || self.has(&position, &fingerprint)? {
                    continue;
                }
                let known = [fingerprint.as_bytes(), &id.to_key()].concat();
                changes.push(self.positions.put(position.as_bytes(), known));
                new_positions.insert(position, fingerprint);
            }
            summary.count += 1;
            if let Some(code) = row.code {
                *summary.by_code.entry(code).or_default() += 1;
            }
            changes.push(self.dead_letters.put(&id.to_key(), encode(&row)?));
        }
        changes.push(self.summary.put(SUMMARY, encode(&summary)?));
        self.dead_letters.commit(&changes)?;
        crash_point::reached(Point::DeadLettersIndexed);
        Ok(())
    }

    /// Discards everything, so that the topic is read from the beginning.
    ///
    /// # Errors
    /// The disk fails; the next opening completes it.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        // Clearing is not atomic across tables: until it is done, the summary belongs to no topic.
        self.put_summary(&Summary::default())?;
        self.store.blocking_sync()?;
        self.dead_letters.clear()?;
        self.positions.clear()?;
        self.put_summary(&Summary::of(&self.topic))
    }

    fn put_summary(&self, summary: &Summary) -> Result<(), StoreError> {
        self.summary.commit(&[self.summary.put(SUMMARY, encode(summary)?)])
    }

    /// `None` if there is none, or none that this release can read.
    fn stored_summary(&self) -> Result<Option<Summary>, StoreError> {
        Ok(self
            .summary
            .get(SUMMARY)?
            .and_then(|row| serde_json::from_slice(&row).ok()))
    }
}

fn encode(row: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    serde_json::to_vec(row).context("encoding a row of the dead letter index")
}

fn decode(row: &[u8]) -> anyhow::Result<DeadLetterRow> {
    serde_json::from_slice(row).context("decoding a dead letter's row")
}

impl Filter {
    fn matches(&self, row: &DeadLetterRow) -> bool {
        self.code.is_none_or(|code| row.code == Some(code))
            && self
                .partition
                .is_none_or(|partition| row.origin.as_ref().is_some_and(|origin| origin.partition == partition))
            && self.key.as_ref().is_none_or(|key| row.key.as_ref() == Some(key))
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
