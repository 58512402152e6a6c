mod forgetting;

use orderlog_contract::event::OrderStatus;
use orderlog_contract::idempotency::{IdempotencyKey, KeyedRequest, RequestHash};
use uuid::Uuid;

use super::row::{Age, AgedRow, decode_row, encode_row, order_name};
use crate::store::embedded::Embedded;
use crate::store::{BatchChanges, KeyChange, KeyChanges, KeyOutcome, KeyRow, KeyUse};

fn request(key: &str) -> KeyedRequest {
    KeyedRequest {
        key: IdempotencyKey::parse(key.as_bytes()).expect("a key"),
        hash: RequestHash::of("PUT", "/update-order", key.as_bytes()),
    }
}

fn row(key: &str, offset: i64) -> KeyRow {
    KeyRow {
        hash: request(key).hash,
        event_id: Uuid::from_u128(7),
        partition: 3,
        offset,
        version: 2,
        status: OrderStatus::Shipped,
    }
}

fn commit(store: &Embedded, changes: Vec<KeyChange>, max_keys: usize) {
    let changes = BatchChanges {
        keys: Some(KeyChanges { changes, max_keys }),
        ..BatchChanges::default()
    };
    store.commit(&changes).expect("commits");
}

fn applied(key: &str, order_id: &str, row: KeyRow, time_ms: i64) -> KeyChange {
    KeyChange {
        request: request(key),
        order_id: order_id.to_owned(),
        outcome: KeyOutcome::Applied { row, time_ms },
    }
}

fn lost(key: &str, order_id: &str, offset: i64) -> KeyChange {
    KeyChange {
        request: request(key),
        order_id: order_id.to_owned(),
        outcome: KeyOutcome::Lost { offset },
    }
}

/// Remembers keys whose records are a second apart.
fn remember(store: &Embedded, names: &[(&str, &str, i64)], max_keys: usize) {
    let change =
        |(key, order_id, offset): &(&str, &str, i64)| applied(key, order_id, row(key, *offset), offset * 1_000);
    commit(store, names.iter().map(change).collect(), max_keys);
}

fn take_back(store: &Embedded, key: &str, order_id: &str, offset: i64) {
    commit(store, vec![lost(key, order_id, offset)], usize::MAX);
}

fn key_use(store: &Embedded, key: &str, order_id: &str) -> Option<KeyUse> {
    store.order_and_key_use(order_id, &request(key).key).expect("reads").1
}

#[test]
fn a_key_is_known_for_its_order_after_a_restart_and_until_a_rebuild() {
    let dir = tempfile::tempdir().expect("a directory");
    remember(&Embedded::open(dir.path()).expect("opens"), &[("k", "A-1", 5)], 10);
    let store = Embedded::open(dir.path()).expect("opens again");
    assert_eq!(key_use(&store, "k", "A-1"), Some(KeyUse::ThisOrder(row("k", 5))));
    assert_eq!(key_use(&store, "k", "A-2"), Some(KeyUse::OtherOrder));
    assert_eq!(
        key_use(&store, "k2", "A-1"),
        None,
        "a key is not taken for a longer one"
    );
    assert_eq!(store.key_count(), 1);
    store.clear().expect("clears");
    assert_eq!((key_use(&store, "k", "A-1"), store.key_count()), (None, 0));
}

#[test]
fn the_first_event_of_a_key_and_an_order_is_its_answer_whichever_is_read_first() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    remember(&store, &[("k", "A-1", 6), ("k", "A-1", 5)], 10);
    remember(&store, &[("k", "A-1", 7), ("k", "A-2", 8)], 10);
    assert_eq!(key_use(&store, "k", "A-1"), Some(KeyUse::ThisOrder(row("k", 5))));
    assert_eq!(key_use(&store, "k", "A-2"), Some(KeyUse::ThisOrder(row("k", 8))));
    assert_eq!(store.key_count(), 4);
    // Read again, they are the same.
    remember(&store, &[("k", "A-1", 5), ("k", "A-1", 6)], 10);
    assert_eq!(store.key_count(), 4);
    // The first is forgotten before the second.
    remember(&store, &[("l", "A-1", 9)], 3);
    assert_eq!(key_use(&store, "k", "A-1"), Some(KeyUse::ThisOrder(row("k", 7))));
}

#[test]
fn a_key_that_is_being_written_is_never_taken_for_that_of_another_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    let keys: Vec<String> = (0..2000).map(|n| format!("k{n}")).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| keys.iter().for_each(|key| remember(&store, &[(key, "A", 5)], 10_000)));
        for key in &keys {
            let seen = std::iter::repeat_with(|| key_use(&store, key, "A")).find_map(|seen| seen);
            assert_eq!(seen, Some(KeyUse::ThisOrder(row(key, 5))));
        }
    });
}

