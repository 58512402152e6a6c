use super::*;
use crate::config::UNRESOLVED_FOR as LASTS;

fn passed(key: &[u8], offset: i64, schema_id: u32) -> Passed<'_> {
    Passed {
        key: Some(key),
        partition: 0,
        offset,
        schema_id,
        version: Some(1),
    }
}

fn doubts(dir: &tempfile::TempDir) -> Doubts {
    Doubts::open(&Store::open(dir.path()).expect("a store"), LASTS).expect("opens")
}

#[test]
fn reading_begins_again_at_the_first_record_whichever_schema_becomes_known() {
    let dir = tempfile::tempdir().expect("a directory");
    let doubts = doubts(&dir);
    let records = [passed(b"A-1", 5, 9), passed(b"A-1", 7, 8)];
    doubts.note(records.into_iter()).expect("noted");
    doubts.note([passed(b"A-1", 9, 9)].into_iter()).expect("noted");
    let doubt = doubts.of("A-1").expect("reads").expect("a doubt");
    assert_eq!((doubt.offset, doubt.schema_ids), (5, vec![9, 8]));
    assert!(doubts.of("A-2").expect("reads").is_none());
}

#[test]
fn a_key_that_no_order_can_have_is_no_order_s() {
    let dir = tempfile::tempdir().expect("a directory");
    let doubts = doubts(&dir);
    let no_key = Passed {
        key: None,
        ..passed(b"", 1, 9)
    };
    let records = [no_key, passed(b"", 1, 9), passed(&[0xff], 1, 9)];
    doubts.note(records.into_iter()).expect("noted");
    assert_eq!(doubts.all().count(), 0);
    assert_eq!(doubts.trouble(), None);
}

#[test]
fn a_later_record_makes_a_doubt_young_again() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut doubts = doubts(&dir);
    doubts.note([passed(b"A-1", 5, 9)].into_iter()).expect("noted");
    doubts.uptime = doubts.uptime.begun_ago(LASTS);
    let doubt = doubts.of("A-1").expect("reads").expect("a doubt");
    assert!(doubts.is_old(&doubt));
    assert_eq!(doubts.seconds_left(&doubt), 5);
    doubts.note([passed(b"A-1", 8, 9)].into_iter()).expect("noted");
    let doubt = doubts.of("A-1").expect("reads").expect("a doubt");
    assert!(!doubts.is_old(&doubt) && doubt.offset == 5, "{doubt:?}");
    assert!(doubts.seconds_left(&doubt) > 590);
}

#[test]
fn after_a_restart_the_ten_minutes_begin_anew() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = doubts(&dir);
    first.note([passed(b"A-1", 5, 9)].into_iter()).expect("noted");
    drop(first);
    let mut second = doubts(&dir);
    let doubt = second.of("A-1").expect("reads").expect("a doubt");
    assert!(!second.is_old(&doubt));
    second.uptime = second.uptime.begun_ago(LASTS);
    assert!(second.is_old(&doubt), "it ends for all that");
}

#[test]
fn a_doubt_of_an_earlier_build_counts_from_our_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let doubts = doubts(&dir);
    let earlier = br#"{"schema_ids":[9],"partition":0,"offset":5,"since_ms":1}"#;
    let mut transaction = doubts.store.begin();
    transaction.put(&doubts.table, b"A-1", earlier.to_vec());
    transaction.commit().expect("commits");
    let doubt = doubts.of("A-1").expect("reads").expect("a doubt");
    assert!(!doubts.is_old(&doubt));
}

/// The state of an order that has that version.
fn state(version: i32) -> OrderState {
    let event = orderlog_contract::testing::an_event("A-1", version);
    OrderState {
        event_id: event.event_id,
        order: event.order,
        partition: 0,
        offset: 20,
        partial: false,
    }
}

#[test]
fn versions_are_reserved_over_a_restart_until_the_order_is_above_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = doubts(&dir);
    let records = [passed(b"A-1", 5, 9), passed(b"A-1", 7, 9)];
    first.note(records.into_iter()).expect("noted");
    let reserved = first.reserved("A-1", Some(&state(1))).expect("reads");
    assert!(reserved.is_some());
    // The doubt is over, and what it leaves behind is not.
    let mut transaction = first.store.begin();
    first.drop_one(&mut transaction, "A-1");
    transaction.commit().expect("commits");
    drop(first);
    let second = doubts(&dir);
    assert!(second.of("A-1").expect("reads").is_none());
    assert_eq!(second.reserved("A-1", Some(&state(1))).expect("reads"), reserved);
    // Read again, they are the same two.
    second.note(records.into_iter()).expect("noted");
    let of = |state: Option<&OrderState>| second.reserved("A-1", state).expect("reads");
    assert_eq!((of(None), of(Some(&state(3)))), (reserved, reserved));
    assert_eq!(of(Some(&state(4))), None, "it was written above them");
    assert_eq!(of(None), None, "nothing is left behind");
    second.forget().expect("forgets");
}

#[test]
fn a_record_that_is_read_again_behind_what_was_written_above_it_reserves_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let doubts = doubts(&dir);
    let again = Passed {
        version: None,
        ..passed(b"A-1", 5, 9)
    };
    doubts.note([again].into_iter()).expect("noted");
    assert!(
        doubts.of("A-1").expect("reads").is_some(),
        "it is in doubt all the same"
    );
    assert_eq!(doubts.reserved("A-1", None).expect("reads"), None);
}
