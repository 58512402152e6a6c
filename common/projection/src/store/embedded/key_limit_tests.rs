use std::ops::Bound;

use orderlog_contract::idempotency::IdempotencyKey;

use super::Embedded;
use super::tests::{put, state};
use crate::store::{BatchChanges, Store, StoreError, TableName};

#[test]
fn a_row_that_the_database_does_not_take_is_an_error_and_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::from(Embedded::open(dir.path()).expect("opens"));
    let table = store.table(TableName("letters")).expect("a table");
    let longest = vec![b'k'; 65_535];
    let too_long = vec![b'k'; 65_536];
    for key in [&b""[..], &too_long] {
        for bad in [table.put(key, b"v".to_vec()), table.remove(key)] {
            let good = table.put(b"good", b"v".to_vec());
            let error = table.commit(&[good.clone(), bad.clone()]).expect_err("an error");
            assert!(error.to_string().contains("table letters"), "{error}");
            let changes = BatchChanges {
                rows: vec![good, bad],
                ..put(&[state("A-1")])
            };
            let Store::Embedded(embedded) = &store;
            assert!(matches!(embedded.commit(&changes), Err(StoreError::Failed(_))));
            assert_eq!(table.get(b"good").expect("reads"), None);
        }
        assert_eq!(table.get(key).expect("reads"), None);
    }
    table
        .commit(&[table.put(&longest, Vec::new())])
        .expect("the store still works");
    assert_eq!(table.get(&longest).expect("reads"), Some(Vec::new()));
}

#[test]
fn a_key_that_is_too_long_for_the_database_is_that_of_no_row() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    store.schemas().learn_own("orders-value", 7).expect("learns");
    store.commit(&put(&["A-1", "A-3"].map(state))).expect("commits");
    let table = store.table(TableName("test")).expect("opens");
    let rows = [b"A-1", b"A-3"].map(|key| table.put(key, Vec::new()));
    table.commit(&rows).expect("commits");
    for (start, after) in [("A-0", 2), ("A-1", 1), ("A-2", 1), ("A-3", 0)] {
        let key = format!("{start}{}", "x".repeat(70_000));
        assert_eq!(store.order(&key).expect("reads"), None);
        let used = IdempotencyKey::parse(b"k").expect("a key");
        assert_eq!(store.order_and_key_use(&key, &used).expect("reads"), (None, None));
        assert_eq!(store.order_ids(Some(&key), 10).expect("reads").len(), after, "{start}");
        assert_eq!(store.orders(Some(&key), 10).expect("reads").len(), after, "{start}");
        let key = key.as_bytes();
        assert_eq!(table.get(key).expect("reads"), None);
        for (bound, other) in [
            (Bound::Included(key), Bound::Excluded(key)),
            (Bound::Excluded(key), Bound::Included(key)),
        ] {
            assert_eq!(table.range(bound, Bound::Unbounded).count(), after, "{start}");
            assert_eq!(table.range(Bound::Unbounded, bound).count(), 2 - after, "{start}");
            assert_eq!(table.range(bound, other).count(), 0, "{start}");
        }
    }
}

#[test]
fn the_longest_key_of_a_row_is_found_by_itself_and_before_longer_ones() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    let table = store.table(TableName("test")).expect("opens");
    let longest = vec![b'x'; usize::from(u16::MAX)];
    table.commit(&[table.put(&longest, Vec::new())]).expect("commits");
    assert_eq!(table.get(&longest).expect("reads"), Some(Vec::new()));
    let longer = [longest.as_slice(), b"x"].concat();
    let longer = Bound::Included(longer.as_slice());
    assert_eq!(table.range(Bound::Unbounded, longer).count(), 1);
    assert_eq!(table.range(longer, Bound::Unbounded).count(), 0);
}
