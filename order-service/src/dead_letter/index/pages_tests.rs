use orderlog_contract::rejection::Code;

use super::super::tests::{entry, offsets, open, row};
use super::super::{Content, Entry};
use super::*;
use crate::dead_letter::marks::Mark;

fn id(partition: i32, offset: i64) -> DeadLetterId {
    DeadLetterId { partition, offset }
}

/// A dead letter without a position, so that none is a copy of another.
fn letter(id: DeadLetterId, time: Option<i64>, key: &str) -> Entry {
    let row = DeadLetterRow {
        timestamp: time,
        ..row(Some(Code::NotFramed), key, 2)
    };
    let content = Content::DeadLetter { position: None, row };
    Entry { id, content }
}

fn discard(at: i64, ids: &[DeadLetterId]) -> Entry {
    let mark = Mark::Discarded {
        ids: ids.to_vec(),
        reason: "a test".into(),
        by: "jo".into(),
    };
    let content = Content::Mark { mark, at: Some(1) };
    Entry { id: id(0, at), content }
}

fn in_state(state: DeadLetterState) -> Filter {
    Filter {
        state: Some(state),
        ..Filter::default()
    }
}

fn ids(page: &Page) -> Vec<DeadLetterId> {
    page.dead_letters.iter().map(|(id, _)| *id).collect()
}

/// All pages, one after the other.
fn all_pages(index: &Index, limit: usize, filter: &Filter) -> Vec<DeadLetterId> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = index.page(after, limit, filter).expect("reads");
        all.extend(ids(&page));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

#[test]
fn pages_follow_each_other_to_the_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    index
        .add((0..5).map(|n| entry(n, None, row(None, "A", 0))).collect())
        .expect("adds");
    let page = |below| index.page(below, 2, &Filter::default()).expect("reads");
    let first = page(None);
    assert_eq!(offsets(&first), [4, 3]);
    let second = page(first.next);
    assert_eq!(offsets(&second), [2, 1]);
    let third = page(second.next);
    assert_eq!((offsets(&third), third.next), (vec![0], None));
    assert_eq!(
        page(Some(DeadLetterId {
            partition: 0,
            offset: 2
        }))
        .next,
        None,
        "a full page at the end is the last"
    );
}

#[test]
fn filters_narrow_the_list() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let rows = [
        row(Some(Code::NotFramed), "A", 2),
        row(Some(Code::Undecodable), "A", 3),
        row(None, "B", 0),
    ];
    index
        .add((0..).zip(rows).map(|(n, row)| entry(n, None, row)).collect())
        .expect("adds");
    let list = |filter| offsets(&index.page(None, 9, &filter).expect("reads"));
    assert_eq!(
        list(Filter {
            code: Some(Code::Undecodable),
            ..Filter::default()
        }),
        [1]
    );
    assert_eq!(
        list(Filter {
            partition: Some(2),
            ..Filter::default()
        }),
        [0]
    );
    assert_eq!(
        list(Filter {
            key: Some("A".into()),
            ..Filter::default()
        }),
        [1, 0]
    );
    assert!(
        list(Filter {
            key: Some("A".into()),
            partition: Some(0),
            ..Filter::default()
        })
        .is_empty()
    );
}

#[test]
fn the_newest_come_first_whatever_their_partition() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let entries = vec![
        letter(id(0, 0), Some(5), "A"),
        letter(id(0, 1), Some(9), "A"),
        letter(id(0, 2), None, "A"),
        letter(id(1, 0), Some(7), "A"),
        letter(id(1, 1), Some(9), "A"),
        letter(id(1, 2), Some(-1), "A"),
    ];
    index.add(entries).expect("adds");
    let newest_first = [id(1, 1), id(0, 1), id(1, 0), id(0, 0), id(1, 2), id(0, 2)];
    for limit in 1..=6 {
        assert_eq!(
            all_pages(&index, limit, &Filter::default()),
            newest_first,
            "{limit} a page"
        );
    }
    let within = |since, until| Filter {
        since,
        until,
        ..Filter::default()
    };
    assert_eq!(all_pages(&index, 2, &within(Some(7), None)), newest_first[..3]);
    assert_eq!(all_pages(&index, 1, &within(Some(5), Some(9))), newest_first[2..4]);
    assert_eq!(all_pages(&index, 9, &within(None, Some(0))), newest_first[4..]);
    assert_eq!(all_pages(&index, 9, &within(Some(3), Some(3))), []);
}

