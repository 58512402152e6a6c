use orderlog_contract::order::OrderState;
use orderlog_contract::testing::{an_event, state_after};
use orderlog_projection::store::Embedded;

use super::*;
use crate::config::UNRESOLVED_FOR as TIMEOUT;

fn unread(key: &[u8], offset: i64, schema_id: u32) -> UnreadRecord<'_> {
    UnreadRecord {
        key: Some(key),
        partition: 0,
        offset,
        schema_id,
        version: Some(1),
    }
}

fn open(dir: &tempfile::TempDir) -> UnresolvedOrders {
    let store = Store::from(Embedded::open(dir.path()).expect("a store"));
    UnresolvedOrders::open(&store, TIMEOUT).expect("opens")
}

#[test]
fn re_reading_starts_at_the_first_record_whichever_schema_becomes_known() {
    let dir = tempfile::tempdir().expect("a directory");
    let orders = open(&dir);
    let records = [unread(b"A-1", 5, 9), unread(b"A-1", 7, 8)];
    orders.note(records.into_iter()).expect("noted");
    orders.note([unread(b"A-1", 9, 9)].into_iter()).expect("noted");
    let order = orders.row("A-1").expect("reads").expect("unresolved");
    assert_eq!((order.offset, order.schema_ids), (5, vec![9, 8]));
    assert!(orders.row("A-2").expect("reads").is_none());
}

#[test]
fn a_key_that_is_not_a_valid_order_id_is_ignored() {
    let dir = tempfile::tempdir().expect("a directory");
    let orders = open(&dir);
    let no_key = UnreadRecord {
        key: None,
        ..unread(b"", 1, 9)
    };
    let records = [no_key, unread(b"", 1, 9), unread(&[0xff], 1, 9)];
    orders.note(records.into_iter()).expect("noted");
    assert_eq!(orders.all().count(), 0);
    assert_eq!(orders.problem(), None);
}

#[test]
fn operators_are_told_which_orders_are_unresolved_and_until_when() {
    let dir = tempfile::tempdir().expect("a directory");
    let orders = open(&dir);
    orders.note([unread(b"A-1", 5, 9)].into_iter()).expect("noted");
    let one = orders.problem().expect("there is one");
    for part in [
        "order A-1 is unresolved",
        "offset 5",
        "schema id 9",
        "10 minutes have passed",
    ] {
        assert!(one.contains(part), "{part} in {one}");
    }
    for (key, offset) in [(b"A-2", 6), (b"A-3", 7), (b"A-4", 8), (b"A-5", 9)] {
        orders.note([unread(key, offset, 9)].into_iter()).expect("noted");
    }
    let many = orders.problem().expect("there are some");
    for part in ["5 orders are unresolved", "10 minutes have passed", " and 2 more"] {
        assert!(many.contains(part), "{part} in {many}");
    }
    assert_eq!(many.matches("A-").count(), 3, "{many}");
    // The same record again, and orders that are resolved.
    orders.note([unread(b"A-1", 5, 9)].into_iter()).expect("noted");
    assert!(orders.problem().is_some_and(|many| many.starts_with("5 orders")));
    for id in ["A-2", "A-3", "A-4", "A-5"] {
        orders.table.commit(&[orders.remove(id)]).expect("removed");
    }
    assert_eq!(orders.problem(), Some(one));
}

#[test]
fn a_later_record_restarts_the_ten_minutes() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut orders = open(&dir);
    orders.note([unread(b"A-1", 5, 9)].into_iter()).expect("noted");
    orders.uptime = orders.uptime.begun_ago(TIMEOUT);
    let order = orders.row("A-1").expect("reads").expect("unresolved");
    assert!(orders.is_expired(&order));
    assert_eq!(orders.seconds_left(&order), 5);
    orders.note([unread(b"A-1", 8, 9)].into_iter()).expect("noted");
    let order = orders.row("A-1").expect("reads").expect("unresolved");
    assert!(!orders.is_expired(&order) && order.offset == 5, "{order:?}");
    assert!(orders.seconds_left(&order) > 590);
}

#[test]
fn a_restart_restarts_the_ten_minutes() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = open(&dir);
    first.note([unread(b"A-1", 5, 9)].into_iter()).expect("noted");
    drop(first);
    let mut second = open(&dir);
    let order = second.row("A-1").expect("reads").expect("unresolved");
    assert!(!second.is_expired(&order));
    second.uptime = second.uptime.begun_ago(TIMEOUT);
    assert!(second.is_expired(&order), "it expires all the same");
}

#[test]
fn a_row_of_an_earlier_release_counts_from_our_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let orders = open(&dir);
    let earlier = br#"{"schema_ids":[9],"partition":0,"offset":5,"since_ms":1}"#;
    let row = orders.table.put(b"A-1", earlier.to_vec());
    orders.table.commit(&[row]).expect("commits");
    let order = orders.row("A-1").expect("reads").expect("unresolved");
    assert!(!orders.is_expired(&order));
}

/// The state of an order that has that version.
fn state(version: i32) -> OrderState {
    state_after(&an_event("A-1", version), (0, 20))
}

#[test]
fn reserved_versions_survive_a_restart_until_the_order_is_above_them() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = open(&dir);
    let records = [unread(b"A-1", 5, 9), unread(b"A-1", 7, 9)];
    first.note(records.into_iter()).expect("noted");
    let reserved = first.reserved("A-1", Some(&state(1))).expect("reads");
    assert!(reserved.is_some());
    // The order is no longer unresolved, but its versions stay reserved.
    first.table.commit(&[first.remove("A-1")]).expect("commits");
    drop(first);
    let second = open(&dir);
    assert!(second.row("A-1").expect("reads").is_none());
    assert_eq!(second.reserved("A-1", Some(&state(1))).expect("reads"), reserved);
    // Re-read, they are the same two.
    second.note(records.into_iter()).expect("noted");
    let of = |state: Option<&OrderState>| second.reserved("A-1", state).expect("reads");
    assert_eq!((of(None), of(Some(&state(3)))), (reserved, reserved));
    assert_eq!(of(Some(&state(4))), None, "it was written above them");
    assert_eq!(of(None), None, "nothing is left behind");
    second.clear().expect("clears");
}

#[test]
fn a_record_that_is_re_read_after_the_order_was_written_above_it_reserves_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let orders = open(&dir);
    let again = UnreadRecord {
        version: None,
        ..unread(b"A-1", 5, 9)
    };
    orders.note([again].into_iter()).expect("noted");
    assert!(
        orders.row("A-1").expect("reads").is_some(),
        "it is unresolved nevertheless"
    );
    assert_eq!(orders.reserved("A-1", None).expect("reads"), None);
}
