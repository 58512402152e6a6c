//! An idempotency key on disk, and what it sorts by. Pure.

use anyhow::{Context, bail};
use orderlog_contract::event::OrderStatus;
use orderlog_contract::idempotency::{IdempotencyKey, RequestHash};
use uuid::Uuid;

use crate::store::KeyRow;

/// This byte, then the record's timestamp (8 bytes, milliseconds), the event's id (16), partition (4), offset (8) and
/// version (4), big endian, the request's hash (64), and the status's name.
const FORMAT: u8 = 2;
/// The same with a number that counted up in place of the timestamp.
const COUNTED_FORMAT: u8 = 1;

/// Prefix of the rows of all records that were written for that key and order, and of no others: no key contains a zero byte,
/// and no order id a zero byte or a byte of 1. It is the whole name of a row in the old format.
pub(super) fn order_name(key: &IdempotencyKey, order_id: &str) -> Vec<u8> {
    [key.as_str().as_bytes(), &[0], order_id.as_bytes()].concat()
}

/// The name of one record's row. The rows of a key and an order sort by offset.
pub(super) fn record_name(key: &IdempotencyKey, order_id: &str, offset: i64) -> Vec<u8> {
    [order_name(key, order_id).as_slice(), &[0], &offset.to_be_bytes()].concat()
}

/// A row, and how old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgedRow {
    pub age: Age,
    pub row: KeyRow,
}

/// How old a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// The number that an earlier release gave it, which numbered keys as they were read.
    Counted(u64),
    /// The record's timestamp.
    At(i64),
}

impl AgedRow {
    /// What it sorts by among all: timestamp, partition, offset. Numbered keys come before all others.
    pub fn age_key(&self) -> Vec<u8> {
        match self.age {
            // The first byte of such a number is always 0.
            Age::Counted(number) => number.to_be_bytes().to_vec(),
            Age::At(ms) => [
                [1].as_slice(),
                // Times before 1970, including "no timestamp", sort before the others.
                &(ms ^ i64::MIN).to_be_bytes(),
                &self.row.partition.to_be_bytes(),
                &self.row.offset.to_be_bytes(),
            ]
            .concat(),
        }
    }
}

pub(super) fn encode_row(aged: &AgedRow) -> Vec<u8> {
    let (format, age) = match aged.age {
        Age::Counted(number) => (COUNTED_FORMAT, number.to_be_bytes()),
        Age::At(ms) => (FORMAT, ms.to_be_bytes()),
    };
    let row = &aged.row;
    [
        [format].as_slice(),
        &age,
        row.event_id.as_bytes(),
        &row.partition.to_be_bytes(),
        &row.offset.to_be_bytes(),
        &row.version.to_be_bytes(),
        row.hash.as_str().as_bytes(),
        row.status.as_str().as_bytes(),
    ]
    .concat()
}

pub(super) fn decode_row(value: &[u8]) -> anyhow::Result<AgedRow> {
    const TRUNCATED: &str = "a key in the store is truncated. Start once with --rebuild";
    let (&format, rest) = value.split_first().context(TRUNCATED)?;
    let (age, rest) = rest.split_first_chunk::<8>().context(TRUNCATED)?;
    let age = match format {
        COUNTED_FORMAT => Age::Counted(u64::from_be_bytes(*age)),
        FORMAT => Age::At(i64::from_be_bytes(*age)),
        _ => bail!(
            "a key in the store has format {format}; this release reads {COUNTED_FORMAT} and {FORMAT}. Start once with --rebuild"
        ),
    };
    let (event_id, rest) = rest.split_first_chunk::<16>().context(TRUNCATED)?;
    let (partition, rest) = rest.split_first_chunk::<4>().context(TRUNCATED)?;
    let (offset, rest) = rest.split_first_chunk::<8>().context(TRUNCATED)?;
    let (version, rest) = rest.split_first_chunk::<4>().context(TRUNCATED)?;
    let (hash, status) = rest.split_first_chunk::<64>().context(TRUNCATED)?;
    let status = OrderStatus::SETTABLE
        .into_iter()
        .find(|known| known.as_str().as_bytes() == status);
    let row = KeyRow {
        hash: RequestHash::parse(hash).context(TRUNCATED)?,
        event_id: Uuid::from_bytes(*event_id),
        partition: i32::from_be_bytes(*partition),
        offset: i64::from_be_bytes(*offset),
        version: i32::from_be_bytes(*version),
        status: status.unwrap_or(OrderStatus::Unknown),
    };
    Ok(AgedRow { age, row })
}
