//! How an idempotency key looks on disk, and what it sorts by. Pure.

use anyhow::{Context, bail};
use orderlog_contract::event::OrderStatus;
use orderlog_contract::idempotency::{IdempotencyKey, KeyedRequest, RequestHash};
use orderlog_contract::order::OrderState;
use uuid::Uuid;

/// A key: this byte, then the time of its record (8 bytes, milliseconds), the event's id (16), partition (4), offset (8) and
/// version (4), big endian, the request's hash (64), and the status' name.
const KEY_FORMAT: u8 = 2;
/// The same with a number that counted up in place of the time.
const COUNTED_KEY_FORMAT: u8 = 1;

/// What stands before the row of every record that was written for that key and order, and before that of no other: no key
/// has a zero byte, and no order id one or a byte of 1. It is the whole name of a row in the old format.
pub(super) fn order_name(key: &IdempotencyKey, order_id: &str) -> Vec<u8> {
    [key.as_str().as_bytes(), &[0], order_id.as_bytes()].concat()
}

/// The name of one record's row. The rows of a key and an order lie in the order of their records.
pub(super) fn record_name(key: &IdempotencyKey, order_id: &str, offset: i64) -> Vec<u8> {
    [order_name(key, order_id).as_slice(), &[0], &offset.to_be_bytes()].concat()
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

impl KeyRow {
    /// The answer to that request: the event that has made the order what it is.
    pub fn of(request: &KeyedRequest, state: &OrderState) -> Self {
        Self {
            hash: request.hash.clone(),
            event_id: state.event_id,
            partition: state.partition,
            offset: state.offset,
            version: state.order.version,
            status: state.order.status,
        }
    }
}

/// A row, and how old it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aged {
    pub age: Age,
    pub row: KeyRow,
}

/// How old a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// It came with this number, to a store that counted them as they were read.
    Counted(u64),
    /// The time of its record.
    At(i64),
}

impl Aged {
    /// What it sorts by among all: by time, then partition and offset. Keys that were counted come before all others.
    pub fn age_key(&self) -> Vec<u8> {
        match self.age {
            // No count is so high that its first byte is not 0.
            Age::Counted(number) => number.to_be_bytes().to_vec(),
            Age::At(ms) => [
                [1].as_slice(),
                // Times before 1970, of which "none" is one, sort before the others.
                &(ms ^ i64::MIN).to_be_bytes(),
                &self.row.partition.to_be_bytes(),
                &self.row.offset.to_be_bytes(),
            ]
            .concat(),
        }
    }
}

pub(super) fn encode_key(aged: &Aged) -> Vec<u8> {
    let (format, age) = match aged.age {
        Age::Counted(number) => (COUNTED_KEY_FORMAT, number.to_be_bytes()),
        Age::At(ms) => (KEY_FORMAT, ms.to_be_bytes()),
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

pub(super) fn decode_key(value: &[u8]) -> anyhow::Result<Aged> {
    const CUT_OFF: &str = "a key in the store is cut off. Start once with --rebuild";
    let (&format, rest) = value.split_first().context(CUT_OFF)?;
    let (age, rest) = rest.split_first_chunk::<8>().context(CUT_OFF)?;
    let age = match format {
        COUNTED_KEY_FORMAT => Age::Counted(u64::from_be_bytes(*age)),
        KEY_FORMAT => Age::At(i64::from_be_bytes(*age)),
        _ => bail!(
            "a key in the store has format {format}; this release reads {COUNTED_KEY_FORMAT} and {KEY_FORMAT}. Start once with --rebuild"
        ),
    };
    let (event_id, rest) = rest.split_first_chunk::<16>().context(CUT_OFF)?;
    let (partition, rest) = rest.split_first_chunk::<4>().context(CUT_OFF)?;
    let (offset, rest) = rest.split_first_chunk::<8>().context(CUT_OFF)?;
    let (version, rest) = rest.split_first_chunk::<4>().context(CUT_OFF)?;
    let (hash, status) = rest.split_first_chunk::<64>().context(CUT_OFF)?;
    let status = OrderStatus::SETTABLE
        .into_iter()
        .find(|known| known.as_str().as_bytes() == status);
    let row = KeyRow {
        hash: RequestHash::parse(hash).context(CUT_OFF)?,
        event_id: Uuid::from_bytes(*event_id),
        partition: i32::from_be_bytes(*partition),
        offset: i64::from_be_bytes(*offset),
        version: i32::from_be_bytes(*version),
        status: status.unwrap_or(OrderStatus::Unknown),
    };
    Ok(Aged { age, row })
}