#[test]
fn paging_is_stable_while_dead_letters_come_in_and_change_their_state() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    index
        .add((0..6).map(|n| letter(id(0, n), Some(n), "A")).collect())
        .expect("adds");
    let open = in_state(DeadLetterState::Open);
    let first = index.page(None, 2, &open).expect("reads");
    assert_eq!(offsets(&first), [5, 4]);
    // A new one, and the last one of the page and one after it are discarded.
    let meanwhile = vec![letter(id(0, 6), Some(6), "A"), discard(7, &[id(0, 4), id(0, 2)])];
    index.add(meanwhile).expect("adds");
    let second = index.page(first.next, 2, &open).expect("reads");
    assert_eq!(offsets(&second), [3, 1]);
    assert_eq!(offsets(&index.page(second.next, 2, &open).expect("reads")), [0]);
    assert_eq!(offsets(&index.page(None, 9, &open).expect("reads")), [6, 5, 3, 1, 0]);
    assert_eq!(
        offsets(&index.page(None, 9, &Filter::default()).expect("reads")),
        [6, 5, 4, 3, 2, 1, 0]
    );
    let discarded = in_state(DeadLetterState::Discarded);
    assert_eq!(offsets(&index.page(None, 9, &discarded).expect("reads")), [4, 2]);
}

#[test]
fn an_id_that_is_no_dead_letters_marks_a_place_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    index
        .add(vec![letter(id(0, 0), Some(1), "A"), letter(id(0, 5), Some(2), "A")])
        .expect("adds");
    let after = |id| offsets(&index.page(Some(id), 9, &Filter::default()).expect("reads"));
    assert_eq!(after(id(0, 9)), [5, 0]);
    assert_eq!(after(id(0, 5)), [0]);
    assert_eq!(after(id(0, 3)), [0]);
    assert_eq!(after(id(0, 0)), [0i64; 0]);
}

#[test]
fn a_filter_that_matches_little_yields_short_pages() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let count = i64::try_from(MAX_SCANNED).expect("a few thousand") + 5;
    let mut entries = vec![entry(0, None, row(Some(Code::NotFramed), "A", 7))];
    entries.extend((1..count).map(|n| entry(n, None, row(Some(Code::NotFramed), "A", 2))));
    index.add(entries).expect("adds");
    let filter = Filter {
        partition: Some(7),
        ..Filter::default()
    };
    let first = index.page(None, 10, &filter).expect("reads");
    assert_eq!((offsets(&first), first.next), (vec![], Some(id(0, 5))));
    let second = index.page(first.next, 10, &filter).expect("reads");
    assert_eq!((offsets(&second), second.next), (vec![0], None));
    let below = [(0, count)].into();
    let oldest = index.oldest_first(Some(id(0, 0)), &below, 10, &filter).expect("reads");
    assert_eq!((offsets(&oldest), oldest.next), (vec![], Some(id(0, count - 5))));
}

#[test]
fn the_oldest_come_first_by_id_within_bounds() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let entry = |partition, offset| letter(id(partition, offset), Some(9 - offset), "A");
    let entries = (0..3).flat_map(|partition| (0..3).map(move |offset| entry(partition, offset)));
    index
        .add(entries.chain([discard(3, &[id(0, 1)])]).collect())
        .expect("adds");
    let below = [(0, 3), (2, 2)].into();
    let open = in_state(DeadLetterState::Open);
    let page = |after, limit| index.oldest_first(after, &below, limit, &open).expect("reads");
    let first = page(None, 2);
    assert_eq!((ids(&first), first.next), (vec![id(0, 0), id(0, 2)], Some(id(0, 2))));
    let second = page(first.next, 2);
    assert_eq!((ids(&second), second.next), (vec![id(2, 0), id(2, 1)], None));
    assert_eq!(ids(&page(Some(id(1, 0)), 9)), [id(2, 0), id(2, 1)]);
    assert_eq!(ids(&page(Some(id(2, 1)), 9)), []);
    let late = Filter {
        since: Some(9),
        ..Filter::default()
    };
    let page = index.oldest_first(None, &below, 9, &late).expect("reads");
    assert_eq!(ids(&page), [id(0, 0), id(2, 0)]);
}

#[test]
fn the_unsettled_dead_letters_of_a_key_and_of_all_are_found() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let parked = {
        let row = DeadLetterRow {
            state: DeadLetterState::Parked,
            timestamp: Some(2),
            ..row(None, "A", 0)
        };
        entry(2, None, row)
    };
    let entries = vec![
        letter(id(0, 0), Some(0), "A"),
        letter(id(0, 1), Some(1), "A"),
        parked,
        letter(id(0, 3), Some(3), "B"),
        letter(id(0, 4), Some(4), "A"),
        discard(5, &[id(0, 1)]),
    ];
    index.add(entries).expect("adds");
    let of_key = |key, limit| {
        let found = index.open_of_key(key, limit).expect("reads");
        found.into_iter().map(|(id, _)| id.offset).collect::<Vec<_>>()
    };
    assert_eq!(of_key("A", 9), [4, 2, 0]);
    assert_eq!(of_key("A", 2), [4, 2]);
    assert_eq!(of_key("B", 9), [3]);
    assert_eq!(of_key("C", 9), [0i64; 0]);
    let all = index
        .unsettled_page(None, 9, &in_state(DeadLetterState::Discarded))
        .expect("reads");
    assert_eq!(
        offsets(&all),
        [4, 3, 2, 0],
        "of any key, whatever state the filter names"
    );
}