#[test]
fn a_plan_that_is_not_committed_remembers_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    let changes = KeyChanges {
        changes: vec![applied("k", "A", row("k", 1), 0)],
        max_keys: 10,
    };
    drop(store.keys.plan(&changes).expect("reads"));
    assert_eq!((key_use(&store, "k", "A"), store.key_count()), (None, 0));
}

#[test]
fn a_status_that_this_release_lacks_is_unknown() {
    let mut value = encode_row(&AgedRow {
        age: Age::At(7),
        row: row("k", 1),
    });
    value.extend_from_slice(b"-twice");
    assert_eq!(decode_row(&value).expect("reads").row.status, OrderStatus::Unknown);
    assert!(decode_row(&value[..80]).is_err(), "what is cut off is an error");
    value[0] = 9;
    let error = decode_row(&value).expect_err("another format").to_string();
    assert!(error.contains("format 9") && error.contains("--rebuild"), "{error}");
}

#[test]
fn only_the_record_that_has_lost_stops_being_an_answer() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    remember(&store, &[("k", "A", 5), ("k", "B", 5)], 10);
    // A copy, at another offset, with the event id of the first.
    take_back(&store, "k", "A", 6);
    take_back(&store, "l", "A", 5);
    assert_eq!(key_use(&store, "k", "A"), Some(KeyUse::ThisOrder(row("k", 5))));
    take_back(&store, "k", "A", 5);
    assert_eq!(key_use(&store, "k", "A"), Some(KeyUse::OtherOrder));
    assert_eq!(key_use(&store, "k", "B"), Some(KeyUse::ThisOrder(row("k", 5))));
    assert_eq!(store.key_count(), 1);
}

#[test]
fn an_answer_that_is_withdrawn_is_replaced_by_the_next() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    remember(&store, &[("k", "A", 5)], 2);
    let changes = vec![lost("k", "A", 5), applied("k", "A", row("k", 9), 9_000)];
    commit(&store, changes, 2);
    assert_eq!(key_use(&store, "k", "A"), Some(KeyUse::ThisOrder(row("k", 9))));
    assert_eq!(store.key_count(), 1);
    remember(&store, &[("l", "A", 10)], 2);
    assert!(key_use(&store, "k", "A").is_some());
    remember(&store, &[("m", "A", 11)], 2);
    assert_eq!(key_use(&store, "k", "A"), None);
}

/// Stores a key like a release that numbered them.
fn put_counted(store: &Embedded, number: u64, key: &str, offset: i64) {
    let aged = AgedRow {
        age: Age::Counted(number),
        row: row(key, offset),
    };
    let name = order_name(&request(key).key, "A");
    let mut batch = store.db.batch();
    batch.insert(&store.keys.rows, name.as_slice(), encode_row(&aged));
    batch.insert(&store.keys.ages, number.to_be_bytes(), name.as_slice());
    batch.commit().expect("commits");
}

#[test]
fn keys_of_a_store_that_numbered_them_are_known_and_forgotten_first() {
    let dir = tempfile::tempdir().expect("a directory");
    {
        let store = Embedded::open(dir.path()).expect("opens");
        put_counted(&store, 1, "b", 2);
        put_counted(&store, 2, "a", 1);
        // It was withdrawn once, and its first number was left behind.
        put_counted(&store, 0, "c", 3);
        put_counted(&store, 3, "c", 3);
    }
    let store = Embedded::open(dir.path()).expect("opens again");
    assert_eq!(store.key_count(), 3);
    assert_eq!(key_use(&store, "a", "A"), Some(KeyUse::ThisOrder(row("a", 1))));
    assert_eq!(key_use(&store, "a", "B"), Some(KeyUse::OtherOrder));
    // Read again, it is the same one.
    remember(&store, &[("a", "A", 1)], 10);
    assert_eq!(store.key_count(), 3);
    let known = |store: &Embedded| -> Vec<&str> {
        let is_known = |key: &&str| key_use(store, key, "A").is_some();
        ["a", "b", "c", "d", "e"].into_iter().filter(is_known).collect()
    };
    remember(&store, &[("d", "A", 0)], 3);
    assert_eq!(known(&store), ["a", "c", "d"], "in the order in which they came");
    take_back(&store, "c", "A", 3);
    remember(&store, &[("e", "A", 4)], 2);
    assert_eq!((known(&store), store.key_count()), (vec!["d", "e"], 2));
    let ages = store.keys.ages.len().expect("reads");
    assert_eq!(ages, 2, "nothing is left behind");
}
