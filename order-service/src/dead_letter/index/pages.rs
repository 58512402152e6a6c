//! Pages of dead letters.

use std::collections::BTreeMap;
use std::ops::Bound;

use orderlog_projection::store::StoreError;

use super::Index;
use super::tables::decode;
use crate::dead_letter::lists::{Filter, Listed, Place, bounds};
use crate::dead_letter::rows::{DeadLetterId, DeadLetterRow};
use crate::dead_letter::state::DeadLetterState;

/// At most this many rows are scanned for one page; a filter that matches few of them yields a short page.
const MAX_SCANNED: usize = 10_000;

/// One page of dead letters.
#[derive(Clone, Debug)]
pub struct Page {
    /// The dead letters.
    pub dead_letters: Vec<(DeadLetterId, DeadLetterRow)>,
    /// The next page comes after that id; `None` at the end.
    pub next: Option<DeadLetterId>,
}

impl Index {
    /// Dead letters that were written before the one with that id (`None`: all), the newest first. Those with one timestamp
    /// come by id, the highest first.
    ///
    /// # Errors
    /// The disk fails.
    pub fn page(&self, after: Option<DeadLetterId>, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        let states = match filter.state {
            Some(state) => vec![state],
            None => DeadLetterState::ALL.to_vec(),
        };
        self.newest_first(&states, after, limit, filter)
    }

    /// The same of all those that are open or parked, whatever state the filter names.
    ///
    /// # Errors
    /// The disk fails.
    pub fn unsettled_page(
        &self,
        after: Option<DeadLetterId>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Page, StoreError> {
        let filter = Filter {
            state: None,
            ..filter.clone()
        };
        self.newest_first(&DeadLetterState::UNSETTLED, after, limit, &filter)
    }

    /// Dead letters of records with that key which are open or parked, the newest first.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open_of_key(&self, key: &str, limit: usize) -> Result<Vec<(DeadLetterId, DeadLetterRow)>, StoreError> {
        let filter = Filter {
            key: Some(key.to_owned()),
            ..Filter::default()
        };
        let page = self.newest_first(&DeadLetterState::UNSETTLED, None, limit, &filter)?;
        Ok(page.dead_letters)
    }

