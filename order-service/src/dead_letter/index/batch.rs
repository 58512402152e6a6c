//! What records of the dead-letter topic change in the index, to be committed at once.

use std::collections::{BTreeMap, HashMap};

use orderlog_projection::store::{RowChange, StoreError, Table};
use uuid::Uuid;

use super::tables::{encode, hour_key, number_of};
use super::{Content, Entry, HOUR_MS, Index, SUMMARY};
use crate::dead_letter::lists::{Place, listed, lists_of};
use crate::dead_letter::marks::Mark;
use crate::dead_letter::rows::{DeadLetterId, DeadLetterRow, Summary};
use crate::dead_letter::state::{DeadLetterState, Settlement};

/// How many dead letters one commit adds or settles, roughly: what they change is in memory until then.
const MAX_SIZE: usize = 2_000;

/// A batch.
pub(super) struct Batch<'a> {
    index: &'a Index,
    summary: Summary,
    size: usize,
    /// Dead letters that are new, or read because a mark names them.
    letters: BTreeMap<DeadLetterId, Letter>,
    positions: HashMap<String, (String, DeadLetterId)>,
    copies: HashMap<DeadLetterId, DeadLetterId>,
    jobs: BTreeMap<Uuid, u64>,
}

struct Letter {
    /// Its state in the index; `None`: it is new.
    before: Option<DeadLetterState>,
    row: DeadLetterRow,
}

impl<'a> Batch<'a> {
    /// An empty one, on top of what the index has.
    pub fn new(index: &'a Index, summary: Summary) -> Self {
        Self {
            index,
            summary,
            size: 0,
            letters: BTreeMap::new(),
            positions: HashMap::new(),
            copies: HashMap::new(),
            jobs: BTreeMap::new(),
        }
    }

    /// Whether it should be committed before more is added.
    pub fn is_full(&self) -> bool {
        self.size >= MAX_SIZE
    }

    /// How far the topic is read after it.
    pub fn next_offsets(&self) -> &BTreeMap<i32, i64> {
        &self.summary.next
    }

    /// Adds a record of the topic. One that was added before changes nothing.
    ///
    /// # Errors
    /// The disk fails.
    pub fn add(&mut self, entry: Entry) -> Result<(), StoreError> {
        let Entry { id, content } = entry;
        let next = self.summary.next.entry(id.partition).or_default();
        if id.offset < *next {
            return Ok(());
        }
        *next = id.offset + 1;
        match content {
            Content::DeadLetter { position, row } => self.add_letter(id, position, row),
            Content::Mark { mark, at } => self.add_mark(id, &mark, at),
        }
    }

    /// Adds a dead letter, unless the index has one of its record.
    fn add_letter(
        &mut self,
        id: DeadLetterId,
        position: Option<(String, String)>,
        row: DeadLetterRow,
    ) -> Result<(), StoreError> {
        self.size += 1;
        if let Some((position, fingerprint)) = position {
            let known = match self.positions.get(&position) {
                Some((known, first)) => (*known == fingerprint).then_some(*first),
                None => self.index.id_of(&position, &fingerprint)?,
            };
            if let Some(first) = known {
                self.copies.insert(id, first);
                return Ok(());
            }
            self.positions.insert(position, (fingerprint, id));
        }
        self.letters.insert(id, Letter { before: None, row });
        Ok(())
    }

    /// A mark is about dead letters before it in its own partition, where ours are: so nothing has to be kept for dead letters
    /// that are yet to come, which anyone may name, and the marks of a dead letter are read in the same order by everyone.
    fn add_mark(&mut self, id: DeadLetterId, mark: &Mark, at: Option<i64>) -> Result<(), StoreError> {
        self.size += mark.ids().len();
        let is_before = |target: &&DeadLetterId| target.partition == id.partition && target.offset < id.offset;
        let mut named = 0;
        for target in mark.ids().iter().filter(is_before) {
            named += 1;
            self.settle(*target, mark.settlement(id, at))?;
        }
        if let Mark::Replayed { job, .. } = mark {
            let known = match self.jobs.get(job) {
                Some(known) => *known,
                None => self.index.replayed_by(*job)?,
            };
            self.jobs.insert(*job, known + named);
        }
        Ok(())
    }

