//! A record as a batch sees it: plain bytes, borrowed from the consumer's buffer. So whatever classifies and folds records
//! needs no broker, and no test of it either.

use orderlog_contract::frame::{self, SchemaRef};
use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::rejection::Rejection;
use orderlog_kafka::headers;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use sha2::{Digest, Sha256};

/// The timestamp of a record that has none, as Kafka has it.
const NO_TIMESTAMP: i64 = -1;

/// One record of a partition.
#[derive(Clone, Debug)]
pub(crate) struct LogRecord<'a> {
    /// Its index in the batch, by which the message itself is found again.
    pub index: usize,
    pub offset: i64,
    /// In milliseconds since 1970-01-01 UTC; -1: none.
    pub timestamp_ms: i64,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    /// The name of its schema, and the datum; `None` for a null value.
    pub framed: Option<Result<(SchemaRef, &'a [u8]), Rejection>>,
    /// The request that it was written for; known of events only, where requests are remembered.
    pub request: Option<KeyedRequest>,
}

/// The request that a record was written for, if its headers say so.
pub(crate) fn request(message: &BorrowedMessage<'_>) -> Option<KeyedRequest> {
    let own = message.headers()?;
    KeyedRequest::of(|name| headers::last(own, name))
}

impl<'a> LogRecord<'a> {
    /// The record in a message, the one at `index` of its batch.
    pub fn of(index: usize, message: &'a BorrowedMessage<'a>) -> Self {
        let own = message.headers();
        let header = |name: &str| headers::last(own?, name);
        let framed = message.payload().map(|value| frame::read(value, header));
        Self {
            index,
            offset: message.offset(),
            timestamp_ms: message.timestamp().to_millis().unwrap_or(NO_TIMESTAMP),
            key: message.key(),
            value: message.payload(),
            framed,
            request: None,
        }
    }

    /// Its timestamp in milliseconds since 1970, if it has one.
    pub fn timestamp(&self) -> Option<i64> {
        Some(self.timestamp_ms).filter(|at| *at != NO_TIMESTAMP)
    }

    /// The name of its schema, if it has a readable one.
    pub fn schema(&self) -> Option<SchemaRef> {
        Some(self.framed.as_ref()?.as_ref().ok()?.0)
    }

    /// Its Avro datum; empty without a readable frame.
    pub fn datum(&self) -> &'a [u8] {
        match &self.framed {
            Some(Ok((_, datum))) => datum,
            Some(Err(_)) | None => &[],
        }
    }

    /// Its key, if that is text.
    pub fn key_text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.key?).ok()
    }

    /// What tells one record from another at the same offset.
    pub fn hash(&self) -> String {
        hash(self.key, self.value)
    }
}

/// SHA-256 of key and value, each with its length before it; hex.
pub(crate) fn hash(key: Option<&[u8]>, value: Option<&[u8]>) -> String {
    let mut hasher = Sha256::new();
    for part in [key, value] {
        let length = part.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        hasher.update(length.to_be_bytes());
        hasher.update(part.unwrap_or_default());
    }
    format!("{:x}", hasher.finalize())
}
