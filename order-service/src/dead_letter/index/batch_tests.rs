use orderlog_contract::rejection::Code;

use super::super::tests::{entry, open, row};
use super::*;
use crate::dead_letter::lists::Filter;
use DeadLetterState::{Discarded, Open, Parked, Replayed};

pub(super) fn id(partition: i32, offset: i64) -> DeadLetterId {
    DeadLetterId { partition, offset }
}

/// A dead letter, written in the given hour, of the record at `position` in the event topic.
pub(super) fn letter(id: DeadLetterId, position: &str, replays: u32, hour: i64) -> Entry {
    let mut row = row(Some(Code::NotFramed), "A", 2);
    row.timestamp = Some(hour * HOUR_MS + 1);
    row.replays = replays;
    row.state = DeadLetterState::unmarked(replays);
    let position = (position.to_owned(), "f".to_owned());
    Entry {
        id,
        content: Content::DeadLetter {
            position: Some(position),
            row,
        },
    }
}

pub(super) fn mark(id: DeadLetterId, mark: Mark) -> Entry {
    let at = Some(1_000 + id.offset);
    Entry {
        id,
        content: Content::Mark { mark, at },
    }
}

pub(super) fn discarded(ids: &[DeadLetterId]) -> Mark {
    Mark::Discarded {
        ids: ids.to_vec(),
        reason: "a test".into(),
        by: "jo".into(),
    }
}

pub(super) const JOB: Uuid = Uuid::from_u128(7);

pub(super) fn replayed(ids: &[DeadLetterId]) -> Mark {
    Mark::Replayed {
        ids: ids.to_vec(),
        job: JOB,
        by: "jo".into(),
    }
}

fn state(index: &Index, id: DeadLetterId) -> DeadLetterState {
    index.get(id).expect("reads").expect("that dead letter").state
}

/// The ids of a state's list, the newest first.
fn list(index: &Index, state: DeadLetterState) -> Vec<DeadLetterId> {
    let filter = Filter {
        state: Some(state),
        ..Filter::default()
    };
    let page = index.page(None, 1_000, &filter).expect("reads");
    page.dead_letters.into_iter().map(|(id, _)| id).collect()
}

#[test]
fn a_mark_moves_dead_letters_to_another_list_and_out_of_the_counts() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let [a, b, c] = [0, 1, 2].map(|offset| id(0, offset));
    let letters = vec![
        letter(a, "t-0-0", 0, 10),
        letter(b, "t-0-1", 0, 10),
        letter(c, "t-0-2", 3, 11),
    ];
    index.add(letters).expect("adds");
    let summary = index.summary().expect("reads");
    assert_eq!((summary.count, summary.by_state), (3, [(Open, 2), (Parked, 1)].into()));
    let by_hour = |first, last| index.by_hour(first, last).expect("reads");
    assert_eq!(by_hour(10, 11), [(10, 2), (11, 1)].into());
    assert_eq!(by_hour(11, i64::MAX), [(11, 1)].into());
    assert_eq!(by_hour(i64::MIN, 10), [(10, 2)].into());
    assert_eq!(by_hour(11, 10), BTreeMap::new());

    let marks = vec![mark(id(0, 3), replayed(&[a])), mark(id(0, 4), discarded(&[c]))];
    index.add(marks).expect("adds");
    let summary = index.summary().expect("reads");
    assert_eq!((summary.count, summary.by_code), (1, [(Code::NotFramed, 1)].into()));
    let by_state = [(Open, 1), (Parked, 0), (Replayed, 1), (Discarded, 1)];
    assert_eq!(summary.by_state, by_state.into());
    assert_eq!(by_hour(10, 11), [(10, 1), (11, 0)].into());
    let lists = [Open, Parked, Replayed, Discarded].map(|state| list(&index, state));
    assert_eq!(lists, [vec![b], vec![], vec![a], vec![c]]);
    let settled = index
        .get(c)
        .expect("reads")
        .and_then(|row| row.settled)
        .expect("settled");
    assert_eq!((settled.at, settled.by.as_deref()), (Some(1_004), Some("jo")));
    assert_eq!((settled.reason.as_deref(), settled.job), (Some("a test"), None));
    let settled = index
        .get(a)
        .expect("reads")
        .and_then(|row| row.settled)
        .expect("settled");
    assert_eq!((settled.reason, settled.job), (None, Some(JOB)));

    index.add(vec![mark(id(0, 5), discarded(&[b]))]).expect("adds");
    let summary = index.summary().expect("reads");
    assert_eq!((summary.count, summary.by_code), (0, BTreeMap::new()));
}

#[test]
fn the_first_mark_of_a_dead_letter_counts() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let a = id(0, 0);
    index.add(vec![letter(a, "t-0-0", 0, 0)]).expect("adds");
    index.add(vec![mark(id(0, 1), replayed(&[a]))]).expect("adds");
    assert_eq!(state(&index, a), Replayed);
    index.add(vec![mark(id(0, 2), discarded(&[a]))]).expect("adds");
    assert_eq!(state(&index, a), Replayed);
    let by_state = index.summary().expect("reads").by_state;
    assert_eq!(by_state, [(Open, 0), (Replayed, 1)].into());
}

