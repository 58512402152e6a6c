//! Which rows of the table of keys a batch changes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Context;
use orderlog_contract::idempotency::KeyedRequest;

use super::Keys;
use super::row::{Age, AgedRow, order_name, record_name};
use crate::store::embedded::UNREADABLE;
use crate::store::{KeyChange, KeyChanges, KeyOutcome};

/// How many more keys than it adds one batch may forget, for when fewer are to be kept than before.
const MAX_FORGOTTEN: u64 = 1_000;

/// The rows that change. Written at the end, because a write batch cannot tell which of two changes of one row came later.
pub struct Plan<'a> {
    keys: &'a Keys,
    /// By name.
    rows: BTreeMap<Vec<u8>, Change>,
    /// Ages without a row, left behind by an earlier release.
    stale: Vec<Vec<u8>>,
    /// A lower bound of the remaining ages.
    lowest: Option<Vec<u8>>,
}

struct Change {
    /// The row in the store.
    stored: Option<AgedRow>,
    /// The row to be.
    now: Option<AgedRow>,
}

impl<'a> Plan<'a> {
    pub fn new(keys: &'a Keys, changes: &KeyChanges) -> anyhow::Result<Self> {
        let mut plan = Self {
            keys,
            rows: BTreeMap::new(),
            stale: Vec::new(),
            lowest: None,
        };
        for change in &changes.changes {
            plan.apply(change)?;
        }
        plan.forget_oldest(changes.max_keys as u64)?;
        Ok(plan)
    }

    /// The rows that change: name, what is stored, what is to be.
    pub fn rows(&self) -> impl Iterator<Item = (&[u8], Option<&AgedRow>, Option<&AgedRow>)> {
        self.rows
            .iter()
            .filter(|(_, change)| change.stored != change.now)
            .map(|(name, change)| (name.as_slice(), change.stored.as_ref(), change.now.as_ref()))
    }

    pub fn stale(&self) -> &[Vec<u8>] {
        &self.stale
    }

    /// How many rows there will be.
    pub fn count(&self, before: u64) -> u64 {
        self.rows().fold(before, |count, (_, stored, now)| {
            (count + u64::from(now.is_some())).saturating_sub(u64::from(stored.is_some()))
        })
    }

    /// A bound that no age will be below.
    pub fn lowest(&self, before: Vec<u8>) -> Vec<u8> {
        let stays = self.lowest.clone().unwrap_or(before);
        let new = self.rows().filter_map(|(_, _, now)| now.map(AgedRow::age_key));
        new.fold(stays, Ord::min)
    }

    fn apply(&mut self, change: &KeyChange) -> anyhow::Result<()> {
        let KeyChange {
            request,
            order_id,
            outcome,
        } = change;
        match outcome {
            KeyOutcome::Applied { row, time_ms } => {
                if self.find(request, order_id, row.offset)?.is_none() {
                    let name = record_name(&request.key, order_id, row.offset);
                    let age = Age::At(*time_ms);
                    self.change(name)?.now = Some(AgedRow { age, row: row.clone() });
                }
            }
            KeyOutcome::Lost { offset } => {
                if let Some(name) = self.find(request, order_id, *offset)? {
                    self.change(name)?.now = None;
                }
            }
        }
        Ok(())
    }

    /// Forgets the oldest keys while there are more than `max_keys`.
    fn forget_oldest(&mut self, max_keys: u64) -> anyhow::Result<()> {
        let before = self.keys.extent();
        let mut new = self.new_by_age().into_iter().peekable();
        let too_many = self.count(before.count).saturating_sub(max_keys);
        let mut left = too_many.min(new.len() as u64 + MAX_FORGOTTEN);
        if left == 0 {
            return Ok(());
        }
        let mut stored = self.keys.ages.range(before.lowest..);
        let mut next_stored = || stored.next().map(fjall::Guard::into_inner).transpose();
        let mut old = next_stored().context(UNREADABLE)?;
        while left > 0 {
            // The older of the two. A new key that is older than all stored ones is not remembered at all.
            let next_new = new.next_if(|(age, _)| old.as_ref().is_none_or(|(oldest, _)| age.as_slice() < &**oldest));
            if let Some((_, name)) = next_new {
                self.change(name)?.now = None;
                left -= 1;
                continue;
            }
            let Some((age, name)) = old else { break };
            left -= u64::from(self.forget_stored(&age, name.to_vec())?);
            self.lowest = Some(age.to_vec());
            old = next_stored().context(UNREADABLE)?;
        }
        Ok(())
    }

    /// The new ones, the oldest first: what they sort by, and their names.
    fn new_by_age(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let new = self.rows.iter().filter(|(_, change)| change.stored.is_none());
        let new = new.filter_map(|(name, change)| Some((change.now.as_ref()?.age_key(), name.clone())));
        let mut all: Vec<_> = new.collect();
        all.sort_unstable();
        all
    }

    /// Forgets the key of that age and name. Returns whether it was still there.
    fn forget_stored(&mut self, age: &[u8], name: Vec<u8>) -> anyhow::Result<bool> {
        let is = |aged: &Option<AgedRow>| aged.as_ref().is_some_and(|aged| aged.age_key() == age);
        let change = self.change(name)?;
        let present = is(&change.now);
        if present {
            change.now = None;
        } else if !is(&change.stored) {
            self.stale.push(age.to_vec());
        }
        Ok(present)
    }

    /// The name of that record's row, if there is one.
    fn find(&mut self, request: &KeyedRequest, order_id: &str, offset: i64) -> anyhow::Result<Option<Vec<u8>>> {
        // The second name is that of a row in the old format, which had one per key and order.
        for name in [
            record_name(&request.key, order_id, offset),
            order_name(&request.key, order_id),
        ] {
            let change = self.change(name.clone())?;
            if change.now.as_ref().is_some_and(|aged| aged.row.offset == offset) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// The change of that row; without one, it stays as it is stored.
    fn change(&mut self, name: Vec<u8>) -> anyhow::Result<&mut Change> {
        match self.rows.entry(name) {
            Entry::Occupied(change) => Ok(change.into_mut()),
            Entry::Vacant(none) => {
                let stored = self.keys.row(none.key())?;
                let now = stored.clone();
                Ok(none.insert(Change { stored, now }))
            }
        }
    }
}
