//! What the index keeps of a record of the dead-letter topic. Anyone may write to that topic: whatever a record says, the
//! store takes what is kept of it. Pure.

use orderlog_kafka::headers::OwnedHeader;

use super::headers;
use super::index::{Content, Entry};
use super::marks;
use super::outgoing::fingerprint;
use super::rows::{DeadLetterId, DeadLetterRow};

/// What the index keeps of a record.
pub(super) fn entry(
    id: DeadLetterId,
    at: Option<i64>,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    headers: &[OwnedHeader],
) -> Entry {
    if key.is_none()
        && value.is_none()
        && let Some(mark) = marks::read(headers)
    {
        let content = Content::Mark { mark, at };
        return Entry { id, content };
    }
    let mut parsed = headers::read(headers);
    if value.is_some() {
        // If the dead letter has a value, its headers about a missing value do not count.
        parsed.pointer = None;
    }
    let fingerprint = match &parsed.pointer {
        Some((sha256, _)) => sha256.clone(),
        None => fingerprint(value.unwrap_or_default()),
    };
    let row = DeadLetterRow::of(&parsed, at, key, value);
    let position = parsed.position.map(|position| (position.to_string(), fingerprint));
    let content = Content::DeadLetter { position, row };
    Entry { id, content }
}

/// Position of the record whose dead letter that is.
pub(super) fn position(entry: &Entry) -> Option<String> {
    match &entry.content {
        Content::DeadLetter { position, .. } => position.as_ref().map(|(position, _)| position.clone()),
        Content::Mark { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use orderlog_projection::store::Embedded;
    use proptest::prelude::*;

    use super::super::Index;
    use super::super::headers::{ADDED, AT, CODE, CONNECT_MESSAGE, FIRST_CODE, ID, REPLAYS, SCHEMA_ID, SHA256, SIZE};
    use super::super::headers::{SPRING_OFFSET, SPRING_PARTITION, SPRING_TIMESTAMP, SPRING_TOPIC};
    use super::super::lists::Filter;
    use super::super::marks::{BY, DEAD_LETTERS, JOB, MARK, REASON};
    use super::*;

    /// All headers that are read.
    const READ: [&str; 18] = [
        AT,
        ID,
        CODE,
        SCHEMA_ID,
        REPLAYS,
        FIRST_CODE,
        SHA256,
        SIZE,
        CONNECT_MESSAGE,
        SPRING_TOPIC,
        SPRING_PARTITION,
        SPRING_OFFSET,
        SPRING_TIMESTAMP,
        MARK,
        DEAD_LETTERS,
        JOB,
        REASON,
        BY,
    ];

    fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
        let valid = prop::sample::select(vec![
            "t-0-1",
            "0-0",
            "0-0,0-1,7-9",
            "not_framed",
            "replayed",
            "discarded",
            "3",
            "-1",
            "00000000-0000-0000-0000-000000000007",
            "x",
            "\0",
            "t-0-\u{202e}1",
        ]);
        prop_oneof![
            6 => valid.prop_map(|text| Some(text.as_bytes().to_vec())),
            2 => prop::collection::vec(any::<u8>(), 0..12).prop_map(Some),
            1 => Just(Some(vec![0xff; 8])),
            1 => Just(Some(Vec::new())),
            1 => Just(None),
            1 => Just(Some(vec![b'x'; 70_000])),
            1 => Just(Some([&vec![b't'; 70_000][..], b"-0-1"].concat())),
            1 => Just(Some([&[b'0'; 70_000][..], b"-1"].concat())),
        ]
    }

    /// Its time, key, value and headers.
    type Record = (Option<i64>, Option<Vec<u8>>, Option<Vec<u8>>, Vec<OwnedHeader>);

    fn record() -> impl Strategy<Value = Record> {
        let header = (prop::sample::select(READ.to_vec()), value());
        let headers = prop::collection::vec(header, 0..10).prop_map(|headers| {
            let mut headers: Vec<OwnedHeader> = headers.into_iter().map(|(name, value)| (name.into(), value)).collect();
            let count = headers.len() + 1;
            headers.push((ADDED.to_owned(), Some(count.to_string().into_bytes())));
            headers
        });
        (prop::option::of(any::<i64>()), value(), value(), headers)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn whatever_a_record_of_the_topic_says_the_index_takes_it(records in prop::collection::vec(record(), 1..6)) {
            let dir = tempfile::tempdir().expect("a directory");
            let index = Index::open(&Embedded::open(dir.path()).expect("opens").into(), "dlq").expect("opens");
            let entries = (0..).zip(&records).map(|(offset, (at, key, value, headers))| {
                entry(DeadLetterId { partition: 0, offset }, *at, key.as_deref(), value.as_deref(), headers)
            });
            let entries: Vec<Entry> = entries.collect();
            let letters = entries.iter().filter(|entry| matches!(entry.content, Content::DeadLetter { .. })).count();
            index.add(entries).expect("adds");
            let page = index.page(None, 100, &Filter::default()).expect("reads");
            let copies = letters - page.dead_letters.len();
            prop_assert!(copies == 0 || records.len() > 1);
            for (id, row) in page.dead_letters {
                let stored = serde_json::to_vec(&row).expect("JSON").len();
                prop_assert!(stored < 20_000, "{id} takes {stored} bytes");
            }
        }
    }

    #[test]
    fn a_position_that_is_none_makes_no_row_of_its_own() {
        let empty = [
            (AT.to_owned(), Some(Vec::new())),
            (ADDED.to_owned(), Some(b"2".to_vec())),
        ];
        let id = DeadLetterId {
            partition: 0,
            offset: 0,
        };
        let read = entry(id, None, None, Some(b"x"), &empty);
        assert_eq!(position(&read), None);
        let Content::DeadLetter { row, .. } = read.content else {
            panic!("it is a dead letter");
        };
        assert_eq!((row.position, row.code), (None, None));
    }
}