#[test]
fn a_mark_changes_nothing_but_dead_letters_before_it_in_its_partition() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let [before, later] = [id(0, 0), id(0, 3)];
    let named = [later, id(1, 0), id(0, 1), id(0, 2), id(7, 0), id(i32::MAX, i64::MAX)];
    let entries = vec![
        letter(before, "t-0-0", 0, 0),
        mark(id(1, 0), discarded(&[before])),
        mark(id(0, 1), replayed(&named)),
        mark(id(0, 2), discarded(&named)),
        letter(later, "t-0-1", 0, 0),
    ];
    index.add(entries).expect("adds");
    assert_eq!([state(&index, before), state(&index, later)], [Open, Open]);
    assert_eq!(list(&index, Open).len(), 2);
    assert_eq!(index.replayed_by(JOB).expect("reads"), 0);
    index.add(vec![mark(id(0, 4), discarded(&[before]))]).expect("adds");
    assert_eq!(state(&index, before), Discarded);
}

#[test]
fn a_mark_of_a_second_copy_settles_the_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let [first, second, third] = [id(0, 0), id(1, 0), id(1, 2)];
    index.add(vec![letter(first, "t-0-0", 0, 0)]).expect("adds");
    index.add(vec![letter(second, "t-0-0", 0, 0)]).expect("adds");
    assert_eq!(index.summary().expect("reads").count, 1);
    index.add(vec![mark(id(1, 1), replayed(&[second]))]).expect("adds");
    assert_eq!(state(&index, first), Replayed);
    let in_one_batch = vec![
        letter(third, "t-0-1", 0, 0),
        letter(id(1, 3), "t-0-1", 0, 0),
        mark(id(1, 4), discarded(&[id(1, 3)])),
    ];
    index.add(in_one_batch).expect("adds");
    assert_eq!(state(&index, third), Discarded);
    let earlier = mark(id(0, 1), discarded(&[first]));
    index.add(vec![earlier]).expect("adds");
    assert_eq!(state(&index, first), Discarded, "whichever is read first");
}

#[test]
fn a_job_has_replayed_what_its_marks_name() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let [a, b, c] = [0, 1, 2].map(|offset| id(0, offset));
    let letters = vec![
        letter(a, "t-0-0", 0, 0),
        letter(b, "t-0-1", 0, 0),
        letter(c, "t-0-2", 0, 0),
    ];
    index.add(letters).expect("adds");
    index.add(vec![mark(id(0, 3), replayed(&[a]))]).expect("adds");
    let more = vec![mark(id(0, 4), replayed(&[b])), mark(id(0, 5), replayed(&[c]))];
    index.add(more).expect("adds");
    assert_eq!(index.replayed_by(JOB).expect("reads"), 3);
    assert_eq!(index.replayed_by(Uuid::nil()).expect("reads"), 0);
}

#[test]
fn a_record_that_is_read_again_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let entries = || {
        vec![
            entry(0, None, row(None, "B", 0)),
            letter(id(0, 1), "t-0-0", 0, 0),
            mark(id(0, 2), replayed(&[id(0, 1)])),
        ]
    };
    index.add(entries()).expect("adds");
    let summary = index.summary().expect("reads");
    index.add(entries()).expect("adds");
    assert_eq!(index.summary().expect("reads"), summary);
    assert_eq!(index.replayed_by(JOB).expect("reads"), 1);
}

#[test]
fn more_than_one_commit_holds_is_added_in_several() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let count = i64::try_from(MAX_SIZE).expect("a few thousand") + 10;
    let mut entries: Vec<Entry> = (0..count).map(|n| entry(n, None, row(None, "B", 0))).collect();
    let ids: Vec<DeadLetterId> = (0..count).map(|n| id(0, n)).collect();
    entries.extend(
        (count..)
            .zip(ids.chunks(500))
            .map(|(n, ids)| mark(id(0, n), discarded(ids))),
    );
    index.add(entries).expect("adds");
    let summary = index.summary().expect("reads");
    let discarded = count.unsigned_abs();
    assert_eq!(summary.by_state, [(Open, 0), (Discarded, discarded)].into());
    assert_eq!(summary.count, 0);
}

#[test]
fn progress_is_announced_once_it_is_committed_and_goes_beyond_the_last_record() {
    let dir = tempfile::tempdir().expect("a directory");
    let index = open(&dir, "dlq");
    let mut progress = index.progress();
    index.add(vec![letter(id(0, 0), "t-0-0", 0, 0)]).expect("adds");
    assert!(progress.has_changed().expect("the index is there"));
    assert_eq!(*progress.borrow_and_update(), [(0, 1)].into());
    index.note_progress(&[(0, 1), (1, 0)].into());
    assert!(!progress.has_changed().expect("the index is there"), "nothing new");
    index.note_progress(&[(0, 2)].into());
    assert_eq!(*progress.borrow_and_update(), [(0, 2), (1, 0)].into());
    assert_eq!(index.next_offsets().expect("reads"), [(0, 2), (1, 0)].into());
    drop((index, progress));
    let index = open(&dir, "dlq");
    assert_eq!(index.next_offsets().expect("reads"), [(0, 1)].into());
    index.clear().expect("clears");
    assert_eq!(index.next_offsets().expect("reads"), BTreeMap::new());
}
