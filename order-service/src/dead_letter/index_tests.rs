use orderlog_contract::rejection::Code;
use orderlog_projection::store::Embedded;

use super::super::headers::{Position, TimestampType};
use super::super::lists::Filter;
use super::super::state::DeadLetterState;
use super::*;

pub(super) fn open_store(dir: &tempfile::TempDir) -> Store {
    Embedded::open(dir.path()).expect("opens").into()
}

pub(super) fn open(dir: &tempfile::TempDir, topic: &str) -> Index {
    Index::open(&open_store(dir), topic).expect("opens")
}

pub(super) fn row(code: Option<Code>, key: &str, partition: i32) -> DeadLetterRow {
    DeadLetterRow {
        timestamp: Some(1),
        key: Some(key.to_owned()),
        code,
        reason: Some("why".into()),
        schema_id: None,
        size: 3,
        replays: 0,
        origin: code.map(|_| Position {
            topic: "t".into(),
            partition,
            offset: 1,
            timestamp: None,
            timestamp_type: TimestampType::NoTimestampType,
        }),
        position: None,
        first_code: None,
        state: DeadLetterState::Open,
        settled: None,
    }
}

pub(super) fn entry(offset: i64, position: Option<(&str, &str)>, row: DeadLetterRow) -> Entry {
    let position = position.map(|(position, fingerprint)| (position.to_owned(), fingerprint.to_owned()));
    Entry {
        id: DeadLetterId { partition: 0, offset },
        content: Content::DeadLetter { position, row },
    }
}

pub(super) fn offsets(page: &Page) -> Vec<i64> {
    page.dead_letters.iter().map(|(id, _)| id.offset).collect()
}

#[test]
fn a_dead_letter_is_counted_listed_and_known_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let dead_letter = || row(Some(Code::NotFramed), "A", 2);
    index
        .add(vec![
            entry(0, Some(("t-2-1", "f")), dead_letter()),
            entry(1, Some(("t-2-1", "f")), dead_letter()),
        ])
        .expect("adds");
    index
        .add(vec![
            entry(2, Some(("t-2-1", "f")), dead_letter()),
            entry(3, None, row(None, "B", 0)),
        ])
        .expect("adds");
    let summary = index.summary().expect("reads");
    assert_eq!(
        (summary.count, summary.by_code, summary.next),
        (2, [(Code::NotFramed, 1)].into(), [(0, 4)].into())
    );
    assert!(index.has("t-2-1", "f").expect("reads"));
    assert!(!index.has("t-2-1", "another value").expect("reads"));
    assert!(!index.has("t-2-2", "f").expect("reads"));
    assert_eq!(
        offsets(&index.page(None, 9, &Filter::default()).expect("reads")),
        [3, 0]
    );
}

#[test]
fn another_value_at_the_same_position_is_another_dead_letter() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let dead_letter = || row(Some(Code::NotFramed), "A", 2);
    index
        .add(vec![
            entry(0, Some(("t-2-1", "f")), dead_letter()),
            entry(1, Some(("t-2-1", "g")), dead_letter()),
        ])
        .expect("adds");
    assert_eq!(index.summary().expect("reads").count, 2);
    assert!(index.has("t-2-1", "g").expect("reads"));
}

/// An index with one dead letter, of the record at `t-2-1`.
fn with_one(dir: &tempfile::TempDir) -> Index {
    let index = open(dir, "dlq");
    let one = entry(0, Some(("t-2-1", "f")), row(None, "A", 0));
    index.add(vec![one]).expect("adds");
    index
}

/// Checks that neither the index nor its list has that dead letter.
fn assert_empty(index: &Index) {
    assert!(!index.has("t-2-1", "f").expect("reads"));
    let page = index.page(None, 9, &Filter::default()).expect("reads");
    assert!(page.dead_letters.is_empty());
}

#[tokio::test]
async fn the_index_survives_a_restart_and_a_rebuild_but_not_another_topic() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(with_one(&dir));
    {
        let store = open_store(&dir);
        store.clear().await.expect("clears");
        let index = Index::open(&store, "dlq").expect("opens");
        assert!(index.has("t-2-1", "f").expect("reads"));
    }
    let other = open(&dir, "other-dlq");
    let empty = Summary {
        generation: other.generation(),
        ..Summary::of("other-dlq")
    };
    assert_eq!(other.summary().expect("reads"), empty);
    assert_empty(&other);
}

#[test]
fn an_interrupted_clearing_is_completed_at_the_next_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = with_one(&dir);
    index.put_summary(&Summary::default()).expect("writes");
    drop(index);
    assert_empty(&open(&dir, "dlq"));
}

#[test]
fn a_dead_letter_gives_the_original_position_only_of_a_record_with_the_same_value() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let dead_letter = DeadLetterRow {
        replays: 2,
        ..row(Some(Code::NotFramed), "A", 3)
    };
    let entries = vec![
        entry(5, Some(("t-3-1", "f")), dead_letter.clone()),
        entry(6, None, row(None, "B", 0)),
    ];
    index.add(entries).expect("adds");
    let origin = dead_letter.origin.map(|origin| EarlierRejection {
        origin,
        replays: 2,
        first_code: Some(Code::NotFramed),
    });
    assert_eq!(index.origin_of("t-3-1", "f").expect("reads"), origin);
    assert_eq!(index.origin_of("t-3-1", "").expect("reads"), None);
    assert_eq!(index.origin_of("t-3-1", "g").expect("reads"), None);
    assert_eq!(index.origin_of("t-3-2", "f").expect("reads"), None);
}

#[test]
fn an_index_that_was_discarded_is_another_generation_and_a_restart_keeps_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = with_one(&dir);
    let first = index.generation();
    index.add(vec![entry(9, None, row(None, "B", 0))]).expect("adds");
    drop(index);
    let index = open(&dir, "dlq");
    assert_eq!(index.generation(), first);
    index.clear().expect("clears");
    let second = index.generation();
    assert_ne!(second, first);
    drop(index);
    assert_eq!(open(&dir, "dlq").generation(), second);
    assert_ne!(open(&dir, "another").generation(), second);
}
