//! Records of a topic.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rdkafka::Message;
use rdkafka::message::Headers;

/// A record of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// Headers that rdkafka cannot return, because their names are not UTF-8.
    pub unreadable: usize,
    pub partition: i32,
    pub offset: i64,
    pub timestamp: Option<i64>,
}

impl Stored {
    /// The value of the last header with that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().rev().find(|(other, _)| other == name)?.1.as_deref()
    }

    /// The same as text.
    pub fn text(&self, name: &str) -> &str {
        std::str::from_utf8(self.header(name).unwrap_or_else(|| panic!("a header {name}"))).expect("text")
    }

    /// The headers in the form that [`World::write_with`] takes.
    pub fn borrowed_headers(&self) -> Vec<(&str, Option<&[u8]>)> {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect()
    }
}

/// What was read.
pub fn stored(record: &impl Message) -> Stored {
    let own = record.headers();
    let count = own.map_or(0, Headers::count);
    // rdkafka panics when asked for a name that is not UTF-8.
    let one = |n| {
        let header = own.expect("headers").get(n);
        (header.key.to_owned(), header.value.map(<[u8]>::to_vec))
    };
    let headers = (0..count).filter_map(|n| catch_unwind(AssertUnwindSafe(|| one(n))).ok());
    let headers: Vec<_> = headers.collect();
    Stored {
        key: record.key().map(<[u8]>::to_vec),
        value: record.payload().map(<[u8]>::to_vec),
        unreadable: count - headers.len(),
        headers,
        partition: record.partition(),
        offset: record.offset(),
        timestamp: record.timestamp().to_millis(),
    }
}
