//! The index of dead letters: which records are already on the dead-letter topic, and what is listed and counted. It is
//! a projection of that topic and nothing else; whoever reads the topic calls [`Index::take`], everybody else looks.

use std::collections::HashMap;

use orderlog_contract::rejection::Code;
use orderlog_projection::store::{Store, Table};
use orderlog_runtime::crash_point::{self, Point};

use super::headers::Origin;
use super::rows::{FORMAT, LetterId, LetterRow, Summary};

const SUMMARY: &[u8] = b"summary";

/// The index. Clones see the same one.
#[derive(Clone)]
pub struct Index {
    store: Store,
    /// Id → letter.
    letters: Table,
    /// Coordinates of a dead-lettered record → fingerprint of its value, and the letter's id.
    places: Table,
    /// The one [`Summary`].
    summary: Table,
    topic: String,
}

/// A record of the dead-letter topic, for the index.
pub(super) struct Entry {
    pub id: LetterId,
    /// Coordinates of the record that it was made of, and the fingerprint of that record's value. `None`: not ours.
    pub place: Option<(String, String)>,
    pub row: LetterRow,
}

/// Which letters are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those of that code.
    pub code: Option<Code>,
    /// Only those whose record first lay in that partition.
    pub partition: Option<i32>,
    /// Only those whose record had that key.
    pub key: Option<String>,
}

/// One page of letters.
#[derive(Clone, Debug)]
pub struct Page {
    /// The letters, the highest id first.
    pub letters: Vec<(LetterId, LetterRow)>,
    /// Where the next page begins, below that id; `None` at the end.
    pub next: Option<LetterId>,
}

/// Most rows that one question looks at; a filter that matches little answers with a short page then.
const MOST_SCANNED: usize = 10_000;

impl Index {
    /// Opens the index of that topic in the store. One of another topic, or of another release's format, is thrown away.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(store: &Store, topic: &str) -> anyhow::Result<Self> {
        let table = |name| store.table(name);
        let index = Self {
            letters: table("dlq_letters")?,
            places: table("dlq_places")?,
            summary: table("dlq_summary")?,
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

    /// What is in it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn summary(&self) -> anyhow::Result<Summary> {
        Ok(self.stored_summary()?.unwrap_or_else(|| Summary::of(&self.topic)))
    }

    /// Whether the record at those coordinates is on the dead-letter topic. Another value than the one that was there
    /// is another record: its topic was made anew.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn has(&self, coordinates: &str, fingerprint: &str) -> anyhow::Result<bool> {
        Ok(self.letter_of(coordinates, fingerprint)?.is_some())
    }

    /// Where the record first lay that was at those coordinates, and how often it had been sent back, as its letter says.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn origin_of(&self, coordinates: &str, fingerprint: &str) -> anyhow::Result<Option<(Origin, u32)>> {
        let Some(id) = self.letter_of(coordinates, fingerprint)? else {
            return Ok(None);
        };
        let Some(row) = self.letters.get(&id)? else {
            return Ok(None);
        };
        let row: LetterRow = serde_json::from_slice(&row)?;
        Ok(row.origin.map(|origin| (origin, row.replays)))
    }

    /// The key of a record's letter.
    fn letter_of(&self, coordinates: &str, fingerprint: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let known = self.places.get(coordinates.as_bytes())?.unwrap_or_default();
        let id = known.strip_prefix(fingerprint.as_bytes());
        Ok(id.filter(|id| LetterId::from_key(id).is_some()).map(<[u8]>::to_vec))
    }

    /// Letters below an id (below none: all), the highest id first. With one partition that is the newest first.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn page(&self, below: Option<LetterId>, limit: usize, filter: &Filter) -> anyhow::Result<Page> {
        let mut letters: Vec<(LetterId, LetterRow)> = Vec::new();
        let mut last = None;
        let from = below.map(LetterId::to_key);
        for (scanned, entry) in self.letters.below(from.as_ref().map(<[u8; 12]>::as_slice)).enumerate() {
            if letters.len() == limit || scanned == MOST_SCANNED {
                return Ok(Page { letters, next: last });
            }
            let (key, value) = entry?;
            let Some(id) = LetterId::from_key(&key) else { continue };
            last = Some(id);
            let row: LetterRow = serde_json::from_slice(&value)?;
            if filter.takes(&row) {
                letters.push((id, row));
            }
        }
        Ok(Page { letters, next: None })
    }

    /// Takes in records of the topic, and notes how far it was read. A second letter of one record (the copy that a
    /// killed process left behind) is passed over.
    ///
    /// # Errors
    /// When the disk fails; then nothing was changed.
    pub(super) fn take(&self, entries: Vec<Entry>) -> anyhow::Result<()> {
        let mut summary = self.summary()?;
        let mut transaction = self.store.begin();
        let mut new_places = HashMap::new();
        for Entry { id, place, row } in entries {
            summary.next.insert(id.partition, id.offset + 1);
            if let Some((coordinates, fingerprint)) = place {
                if new_places.get(&coordinates) == Some(&fingerprint) || self.has(&coordinates, &fingerprint)? {
                    continue;
                }
                let known = [fingerprint.as_bytes(), &id.to_key()].concat();
                transaction.put(&self.places, coordinates.as_bytes(), known);
                new_places.insert(coordinates, fingerprint);
            }
            summary.count += 1;
            if let Some(code) = row.code {
                *summary.by_code.entry(code).or_default() += 1;
            }
            transaction.put(&self.letters, &id.to_key(), serde_json::to_vec(&row)?);
        }
        transaction.put(&self.summary, SUMMARY, serde_json::to_vec(&summary)?);
        transaction.commit()?;
        crash_point::reached(Point::LettersIndexed);
        Ok(())
    }

    /// Throws everything away, so that the topic is read anew.
    ///
    /// # Errors
    /// When the disk fails; the next opening finishes what was begun.
    pub(super) fn clear(&self) -> anyhow::Result<()> {
        // Clearing is not atomic over tables: as long as it lasts, the summary is one of no topic.
        self.put_summary(&Summary::default())?;
        self.store.sync()?;
        self.letters.clear()?;
        self.places.clear()?;
        self.put_summary(&Summary::of(&self.topic))
    }

    fn put_summary(&self, summary: &Summary) -> anyhow::Result<()> {
        let mut transaction = self.store.begin();
        transaction.put(&self.summary, SUMMARY, serde_json::to_vec(summary)?);
        transaction.commit()
    }

    /// `None` when there is none, or one that this release cannot read.
    fn stored_summary(&self) -> anyhow::Result<Option<Summary>> {
        Ok(self
            .summary
            .get(SUMMARY)?
            .and_then(|row| serde_json::from_slice(&row).ok()))
    }
}

impl Filter {
    fn takes(&self, row: &LetterRow) -> bool {
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
