//! Idempotency keys: which event each of the last requests that had one has led to. Counted, never timed: when there are
//! too many, the oldest is forgotten.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, ensure};
use fjall::Keyspace;
use uuid::Uuid;

use super::{Store, Transaction};
use crate::event::OrderStatus;
use crate::idempotency::{IdempotencyKey, KeyedRequest, RequestHash};

/// A key's row: this byte, then the event's id (16 bytes), partition (4), offset (8) and version (4), big endian, the
/// request's hash (64), and the status' name.
const FORMAT: u8 = 1;
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

/// The event that a request has led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// What was asked for.
    pub hash: RequestHash,
    /// The event.
    pub event_id: Uuid,
    /// Where it lies.
    pub partition: i32,
    /// Where it lies.
    pub offset: i64,
    /// The order's version after it.
    pub version: i32,
    /// The order's status after it.
    pub status: OrderStatus,
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
    /// What is not in the table yet.
    names: HashSet<Vec<u8>>,
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

    /// Takes over what a transaction has changed.
    pub fn take_over(&self, remembered: &Remembered) {
        if let Some(span) = remembered.span {
            self.set_span(span);
        }
    }
}

impl Store {
    /// What is known of a key, as far as that order is concerned; `None` when it was not used, or is forgotten.
    ///
    /// # Errors
    /// When the disk fails, or the value has a format that this release does not read.
    pub fn key_use(&self, key: &IdempotencyKey, order_id: &str) -> anyhow::Result<Option<KeyUse>> {
        if let Some(here) = self.key_used_here(key, order_id)? {
            return Ok(Some(here));
        }
        let mut any = self.keys.rows.prefix(name(key, ""));
        let any = any.next().map(fjall::Guard::key).transpose();
        if any.context("reading a key")?.is_none() {
            return Ok(None);
        }
        // What was found may be this very order's, written since the first look.
        Ok(Some(self.key_used_here(key, order_id)?.unwrap_or(KeyUse::Elsewhere)))
    }

    fn key_used_here(&self, key: &IdempotencyKey, order_id: &str) -> anyhow::Result<Option<KeyUse>> {
        let row = self.keys.rows.get(name(key, order_id)).context("reading a key")?;
        row.map(|row| decode(&row).map(KeyUse::Here)).transpose()
    }

    /// How many keys are remembered.
    pub fn key_count(&self) -> u64 {
        let span = self.keys.span();
        span.next - span.oldest
    }
}

impl Transaction {
    /// Remembers what a request for an order has led to, and forgets the oldest when there are more than `most` then. The
    /// first event of a key and an order is its answer for good. Only one transaction at a time may do this.
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
        let keys = &self.store.keys;
        if keys.rows.contains_key(&name)? || !self.remembered.names.insert(name.clone()) {
            return Ok(());
        }
        let mut span = self.remembered.span.unwrap_or_else(|| keys.span());
        self.batch.insert(&keys.rows, name.as_slice(), encode(row));
        self.batch.insert(&keys.ages, span.next.to_be_bytes(), name);
        span.next += 1;
        for _ in 0..MOST_FORGOTTEN {
            if span.next - span.oldest <= most as u64 {
                break;
            }
            // What came with this very transaction is not in the table yet: the next one forgets it.
            let Some(oldest) = keys.ages.get(span.oldest.to_be_bytes())? else {
                break;
            };
            self.batch.remove(&keys.ages, span.oldest.to_be_bytes());
            self.batch.remove(&keys.rows, oldest);
            span.oldest += 1;
        }
        self.remembered.span = Some(span);
        Ok(())
    }
}

/// No key has a zero byte, so no two pairs have the same name.
fn name(key: &IdempotencyKey, order_id: &str) -> Vec<u8> {
    [key.as_str().as_bytes(), &[0], order_id.as_bytes()].concat()
}

fn encode(row: &KeyRow) -> Vec<u8> {
    [
        &[FORMAT],
        row.event_id.as_bytes().as_slice(),
        &row.partition.to_be_bytes(),
        &row.offset.to_be_bytes(),
        &row.version.to_be_bytes(),
        row.hash.as_str().as_bytes(),
        row.status.as_str().as_bytes(),
    ]
    .concat()
}

fn decode(value: &[u8]) -> anyhow::Result<KeyRow> {
    const CUT_OFF: &str = "a key in the store is cut off";
    let (&format, rest) = value.split_first().context(CUT_OFF)?;
    ensure!(
        format == FORMAT,
        "a key in the store has format {format}; this release reads {FORMAT}. Start once with --rebuild"
    );
    let (event_id, rest) = rest.split_first_chunk::<16>().context(CUT_OFF)?;
    let (partition, rest) = rest.split_first_chunk::<4>().context(CUT_OFF)?;
    let (offset, rest) = rest.split_first_chunk::<8>().context(CUT_OFF)?;
    let (version, rest) = rest.split_first_chunk::<4>().context(CUT_OFF)?;
    let (hash, status) = rest.split_first_chunk::<64>().context(CUT_OFF)?;
    let status = OrderStatus::SETTABLE
        .into_iter()
        .find(|known| known.as_str().as_bytes() == status);
    Ok(KeyRow {
        hash: RequestHash::parse(hash).context("a key's hash in the store is none")?,
        event_id: Uuid::from_bytes(*event_id),
        partition: i32::from_be_bytes(*partition),
        offset: i64::from_be_bytes(*offset),
        version: i32::from_be_bytes(*version),
        status: status.unwrap_or(OrderStatus::Unknown),
    })
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
