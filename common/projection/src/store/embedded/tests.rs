use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use orderlog_avro::SchemaText;
use orderlog_contract::decode::WriterSchema;
use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::frame;
use orderlog_contract::idempotency::{IdempotencyKey, KeyedRequest, RequestHash};
use orderlog_contract::lineage::newest_text;
use orderlog_contract::order::OrderState;
use orderlog_contract::testing::{an_event, state_after};

use super::sync::CLEARING;
use super::{Embedded, OpenError};
use crate::store::{
    BatchChanges, Counters, KeyChange, KeyChanges, KeyOutcome, PartitionRow, Store, StoreError, StoredOrder, TableName,
    blocking,
};

pub(super) fn state(order_id: &str) -> OrderState {
    state_after(&an_event(order_id, 1), (3, 1 << 40))
}

/// Stores orders as events of schema id 7 would.
pub(super) fn put(states: &[OrderState]) -> BatchChanges {
    let stored = |state: &OrderState| {
        let event = OrderEvent {
            event_id: state.event_id,
            order: state.order.clone(),
            ..an_event("A-1", 1)
        };
        let value = record_value(7, &event).expect("encodes");
        let (schema_id, datum) = frame::split(&value).expect("a frame");
        let stored = StoredOrder {
            state: state.clone(),
            schema_id,
            datum: datum.to_vec(),
        };
        (state.order.order_id.clone(), Some(stored))
    };
    BatchChanges {
        orders: states.iter().map(stored).collect(),
        ..BatchChanges::default()
    }
}

#[test]
fn committed_changes_survive_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    let row = PartitionRow {
        next: 7,
        counted_to: 3,
        last: None,
        counters: Counters {
            applied: 5,
            ..Counters::default()
        },
        breaker: None,
    };
    let order = state("A-1");
    {
        let store = Embedded::open(dir.path()).expect("opens");
        store.schemas().learn_own("orders-value", 7).expect("learns");
        let mut changes = put(std::slice::from_ref(&order));
        changes.partitions.insert(0, row.clone());
        store.commit(&changes).expect("commits");
    }
    let store = Embedded::open(dir.path()).expect("opens again");
    assert_eq!(store.order("A-1").expect("reads"), Some(order));
    assert_eq!(store.partitions().expect("reads"), BTreeMap::from([(0, row)]));
    assert_eq!(store.order("A-2").expect("reads"), None);
}

#[test]
fn a_batch_that_cannot_be_committed_changes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    // The table of keys is corrupt where the batch needs it.
    let request = KeyedRequest {
        key: IdempotencyKey::parse(b"k").expect("a key"),
        hash: RequestHash::of("PUT", "/update-order", b""),
    };
    store
        .db
        .keyspace("keys", super::keyspace_options)
        .expect("a table")
        .insert("k\0A-1", [9])
        .expect("writes");
    let lost = KeyChange {
        request,
        order_id: "A-1".to_owned(),
        outcome: KeyOutcome::Lost { offset: 1 },
    };
    let keys = KeyChanges {
        changes: vec![lost],
        max_keys: 10,
    };
    let changes = BatchChanges {
        keys: Some(keys),
        ..put(&[state("A-1")])
    };
    let error = store.commit(&changes).expect_err("a key is corrupt");
    assert!(error.to_string().contains("--rebuild"), "{error}");
    assert_eq!(store.order("A-1").expect("reads"), None);
}

#[test]
fn those_orders_of_a_batch_that_exist_are_loaded_until_they_are_removed() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    store.schemas().learn_own("orders-value", 7).expect("learns");
    let states = ["A-1", "A-3"].map(state);
    store.commit(&put(&states)).expect("commits");
    let wanted: BTreeSet<String> = ["A-1", "A-2", "A-3"].map(str::to_owned).into();
    let expected = states.map(|state| (state.order.order_id.clone(), state));
    assert_eq!(store.load(&wanted).expect("reads"), expected.into());
    let removed = BatchChanges {
        orders: BTreeMap::from([("A-1".to_owned(), None), ("A-3".to_owned(), None)]),
        ..BatchChanges::default()
    };
    store.commit(&removed).expect("commits");
    assert!(store.load(&wanted).expect("reads").is_empty());
}

#[test]
fn a_second_opening_is_refused_with_advice() {
    let dir = tempfile::tempdir().expect("a directory");
    let _first = Embedded::open(dir.path()).expect("opens");
    let error = Embedded::open(dir.path()).err().expect("locked");
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(error.to_string().contains("STORE"), "{error}");
}

#[test]
fn order_ids_are_paged_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    store.commit(&put(&["c", "a", "b", "ab"].map(state))).expect("commits");
    assert_eq!(store.order_ids(None, 3).expect("reads"), ["a", "ab", "b"]);
    assert_eq!(store.order_ids(Some("b"), 3).expect("reads"), ["c"]);
}