    /// Dead letters by id, ascending: those after an id (`None`: all), and below an offset in each partition. There are none of
    /// a partition without one.
    ///
    /// # Errors
    /// The disk fails.
    pub fn oldest_first(
        &self,
        after: Option<DeadLetterId>,
        below: &BTreeMap<i32, i64>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Page, StoreError> {
        let mut page = PageBuilder::new(limit);
        for (partition, offset) in below {
            let id = |offset| DeadLetterId {
                partition: *partition,
                offset,
            };
            let from = after.map_or(id(0), |after| DeadLetterId {
                offset: after.offset.saturating_add(1),
                ..after
            });
            let (from, to) = (from.max(id(0)).to_key(), id(*offset).to_key());
            if from >= to {
                continue;
            }
            let rows = self.tables.letters.range(Bound::Included(&from), Bound::Excluded(&to));
            for entry in rows {
                let (key, value) = entry?;
                let Some(id) = DeadLetterId::from_key(&key) else {
                    continue;
                };
                if page.is_full() {
                    return Ok(page.followed());
                }
                page.scan(id);
                let row = decode(&value)?;
                if filter.matches(&row) {
                    page.dead_letters.push((id, row));
                }
            }
        }
        Ok(page.last())
    }

    /// How many dead letters are in a state, with that code (`None`: any), written within that time and below an offset in each
    /// partition. Reads a row of a list for each, and no dead letter.
    ///
    /// # Errors
    /// The disk fails.
    pub fn count(
        &self,
        state: DeadLetterState,
        filter: &Filter,
        below: &BTreeMap<i32, i64>,
    ) -> Result<u64, StoreError> {
        let Some((from, to)) = bounds(&filter.list(state), filter, None) else {
            return Ok(0);
        };
        let mut count = 0;
        for row in self.tables.lists.range(Bound::Included(&from), Bound::Excluded(&to)) {
            let (key, value) = row?;
            let is_below = Place::from_key(&key)
                .is_some_and(|Place { id, .. }| below.get(&id.partition).is_some_and(|end| id.offset < *end));
            let may_match = Listed::from_value(&value).is_some_and(|listed| filter.may_match(&listed));
            count += u64::from(is_below && may_match);
        }
        Ok(count)
    }

    fn newest_first(
        &self,
        states: &[DeadLetterState],
        after: Option<DeadLetterId>,
        limit: usize,
        filter: &Filter,
    ) -> Result<Page, StoreError> {
        let before = match after {
            None => None,
            Some(after) => match self.place_at(after)? {
                Some(place) => Some(place),
                None => return Ok(PageBuilder::new(limit).last()),
            },
        };
        let mut lists = Vec::new();
        for state in states {
            if let Some((from, to)) = bounds(&filter.list(*state), filter, before) {
                let rows = self
                    .tables
                    .lists
                    .range(Bound::Included(&from), Bound::Excluded(&to))
                    .rev();
                lists.push(Merged::new(rows)?);
            }
        }
        let mut page = PageBuilder::new(limit);
        while let Some(newest) = lists.iter().filter_map(Merged::place).max() {
            if page.is_full() {
                return Ok(page.followed());
            }
            page.scan(newest.id);
            let mut may_match = false;
            // One that has changed its state meanwhile may be in two lists.
            for list in lists.iter_mut().filter(|list| list.place() == Some(newest)) {
                may_match |= list.next()?.is_some_and(|listed| filter.may_match(&listed));
            }
            if may_match
                && let Some(row) = self.get(newest.id)?
                && filter.matches(&row)
                && states.contains(&row.state)
            {
                page.dead_letters.push((newest.id, row));
            }
        }
        Ok(page.last())
    }

    /// Where the pages after an id begin. An id that is no dead letter's is taken for one right after the dead letter before it.
    fn place_at(&self, id: DeadLetterId) -> Result<Option<Place>, StoreError> {
        let key = id.to_key();
        let nearest = self
            .tables
            .letters
            .range(Bound::Unbounded, Bound::Included(&key))
            .next_back();
        let Some((_, row)) = nearest.transpose()? else {
            return Ok(None);
        };
        Ok(Some(Place::of(id, &decode(&row)?)))
    }
}

/// A list that is read along with others: its first row is known.
struct Merged<I> {
    rows: I,
    head: Option<(Place, Listed)>,
}

impl<I: Iterator<Item = Result<(Vec<u8>, Vec<u8>), StoreError>>> Merged<I> {
    fn new(rows: I) -> Result<Self, StoreError> {
        let mut list = Self { rows, head: None };
        list.next()?;
        Ok(list)
    }

    fn place(&self) -> Option<Place> {
        self.head.as_ref().map(|(place, _)| *place)
    }

    /// Takes the first row.
    fn next(&mut self) -> Result<Option<Listed>, StoreError> {
        let head = match self.rows.next().transpose()? {
            Some((key, value)) => Place::from_key(&key).zip(Listed::from_value(&value)),
            None => None,
        };
        Ok(std::mem::replace(&mut self.head, head).map(|(_, listed)| listed))
    }
}

/// A page that is being filled.
struct PageBuilder {
    dead_letters: Vec<(DeadLetterId, DeadLetterRow)>,
    limit: usize,
    scanned: usize,
    last: Option<DeadLetterId>,
}

impl PageBuilder {
    fn new(limit: usize) -> Self {
        Self {
            dead_letters: Vec::new(),
            limit,
            scanned: 0,
            last: None,
        }
    }

    fn is_full(&self) -> bool {
        self.dead_letters.len() == self.limit || self.scanned == MAX_SCANNED
    }

    fn scan(&mut self, id: DeadLetterId) {
        self.scanned += 1;
        self.last = Some(id);
    }

    /// The page, when more dead letters follow.
    fn followed(self) -> Page {
        Page {
            next: self.last,
            dead_letters: self.dead_letters,
        }
    }

    /// The page, when it is the last.
    fn last(self) -> Page {
        Page {
            dead_letters: self.dead_letters,
            next: None,
        }
    }
}

#[cfg(test)]
#[path = "pages_tests.rs"]
mod tests;