    /// Settles a dead letter, or the one that it is a copy of. If there is none, Kafka has deleted it, or the mark is a mistake.
    fn settle(&mut self, id: DeadLetterId, settlement: Settlement) -> Result<(), StoreError> {
        let id = if self.letter(id)?.is_some() {
            id
        } else if let Some(first) = self.first_of(id)? {
            first
        } else {
            return Ok(());
        };
        if let Some(letter) = self.letter(id)? {
            letter.row.settle(settlement);
        }
        Ok(())
    }

    fn letter(&mut self, id: DeadLetterId) -> Result<Option<&mut Letter>, StoreError> {
        if !self.letters.contains_key(&id)
            && let Some(row) = self.index.get(id)?
        {
            let before = Some(row.state);
            self.letters.insert(id, Letter { before, row });
        }
        Ok(self.letters.get_mut(&id))
    }

    /// The dead letter that this one is another copy of.
    fn first_of(&self, copy: DeadLetterId) -> Result<Option<DeadLetterId>, StoreError> {
        if let Some(first) = self.copies.get(&copy) {
            return Ok(Some(*first));
        }
        let row = self.index.tables.copies.get(&copy.to_key())?;
        Ok(row.as_deref().and_then(DeadLetterId::from_key))
    }

    /// The changes of rows.
    ///
    /// # Errors
    /// The disk fails.
    pub fn into_changes(self) -> Result<Vec<RowChange>, StoreError> {
        let Self {
            index,
            mut summary,
            letters,
            positions,
            copies,
            jobs,
            ..
        } = self;
        let tables = &index.tables;
        let mut changes = Vec::with_capacity(5 * letters.len() + positions.len() + 1);
        let mut hours = BTreeMap::new();
        for (id, Letter { before, row }) in letters {
            changes.push(tables.letters.put(&id.to_key(), encode(&row)?));
            if before == Some(row.state) {
                continue;
            }
            if let Some(before) = before {
                relist(&tables.lists, id, &row, before, &mut changes, None);
                count(&mut summary, &mut hours, &row, before, -1);
            }
            relist(&tables.lists, id, &row, row.state, &mut changes, Some(listed(&row)));
            count(&mut summary, &mut hours, &row, row.state, 1);
        }
        for (hour, change) in hours {
            let key = hour_key(hour);
            let known = tables.hours.get(&key)?.as_deref().and_then(number_of).unwrap_or(0);
            let count = known.saturating_add_signed(change);
            changes.push(tables.hours.put(&key, count.to_be_bytes().to_vec()));
        }
        for (position, (fingerprint, id)) in positions {
            let known = [fingerprint.as_bytes(), &id.to_key()].concat();
            changes.push(tables.positions.put(position.as_bytes(), known));
        }
        for (copy, first) in copies {
            changes.push(tables.copies.put(&copy.to_key(), first.to_key().to_vec()));
        }
        for (job, letters) in jobs {
            changes.push(tables.jobs.put(job.as_bytes(), letters.to_be_bytes().to_vec()));
        }
        changes.push(tables.summary.put(SUMMARY, encode(&summary)?));
        Ok(changes)
    }
}

/// Adds a dead letter to the lists of a state, or removes it (`value` is `None`).
fn relist(
    lists: &Table,
    id: DeadLetterId,
    row: &DeadLetterRow,
    state: DeadLetterState,
    changes: &mut Vec<RowChange>,
    value: Option<Vec<u8>>,
) {
    let place = Place::of(id, row);
    for list in lists_of(row, state) {
        let key = place.in_list(&list);
        changes.push(match &value {
            Some(value) => lists.put(&key, value.clone()),
            None => lists.remove(&key),
        });
    }
}

/// Counts a dead letter that enters a state (`change` is 1) or leaves it (-1).
fn count(
    summary: &mut Summary,
    hours: &mut BTreeMap<i64, i64>,
    row: &DeadLetterRow,
    state: DeadLetterState,
    change: i64,
) {
    let add = |count: &mut u64| *count = count.saturating_add_signed(change);
    add(summary.by_state.entry(state).or_default());
    if !state.is_unsettled() {
        return;
    }
    add(&mut summary.count);
    if let Some(code) = row.code {
        add(summary.by_code.entry(code).or_default());
        summary.by_code.retain(|_, count| *count > 0);
    }
    if let Some(time) = row.timestamp {
        *hours.entry(time.div_euclid(HOUR_MS)).or_default() += change;
    }
}

#[cfg(test)]
#[path = "million_tests.rs"]
mod million_tests;
#[cfg(test)]
#[path = "property_tests.rs"]
mod property_tests;
#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
