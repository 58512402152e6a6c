//! A record, copied out of the client that has read it.

use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Timestamp};

use crate::headers::{self, OwnedHeader};

/// A record, read completely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedRecord {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// In milliseconds since 1970-01-01 UTC; `None` when it has none.
    pub timestamp: Option<i64>,
    /// Who set the timestamp.
    pub timestamp_type: TimestampType,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers, in order; see [`headers::list`].
    pub headers: Vec<OwnedHeader>,
}

/// Who set a record's timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimestampType {
    /// There is no timestamp.
    #[default]
    NotAvailable,
    /// The producer.
    CreateTime,
    /// The broker.
    LogAppendTime,
}

impl From<Timestamp> for TimestampType {
    fn from(timestamp: Timestamp) -> Self {
        match timestamp {
            Timestamp::NotAvailable => Self::NotAvailable,
            Timestamp::CreateTime(_) => Self::CreateTime,
            Timestamp::LogAppendTime(_) => Self::LogAppendTime,
        }
    }
}

impl OwnedRecord {
    /// A copy of a record that a client has read.
    pub fn of(record: &BorrowedMessage<'_>) -> Self {
        Self {
            partition: record.partition(),
            offset: record.offset(),
            timestamp: record.timestamp().to_millis(),
            timestamp_type: record.timestamp().into(),
            key: record.key().map(<[u8]>::to_vec),
            value: record.payload().map(<[u8]>::to_vec),
            headers: record.headers().map(headers::list).unwrap_or_default(),
        }
    }
}