#[test]
fn whole_orders_are_paged_in_the_order_of_their_ids() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    store.schemas().learn_own("orders-value", 7).expect("learns");
    let [a, ab, b, c] = ["a", "ab", "b", "c"].map(state);
    store
        .commit(&put(&[c.clone(), a.clone(), b.clone(), ab.clone()]))
        .expect("commits");
    assert_eq!(store.orders(None, 3).expect("reads"), [a, ab, b]);
    assert_eq!(store.orders(Some("b"), 3).expect("reads"), [c]);
}

#[test]
fn a_rebuild_that_was_interrupted_is_completed_at_the_next_start() {
    let dir = tempfile::tempdir().expect("a directory");
    {
        let store = Embedded::open(dir.path()).expect("opens");
        store.commit(&put(&[state("A-1")])).expect("commits");
        store.meta.insert(CLEARING, "").expect("writes");
    }
    assert_eq!(
        Embedded::open(dir.path())
            .expect("opens again")
            .order("A-1")
            .expect("reads"),
        None
    );
}

#[tokio::test]
async fn a_table_is_read_between_two_keys_from_either_end() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::from(Embedded::open(dir.path()).expect("opens"));
    let table = store.table(TableName("letters")).expect("a table");
    let changes = BatchChanges {
        rows: [1_u8, 3, 2].map(|key| table.put(&[key], vec![key])).into(),
        ..BatchChanges::default()
    };
    store.commit(&changes).await.expect("commits");
    let keys = |from: Bound<&[u8]>, to: Bound<&[u8]>| -> Vec<u8> {
        table.range(from, to).map(|entry| entry.expect("reads").0[0]).collect()
    };
    let all = || keys(Bound::Unbounded, Bound::Unbounded);
    assert_eq!(all(), [1, 2, 3]);
    assert_eq!(keys(Bound::Unbounded, Bound::Excluded(&[3])), [1, 2]);
    assert_eq!(keys(Bound::Excluded(&[1]), Bound::Included(&[3])), [2, 3]);
    let last = table.range(Bound::Unbounded, Bound::Unbounded).next_back();
    assert_eq!(last.expect("a row").expect("reads"), (vec![3], vec![3]));
    assert_eq!(table.keys().expect("reads"), [[1], [2], [3]]);
    table.commit(&[table.remove(&[2])]).expect("commits");
    assert_eq!((table.get(&[2]).expect("reads"), all()), (None, vec![1, 3]));
    table.clear().expect("clears");
    assert!(all().is_empty());
}

#[test]
fn an_order_of_an_unknown_format_is_an_error_not_a_guess() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    store.orders.insert("A-1", [9, 0, 0]).expect("writes");
    let error = store.order("A-1").expect_err("unknown");
    assert!(error.to_string().contains("format 9"), "{error}");
}

#[test]
fn an_order_that_a_newer_schema_wrote_is_shown_and_known_to_be_partial() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    let mut json: serde_json::Value = serde_json::from_str(&newest_text().text).expect("JSON");
    let fields = json["fields"].as_array_mut().expect("fields");
    let order = fields.iter_mut().find(|field| field["name"] == "order").expect("order");
    let note = serde_json::json!({"name": "note", "type": "string", "default": ""});
    order["type"]["fields"].as_array_mut().expect("fields").push(note);
    let newer = SchemaText::avro(json.to_string());
    let writer = Arc::new(WriterSchema::new(&newer));
    store.schemas().learn(8, &newer, writer).expect("learns");
    let event = an_event("A-1", 1);
    let value = record_value(8, &event).expect("encodes");
    let datum = [frame::split(&value).expect("a frame").1, b"\x04hi"].concat();
    let stored = StoredOrder {
        state: state("A-1"),
        schema_id: 8,
        datum,
    };
    let changes = BatchChanges {
        orders: BTreeMap::from([("A-1".to_owned(), Some(stored))]),
        ..BatchChanges::default()
    };
    store.commit(&changes).expect("commits");
    let read = store.order("A-1").expect("reads").expect("is there");
    assert_eq!((read.partial, read.order), (true, event.order));
}

#[tokio::test]
async fn a_request_finds_the_first_of_its_candidates_that_exists() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(dir.path()).expect("opens");
    store.schemas().learn_own("orders-value", 7).expect("learns");
    store.commit(&put(&["17", "ORD-18"].map(state))).expect("commits");
    let store = Store::from(store);
    let find = async |candidates: [&str; 2]| {
        let found = store.order(&candidates.map(str::to_owned)).await.expect("reads");
        found.map(|state| state.order.order_id)
    };
    assert_eq!(find(["17", "ORD-17"]).await.as_deref(), Some("17"));
    assert_eq!(find(["18", "ORD-18"]).await.as_deref(), Some("ORD-18"));
    assert_eq!(find(["19", "ORD-19"]).await, None);
    assert_eq!(store.order_ids(Some("17"), 9).await.expect("reads"), ["ORD-18"]);
}

#[tokio::test]
#[should_panic(expected = "a bug in a read")]
async fn a_panic_of_work_on_another_thread_is_passed_on_to_the_caller() {
    let read = blocking::<(), StoreError>(|| panic!("a bug in a read"));
    let _ = read.await;
}
