//! Idempotency keys: which event each of the last requests that had one has led to. Counted, never timed: when there are
//! too many, the oldest is forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use fjall::{Keyspace, Readable};
use uuid::Uuid;

use super::error::UNREADABLE;
use super::rows::{Aged, KeyRow, decode_key, encode_key};
use super::{Store, Transaction};
use crate::idempotency::{IdempotencyKey, KeyedRequest};
use crate::order::OrderState;

/// Most keys that one transaction forgets beyond those that it remembers, when fewer are to be kept than before.
const MOST_FORGOTTEN: usize = 1_000;

/// The table of keys, and the order in which they came.
#[derive(Clone)]
pub(super) struct Keys {
    /// Key, a zero byte and order id → row.
    rows: Keyspace,
    /// A number that counts up → key of the row.
    ages: Keyspace,
    span: Arc<Mutex<Span>>,
}

/// Numbers of the oldest key and of the next one. There is no gap between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    oldest: u64,
    next: u64,
}

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// It was used for that order.
    Here(KeyRow),
    /// It was used, but only for others.
    Elsewhere,
}

/// What a transaction changes in the table of keys.
#[derive(Default)]
pub(super) struct Remembered {
    span: Option<Span>,
    /// By name: the row that is to be, or none. Written at the end, as one batch cannot tell which of two changes of one
    /// name came later.
    rows: HashMap<Vec<u8>, Option<Aged>>,
}

impl Keys {
    pub fn new(rows: Keyspace, ages: Keyspace) -> anyhow::Result<Self> {
        let number = |entry: Option<fjall::Guard>| -> anyhow::Result<Option<u64>> {
            let Some(entry) = entry else { return Ok(None) };
            let key = entry.key()?;
            Ok(Some(u64::from_be_bytes(
                key.as_ref().try_into().context("a key's age")?,
            )))
        };
        let span = match (number(ages.first_key_value())?, number(ages.last_key_value())?) {
            (Some(oldest), Some(last)) => Span { oldest, next: last + 1 },
            _ => Span::default(),
        };
        let span = Arc::new(Mutex::new(span));
        Ok(Self { rows, ages, span })
    }

    pub fn clear(&self) -> anyhow::Result<()> {
        self.rows.clear()?;
        self.ages.clear()?;
        self.set_span(Span::default());
        Ok(())
    }

    fn span(&self) -> Span {
        *self.span.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_span(&self, span: Span) {
        *self.span.lock().unwrap_or_else(PoisonError::into_inner) = span;
    }

    fn aged(&self, name: &[u8]) -> anyhow::Result<Option<Aged>> {
        let value = self.rows.get(name).context(UNREADABLE)?;
        value.map(|value| decode_key(&value)).transpose()
    }

    /// Puts what changes into a batch.
    pub fn write(&self, remembered: &Remembered, batch: &mut fjall::OwnedWriteBatch) {
        for (name, aged) in &remembered.rows {
            match aged {
                Some(aged) => batch.insert(&self.rows, name.as_slice(), encode_key(aged)),
                None => batch.remove(&self.rows, name.as_slice()),
            }
        }
    }

    /// Takes over what a transaction has changed, once it is committed.
    pub fn take_over(&self, remembered: &Remembered) {
        if let Some(span) = remembered.span {
            self.set_span(span);
        }
    }
}

impl Store {
    /// The order of that id, and what is known of a key as far as that order is concerned, both as of one moment; `None`
    /// for a key that was not used, or is forgotten.
    ///
    /// # Errors
    /// When the disk fails, or a value has a format that this release does not read.
    pub fn order_and_key_use(
        &self,
        order_id: &str,
        key: &IdempotencyKey,
    ) -> anyhow::Result<(Option<OrderState>, Option<KeyUse>)> {
        // Single reads would see the tables one after the other, and a commit between them.
        let moment = self.db.snapshot();
        let order = self.decoded(moment.get(&self.orders, order_id).context(UNREADABLE)?)?;
        let here = moment.get(&self.keys.rows, name(key, order_id)).context(UNREADABLE)?;
        let key_use = match here {
            Some(value) => Some(KeyUse::Here(decode_key(&value)?.row)),
            None => {
                let elsewhere = moment.prefix(&self.keys.rows, name(key, "")).next();
                let elsewhere = elsewhere.map(fjall::Guard::key).transpose().context(UNREADABLE)?;
                elsewhere.map(|_| KeyUse::Elsewhere)
            }
        };
        Ok((order, key_use))
    }

    /// How many keys are remembered.
    pub fn key_count(&self) -> u64 {
        let span = self.keys.span();
        span.next - span.oldest
    }
}

/// Only one transaction at a time may change keys.
impl Transaction {
    /// Remembers what a request for an order has led to, and forgets the oldest when there are more than `most` then. The
    /// first event of a key and an order is its answer.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remember_key(
        &mut self,
        request: &KeyedRequest,
        order_id: &str,
        row: &KeyRow,
        most: usize,
    ) -> anyhow::Result<()> {
        let name = name(&request.key, order_id);
        if self.aged(&name)?.is_some() {
            return Ok(());
        }
        let mut span = self.span();
        let aged = Aged {
            age: span.next,
            row: row.clone(),
        };
        self.batch
            .insert(&self.store.keys.ages, span.next.to_be_bytes(), name.as_slice());
        self.remembered.rows.insert(name, Some(aged));
        span.next += 1;
        // What came with this very transaction is not in the table yet: the next one forgets it.
        let before = self.store.keys.span().next;
        for _ in 0..MOST_FORGOTTEN {
            if span.oldest == before || span.next - span.oldest <= most as u64 {
                break;
            }
            self.forget_oldest(span.oldest)?;
            span.oldest += 1;
        }
        self.remembered.span = Some(span);
        Ok(())
    }

    /// Takes back that an event was a request's answer: read again, it has lost.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn take_back_key(&mut self, request: &KeyedRequest, order_id: &str, event_id: Uuid) -> anyhow::Result<()> {
        let name = name(&request.key, order_id);
        if self.aged(&name)?.is_some_and(|aged| aged.row.event_id == event_id) {
            self.remembered.rows.insert(name, None);
        }
        Ok(())
    }

    fn forget_oldest(&mut self, age: u64) -> anyhow::Result<()> {
        let Some(name) = self.store.keys.ages.get(age.to_be_bytes()).context(UNREADABLE)? else {
            return Ok(());
        };
        self.batch.remove(&self.store.keys.ages, age.to_be_bytes());
        // A name that was taken back and remembered again is younger.
        if self.aged(&name)?.is_some_and(|aged| aged.age == age) {
            self.remembered.rows.insert(name.to_vec(), None);
        }
        Ok(())
    }

    fn aged(&self, name: &[u8]) -> anyhow::Result<Option<Aged>> {
        match self.remembered.rows.get(name) {
            Some(changed) => Ok(changed.clone()),
            None => self.store.keys.aged(name),
        }
    }

    fn span(&self) -> Span {
        self.remembered.span.unwrap_or_else(|| self.store.keys.span())
    }
}

/// No key has a zero byte, so no two pairs have the same name.
fn name(key: &IdempotencyKey, order_id: &str) -> Vec<u8> {
    [key.as_str().as_bytes(), &[0], order_id.as_bytes()].concat()
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
