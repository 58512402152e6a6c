//! One dead letter: a record that cannot be used, with what is to be added to it. What the headers say is
//! [`super::headers`]'s business; here they meet the client library.

use common::kafka::headers::{Header, list};
use common::projection::Refused;
use common::unusable::{Code, Unusable};
use rdkafka::Message;
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Header as KafkaHeader, Headers, OwnedHeaders};
use sha2::{Digest, Sha256};

use super::headers::{self, Origin};

/// How much of a record a letter carries. Each is tried when the one before it was too large for the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// All of it.
    Copy,
    /// Key, headers, and of the value only hash and length; its value is null.
    Pointer,
    /// Nothing but our headers, with hash and length of the value: key or headers are too large themselves.
    Bare,
}

impl Form {
    /// The next smaller one.
    pub fn smaller(self) -> Option<Self> {
        match self {
            Self::Copy => Some(Self::Pointer),
            Self::Pointer => Some(Self::Bare),
            Self::Bare => None,
        }
    }
}

/// A dead letter that is to be written.
pub(super) struct Letter<'a> {
    record: &'a BorrowedMessage<'a>,
    why: &'a Unusable,
    place: Origin,
    coordinates: String,
    fingerprint: String,
}

impl<'a> Letter<'a> {
    /// The letter of a record.
    pub fn of(refused: &Refused<'a>) -> Self {
        let record = refused.record;
        let place = Origin {
            topic: record.topic().to_owned(),
            partition: record.partition(),
            offset: record.offset(),
            timestamp: record.timestamp().to_millis(),
        };
        Self {
            record,
            why: refused.why,
            coordinates: place.coordinates(),
            fingerprint: fingerprint(record.payload().unwrap_or_default()),
            place,
        }
    }

    /// Where its record lies, as `topic-partition-offset`.
    pub fn coordinates(&self) -> &str {
        &self.coordinates
    }

    /// What tells this record from another one at the same coordinates, of a topic that was made anew.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Where its record lies.
    pub fn place(&self) -> &Origin {
        &self.place
    }

    /// Why the record cannot be used.
    pub fn why(&self) -> &Unusable {
        self.why
    }

    /// What kind of fault it is.
    pub fn code(&self) -> Code {
        self.why.code
    }

    /// The key that it is sent with.
    pub fn key(&self, form: Form) -> Option<&'a [u8]> {
        if form == Form::Bare { None } else { self.record.key() }
    }

    /// The value that it is sent with.
    pub fn value(&self, form: Form) -> Option<&'a [u8]> {
        if matches!(form, Form::Pointer | Form::Bare) {
            None
        } else {
            self.record.payload()
        }
    }

    /// The headers that it is sent with.
    pub fn headers(&self, form: Form) -> OwnedHeaders {
        let own = self.record.headers();
        let (kept, mut added) = match own {
            Some(own) if form != Form::Bare => {
                let listed = list(own);
                (
                    without_coordinates(own, &listed),
                    headers::added(&listed, &self.place, self.why),
                )
            }
            _ => (OwnedHeaders::new(), headers::added(&[], &self.place, self.why)),
        };
        if self.value(form).is_none() {
            added.extend(headers::pointer(&self.fingerprint, self.record.payload_len()));
        }
        insert_all(kept, &added)
    }
}

/// SHA-256 of a value, hex.
pub(super) fn fingerprint(value: &[u8]) -> String {
    format!("{:x}", Sha256::digest(value))
}

/// A record's own headers byte for byte, but for the coordinates of an earlier dead letter.
fn without_coordinates(own: &BorrowedHeaders, listed: &[Header]) -> OwnedHeaders {
    let stale = listed.iter().any(|(name, _)| name == headers::AT);
    // The library's copy is exact, also for names that are not UTF-8. Where both meet, the stale coordinates stay in
    // front: the last header of a name is the one that counts.
    if !stale || listed.len() != own.count() {
        return own.detach();
    }
    let kept: Vec<Header> = listed.iter().filter(|(name, _)| name != headers::AT).cloned().collect();
    insert_all(OwnedHeaders::new_with_capacity(kept.len()), &kept)
}

fn insert_all(headers: OwnedHeaders, added: &[Header]) -> OwnedHeaders {
    added.iter().fold(headers, |headers, (name, value)| {
        headers.insert(KafkaHeader {
            key: name,
            value: value.as_ref(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_shrinks_until_nothing_is_left_to_leave_out() {
        let forms: Vec<Form> = std::iter::successors(Some(Form::Copy), |form| form.smaller()).collect();
        assert_eq!(forms, [Form::Copy, Form::Pointer, Form::Bare]);
    }

    #[test]
    fn headers_come_back_in_order_with_duplicates_null_empty_and_binary_values() {
        let given: Vec<Header> = vec![
            ("b".into(), Some(vec![0, 0xff])),
            ("a".into(), None),
            ("b".into(), Some(Vec::new())),
            ("é".into(), Some(b"x".to_vec())),
        ];
        let headers = insert_all(OwnedHeaders::new(), &given);
        assert_eq!(list(headers.as_borrowed()), given);
        assert_eq!(
            list(without_coordinates(headers.as_borrowed(), &given).as_borrowed()),
            given
        );
    }

    #[test]
    fn only_stale_coordinates_are_dropped() {
        let at = |place: &str| (headers::AT.to_owned(), Some(place.as_bytes().to_vec()));
        let other: Header = ("x".into(), Some(vec![1]));
        let given = vec![at("t-0-1"), other.clone(), at("t-0-2")];
        let headers = insert_all(OwnedHeaders::new(), &given);
        assert_eq!(
            list(without_coordinates(headers.as_borrowed(), &given).as_borrowed()),
            [other]
        );
    }
}
