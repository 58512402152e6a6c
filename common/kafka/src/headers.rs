//! Reads untrusted record headers: the client library panics at a name that is not UTF-8.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rdkafka::message::{BorrowedHeaders, Header, Headers, OwnedHeaders};

/// A header: name and value. The value may be null, which differs from empty.
pub type OwnedHeader = (String, Option<Vec<u8>>);

/// How many headers with invalid names are read past in one record: each costs a caught panic, which also prints to
/// stderr.
const MAX_UNREADABLE: usize = 8;

/// The headers, in order. Those whose name is not UTF-8 are left out: none of ours is like that. With many of them, those
/// in front are left out too: what a service adds comes after a record's own headers.
pub fn list(headers: &BorrowedHeaders) -> Vec<OwnedHeader> {
    let owned = |(name, value): (&str, Option<&[u8]>)| (name.to_owned(), value.map(<[u8]>::to_vec));
    let mut listed: Vec<OwnedHeader> = from_the_last(headers).map(owned).collect();
    listed.reverse();
    listed
}

/// The value of the last header of that name, as in Kafka's `Headers.lastHeader`; `None` also when it is null.
pub fn last<'a>(headers: &'a BorrowedHeaders, name: &str) -> Option<&'a [u8]> {
    from_the_last(headers).find(|(found, _)| *found == name)?.1
}

fn from_the_last(headers: &BorrowedHeaders) -> impl Iterator<Item = (&str, Option<&[u8]>)> {
    let read = |n| {
        catch_unwind(AssertUnwindSafe(|| {
            let header = headers.get(n);
            (header.key, header.value)
        }))
    };
    let mut unreadable = 0;
    let readable = (0..headers.count()).rev().map(read).take_while(move |header| {
        unreadable += usize::from(header.is_err());
        unreadable <= MAX_UNREADABLE
    });
    readable.flatten()
}

/// Headers to write.
pub fn owned(headers: &[OwnedHeader]) -> OwnedHeaders {
    let with_capacity = OwnedHeaders::new_with_capacity(headers.len());
    headers.iter().fold(with_capacity, |all, (key, value)| {
        all.insert(Header {
            key,
            value: value.as_ref(),
        })
    })
}

/// Headers whose values are text.
pub fn text_headers<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> OwnedHeaders {
    headers.into_iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: Some(value),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_header_of_a_name_is_the_one_that_counts() {
        let insert = |headers: OwnedHeaders, (key, value)| headers.insert(Header { key, value });
        let given = [("a", Some("1")), ("b", None), ("a", Some("2"))];
        let headers = given.into_iter().fold(OwnedHeaders::new(), insert);
        let headers = headers.as_borrowed();
        assert_eq!(last(headers, "a"), Some(b"2".as_slice()));
        assert_eq!((last(headers, "b"), last(headers, "c")), (None, None));
        let listed: Vec<String> = list(headers).into_iter().map(|(name, _)| name).collect();
        assert_eq!(listed, ["a", "b", "a"]);
    }
}
