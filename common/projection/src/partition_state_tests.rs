use super::*;
use crate::store::LastRecord;

fn partition(row: PartitionRow, verify: bool) -> PartitionState {
    let from = row.next;
    PartitionState::new(
        PartitionStart {
            row,
            from,
            verify,
            has_breaker: true,
            is_new: false,
        },
        false,
    )
}

fn failure() -> Pause {
    Pause::new(PauseReason::failure("why".to_owned()), None)
}

/// Processes a batch that had records, an end or both, and changed nothing else.
fn met(state: &mut PartitionState, had_records: bool, end: Option<i64>, at_end: bool) {
    let ending = Ending {
        had_records,
        end,
        at_end,
        ..Ending::default()
    };
    assert!(state.commit(state.row().clone(), ending).is_none());
}

#[test]
fn an_end_after_the_last_record_counts_as_read_until_a_rewind() {
    let row = PartitionRow {
        next: 5,
        ..PartitionRow::default()
    };
    let mut state = partition(row.clone(), false);
    // A transaction marker is there, which is never delivered.
    met(&mut state, false, Some(6), true);
    assert_eq!((state.progress().next, state.progress().read_to), (5, 6));
    state.pause_for(failure());
    assert_eq!(state.progress().read_to, 6, "everything before it was read");
    state.rewind(PartitionRow { next: 2, ..row });
    assert_eq!(state.progress().read_to, 2);
}

#[test]
fn an_interrupted_partition_is_not_at_its_end_but_stays_caught_up() {
    let mut state = partition(PartitionRow::default(), false);
    met(&mut state, false, Some(5), true);
    assert!(state.progress().at_end);
    state.interrupt();
    assert!(!state.progress().at_end && state.is_caught_up());
}

#[test]
fn an_end_that_is_followed_by_a_record_still_counts_as_reached() {
    let mut state = partition(PartitionRow::default(), false);
    met(&mut state, true, Some(5), false);
    assert!(state.is_caught_up() && !state.progress().at_end);
}

#[test]
fn offsets_after_the_last_record_are_skipped_once_the_end_is_reached() {
    let row = PartitionRow {
        next: 5,
        ..PartitionRow::default()
    };
    let mut state = partition(row, false);
    assert_eq!(state.skip_markers(), None, "no end was reached");
    met(&mut state, true, Some(8), true);
    assert!(state.has_pending_end());
    assert_eq!(state.skip_markers().map(|row| row.next), Some(8));
    assert!(!state.has_pending_end());
    met(&mut state, false, Some(5), true);
    assert_eq!(state.skip_markers(), None, "there is nothing after it");
    met(&mut state, false, Some(8), true);
    met(&mut state, true, None, false);
    assert_eq!(state.skip_markers(), None, "a record has come");
    met(&mut state, false, Some(8), true);
    state.rewind(PartitionRow::default());
    assert_eq!(
        state.skip_markers(),
        None,
        "it is being re-read, and that is an earlier end"
    );
    met(&mut state, false, Some(8), true);
    state.pause_for(failure());
    assert_eq!(state.skip_markers(), None, "it is put back to where it was");
}

#[test]
fn a_partition_that_was_not_compared_yet_continues_from_the_record_to_compare() {
    let last = LastRecord {
        offset: 6,
        hash: "h".to_owned(),
    };
    let row = PartitionRow {
        next: 8,
        last: Some(last),
        ..PartitionRow::default()
    };
    let mut state = partition(row, true);
    assert_eq!(state.pause_for(failure()), 6);
    assert_eq!(state.verify(6, || "h".to_owned()), Ok(()));
    assert_eq!(state.position(), 8);
}

#[test]
fn another_record_at_the_last_offset_is_noticed() {
    let last = LastRecord {
        offset: 6,
        hash: "h".to_owned(),
    };
    let row = PartitionRow {
        next: 7,
        last: Some(last),
        ..PartitionRow::default()
    };
    assert!(partition(row.clone(), true).verify(6, || "other".to_owned()).is_err());
    assert!(partition(row, true).verify(7, || "h".to_owned()).is_err());
}

/// A row whose breaker is open.
fn open_row() -> PartitionRow {
    let mut row = PartitionRow::default();
    assert!((0..1_001).any(|offset| row.count_for_breaker(offset, true)));
    row
}

#[test]
fn a_partition_whose_breaker_is_open_keeps_no_service_from_being_ready() {
    let mut state = partition(PartitionRow::default(), false);
    assert!(!state.is_caught_up());
    assert!(state.commit(open_row(), Ending::default()).is_none());
    assert!(state.is_caught_up());
    assert!(partition(open_row(), false).is_caught_up(), "after a restart");
}

#[test]
fn only_the_breakers_own_pause_ends_with_its_reset() {
    let mut state = partition(open_row(), false);
    let breaker = state.breaker().expect("a breaker");
    assert!(breaker.open);
    state.pause_for(Pause::new(PauseReason::Breaker(breaker), None));
    assert_eq!(state.progress().paused, breaker.reason());
    assert!(state.reset_breaker(PartitionRow::default()));
    assert_eq!((state.is_read(), state.progress().paused), (true, None));
    state.pause_for(failure());
    assert!(!state.reset_breaker(PartitionRow::default()));
    assert!(!state.is_read());
}
