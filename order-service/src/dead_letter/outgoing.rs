//! A dead letter to be sent: a rejected record, with the headers to add. [`super::headers`] decides what those say;
//! here they are passed to the client library.

use std::ops::Range;

use orderlog_contract::rejection::{Code, Rejection};
use orderlog_kafka::headers::{OwnedHeader, list};
use orderlog_projection::RejectedRecord;
use rdkafka::message::{BorrowedMessage, Header, Headers, OwnedHeaders};
use rdkafka::{Message, Timestamp};
use sha2::{Digest, Sha256};

use super::form::Form;
use super::headers::{self, DeadLetterInfo, Position, RecordPosition, TimestampType};
use super::rows::EarlierRejection;
use crate::SERVICE;

/// A dead letter to be sent.
pub(super) struct DeadLetter<'a> {
    record: &'a BorrowedMessage<'a>,
    why: &'a Rejection,
    position: Position,
    /// The position as text.
    position_text: String,
    fingerprint: String,
    /// The record's own headers, as far as they are readable.
    own: Vec<OwnedHeader>,
    /// What is known of its record from an earlier dead letter; the number of replays includes the last.
    before: Option<EarlierRejection>,
}

impl<'a> DeadLetter<'a> {
    /// The dead letter of a rejected record.
    pub fn of(rejected: &RejectedRecord<'a>) -> Self {
        let record = rejected.record;
        let position = Position {
            topic: record.topic().to_owned(),
            partition: record.partition(),
            offset: record.offset(),
            timestamp: record.timestamp().to_millis(),
            timestamp_type: match record.timestamp() {
                Timestamp::NotAvailable => TimestampType::NoTimestampType,
                Timestamp::CreateTime(_) => TimestampType::CreateTime,
                Timestamp::LogAppendTime(_) => TimestampType::LogAppendTime,
            },
        };
        Self {
            record,
            why: rejected.rejection,
            position_text: position.to_string(),
            fingerprint: fingerprint(record.payload().unwrap_or_default()),
            position,
            own: record.headers().map(list).unwrap_or_default(),
            before: None,
        }
    }

    /// The position in the dead letter that the record claims to be a replay of.
    pub fn claimed_position(&self) -> Option<RecordPosition> {
        headers::claimed_position(&self.own)
    }

    /// Marks it as a replay of that dead letter's record.
    pub fn set_replay_of(&mut self, earlier: EarlierRejection) {
        self.before = Some(EarlierRejection {
            replays: earlier.replays.saturating_add(1),
            ..earlier
        });
    }

    /// Its record's position, as `topic-partition-offset`.
    pub fn position_text(&self) -> &str {
        &self.position_text
    }

    /// Distinguishes this record from another one at the same position of a recreated topic.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Its record's position.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Why the record was rejected.
    pub fn why(&self) -> &Rejection {
        self.why
    }

    /// The code of the rejection.
    pub fn code(&self) -> Code {
        self.why.code
    }

    /// The key that it is sent with.
    pub fn key(&self, form: Form) -> Option<&'a [u8]> {
        if form == Form::HeadersOnly {
            None
        } else {
            self.record.key()
        }
    }

    /// The value that it is sent with.
    pub fn value(&self, form: Form) -> Option<&'a [u8]> {
        if matches!(form, Form::WithoutValue | Form::HeadersOnly) {
            None
        } else {
            self.record.payload()
        }
    }

    /// The headers that it is sent with.
    pub fn headers(&self, form: Form) -> OwnedHeaders {
        let kept = match form {
            Form::HeadersOnly => OwnedHeaders::new(),
            Form::Copy | Form::WithoutValue => self.kept(),
        };
        let (origin, replays) = match &self.before {
            Some(before) => (&before.origin, before.replays),
            None => (&self.position, 0),
        };
        let pointer = || (self.fingerprint.as_str(), self.record.payload_len());
        let added = headers::added(&DeadLetterInfo {
            service: SERVICE,
            position: &self.position_text,
            origin,
            replays,
            first_code: self.before.as_ref().and_then(|before| before.first_code),
            why: self.why,
            pointer: self.value(form).is_none().then(pointer),
        });
        insert_all(kept, &added)
    }

    /// The record's own headers byte for byte, except those that an earlier dead letter of it had added.
    fn kept(&self) -> OwnedHeaders {
        let Some(own) = self.record.headers() else {
            return OwnedHeaders::new();
        };
        let stale = self.before.as_ref().and_then(|_| headers::added_range(&self.own));
        match stale {
            Some(stale) if self.own.len() == own.count() => without(&self.own, stale),
            // The library's copy is exact, even for names that are not UTF-8. If there are both, stale headers are
            // kept: the added ones come last.
            _ => own.detach(),
        }
    }
}

/// SHA-256 of a value, hex.
pub(super) fn fingerprint(value: &[u8]) -> String {
    format!("{:x}", Sha256::digest(value))
}

fn without(headers: &[OwnedHeader], stale: Range<usize>) -> OwnedHeaders {
    let kept = [&headers[..stale.start], &headers[stale.end..]].concat();
    insert_all(OwnedHeaders::new_with_capacity(kept.len()), &kept)
}

fn insert_all(headers: OwnedHeaders, added: &[OwnedHeader]) -> OwnedHeaders {
    added.iter().fold(headers, |headers, (name, value)| {
        headers.insert(Header {
            key: name,
            value: value.as_ref(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_in_order_with_duplicates_null_empty_and_binary_values() {
        let given: Vec<OwnedHeader> = vec![
            ("b".into(), Some(vec![0, 0xff])),
            ("a".into(), None),
            ("b".into(), Some(Vec::new())),
            ("é".into(), Some(b"x".to_vec())),
        ];
        let headers = insert_all(OwnedHeaders::new(), &given);
        assert_eq!(list(headers.as_borrowed()), given);
        assert_eq!(list(without(&given, 4..4).as_borrowed()), given);
        let kept = [&given[..1], &given[3..]].concat();
        assert_eq!(list(without(&given, 1..3).as_borrowed()), kept);
    }
}
