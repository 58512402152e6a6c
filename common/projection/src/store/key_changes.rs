//! What a transaction changes in the table of keys. Only one transaction at a time may do that.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Context;
use orderlog_contract::idempotency::KeyedRequest;

use super::Transaction;
use super::error::UNREADABLE;
use super::key_row::{Age, Aged, KeyRow, order_name, record_name};

/// Most keys that one transaction forgets beyond those that it remembers, when fewer are to be kept than before.
const MOST_FORGOTTEN: u64 = 1_000;

/// What is to change. Written at the end, as one batch cannot tell which of two changes of one row came later.
#[derive(Default)]
pub(super) struct KeyChanges {
    /// By name.
    rows: BTreeMap<Vec<u8>, Change>,
    /// Ages that no row has: a release of before has left them behind.
    stale: Vec<Vec<u8>>,
    /// No age that stays is lower.
    lowest: Option<Vec<u8>>,
}

#[derive(Clone)]
struct Change {
    /// The row that is there.
    stored: Option<Aged>,
    /// The row that is to be.
    now: Option<Aged>,
}

impl Change {
    fn is_new(&self) -> bool {
        self.stored.is_none() && self.now.is_some()
    }
}

impl KeyChanges {
    /// The rows that change: name, what is there, what is to be.
    pub fn rows(&self) -> impl Iterator<Item = (&[u8], Option<&Aged>, Option<&Aged>)> {
        self.rows
            .iter()
            .filter(|(_, change)| change.stored != change.now)
            .map(|(name, change)| (name.as_slice(), change.stored.as_ref(), change.now.as_ref()))
    }

    /// Whether nothing was looked at, and so nothing changes.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.stale.is_empty() && self.lowest.is_none()
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

    /// What no age will be lower than.
    pub fn lowest(&self, before: Vec<u8>) -> Vec<u8> {
        let stays = self.lowest.clone().unwrap_or(before);
        let new = self.rows().filter_map(|(_, _, now)| now.map(Aged::age_key));
        new.fold(stays, Ord::min)
    }

    /// The new ones, the oldest first: what they sort by, and their names.
    fn new_by_age(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let new = |(name, change): (&Vec<u8>, &Change)| Some((change.now.as_ref()?.age_key(), name.clone()));
        let mut all: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, change)| change.is_new())
            .filter_map(new)
            .collect();
        all.sort_unstable();
        all
    }
}

impl Transaction {
    /// Remembers what a request for an order has led to, by a record of that time (milliseconds since 1970-01-01 UTC).
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remember_key(
        &mut self,
        request: &KeyedRequest,
        order_id: &str,
        row: KeyRow,
        time_ms: i64,
    ) -> anyhow::Result<()> {
        if self.find_key(request, order_id, row.offset)?.is_none() {
            let name = record_name(&request.key, order_id, row.offset);
            let age = Age::At(time_ms);
            self.key_change(name)?.now = Some(Aged { age, row });
        }
        Ok(())
    }

    /// Takes back that the record at that offset was a request's answer: read again, it has lost. What was remembered of
    /// any other record stays.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn take_back_key(&mut self, request: &KeyedRequest, order_id: &str, offset: i64) -> anyhow::Result<()> {
        if let Some(name) = self.find_key(request, order_id, offset)? {
            self.key_change(name)?.now = None;
        }
        Ok(())
    }

    /// Forgets the oldest keys while there are more than `most`. Call it when all other changes are in.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn forget_oldest_keys(&mut self, most: usize) -> anyhow::Result<()> {
        let before = self.store.keys.extent();
        let mut new = self.keys.new_by_age().into_iter().peekable();
        let too_many = self.keys.count(before.count).saturating_sub(most as u64);
        let mut left = too_many.min(new.len() as u64 + MOST_FORGOTTEN);
        if left == 0 {
            return Ok(());
        }
        let mut stored = self.store.keys.ages.range(before.lowest..);
        let mut next_stored = || stored.next().map(fjall::Guard::into_inner).transpose();
        let mut old = next_stored().context(UNREADABLE)?;
        while left > 0 {
            // Whichever is older. One that is older than all that is there is not remembered to begin with.
            let next_new = new.next_if(|(age, _)| old.as_ref().is_none_or(|(oldest, _)| age.as_slice() < &**oldest));
            if let Some((_, name)) = next_new {
                self.key_change(name)?.now = None;
                left -= 1;
                continue;
            }
            let Some((age, name)) = old else { break };
            left -= u64::from(self.forget_stored(&age, name.to_vec())?);
            self.keys.lowest = Some(age.to_vec());
            old = next_stored().context(UNREADABLE)?;
        }
        Ok(())
    }

    /// Forgets the key of that age and name. Returns whether there still was one.
    fn forget_stored(&mut self, age: &[u8], name: Vec<u8>) -> anyhow::Result<bool> {
        let is = |aged: &Option<Aged>| aged.as_ref().is_some_and(|aged| aged.age_key() == age);
        let change = self.key_change(name)?;
        let there = is(&change.now);
        if there {
            change.now = None;
        } else if !is(&change.stored) {
            self.keys.stale.push(age.to_vec());
        }
        Ok(there)
    }

    /// The name of that record's row, if there is one.
    fn find_key(&mut self, request: &KeyedRequest, order_id: &str, offset: i64) -> anyhow::Result<Option<Vec<u8>>> {
        // The second is that of a row in the old format, of which there is one for a key and an order.
        for name in [
            record_name(&request.key, order_id, offset),
            order_name(&request.key, order_id),
        ] {
            let change = self.key_change(name.clone())?;
            if change.now.as_ref().is_some_and(|aged| aged.row.offset == offset) {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// The change of that row, which is none to begin with.
    fn key_change(&mut self, name: Vec<u8>) -> anyhow::Result<&mut Change> {
        match self.keys.rows.entry(name) {
            Entry::Occupied(change) => Ok(change.into_mut()),
            Entry::Vacant(none) => {
                let stored = self.store.keys.row(none.key())?;
                let now = stored.clone();
                Ok(none.insert(Change { stored, now }))
            }
        }
    }
}
