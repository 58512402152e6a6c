use orderlog_avro::MAX_SCHEMA_BYTES;
use orderlog_contract::lineage;
use orderlog_contract::testing::{an_event, state_after};

use super::*;
use crate::store::{BatchChanges, Embedded, Store, StoredOrder};

fn open(dir: &tempfile::TempDir) -> Store {
    Embedded::open(dir.path()).expect("opens").into()
}

fn learn(store: &Store, id: u32, schema: &SchemaText) -> Result<(), LearnError> {
    store.schemas().learn(id, schema, Arc::new(WriterSchema::new(schema)))
}

#[test]
fn a_schema_that_was_seen_is_known_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    learn(&open(&dir), 7, &lineage::newest_text()).expect("learns");
    let store = open(&dir);
    let writer = store.schemas().writer_schema(7).expect("reads").expect("is known");
    assert!(matches!(*writer, WriterSchema::Readable(_)));
    assert!(store.schemas().writer_schema(8).expect("reads").is_none());
    assert_eq!(store.schemas().known().expect("reads").ids, [7]);
}

#[test]
fn an_id_keeps_its_meaning_whatever_the_docs_say() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    learn(&store, 7, &lineage::newest_text()).expect("learns");
    let mut json: serde_json::Value = serde_json::from_str(&lineage::newest_text().text).expect("JSON");
    json["doc"] = "another text".into();
    learn(&store, 7, &SchemaText::avro(json.to_string())).expect("means the same");
    let other = SchemaText::avro(r#""string""#);
    assert!(matches!(
        learn(&store, 7, &other),
        Err(LearnError::SchemaIdReassigned(7))
    ));
    let writer = store.schemas().writer_schema(7).expect("reads").expect("is known");
    assert!(matches!(*writer, WriterSchema::Readable(_)), "the first meaning stays");
}

#[test]
fn a_reference_to_the_latest_version_may_mean_another_one_later() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    let refers = |text: &str, to: &str| SchemaText {
        references: vec![format!(r#"{{"type":"fixed","name":"F","size":{to}}}"#)],
        ..SchemaText::avro(text)
    };
    let array = r#"{"type":"array","items":"F"}"#;
    learn(&store, 7, &refers(array, "2")).expect("learns");
    learn(&store, 7, &refers(array, "3")).expect("is the same schema");
    let other = refers(r#"{"type":"map","values":"F"}"#, "2");
    assert!(matches!(
        learn(&store, 7, &other),
        Err(LearnError::SchemaIdReassigned(7))
    ));
}

#[test]
fn a_schema_that_is_too_long_is_stored_without_its_text() {
    let dir = tempfile::tempdir().expect("a directory");
    let long = SchemaText::avro(" ".repeat(10 * MAX_SCHEMA_BYTES));
    learn(&open(&dir), 7, &long).expect("learns");
    let store = open(&dir);
    let WriterSchema::Incompatible(reason) = &*store.schemas().writer_schema(7).expect("reads").expect("is known")
    else {
        panic!("it cannot be read")
    };
    assert!(reason.contains(&long.size().to_string()), "{reason}");
    learn(&store, 7, &long).expect("it is the same");
    let avro = lineage::newest_text();
    assert!(matches!(
        learn(&store, 7, &avro),
        Err(LearnError::SchemaIdReassigned(7))
    ));
}

#[test]
fn schemas_that_cannot_be_read_all_mean_the_same() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    let json_schema = |text: &str| SchemaText {
        schema_type: "JSON".to_owned(),
        ..SchemaText::avro(text)
    };
    learn(&store, 7, &json_schema("{}")).expect("learns");
    learn(&store, 7, &json_schema("{ }")).expect("may only be shown differently");
    let avro = SchemaText::avro(r#""string""#);
    assert!(matches!(
        learn(&store, 7, &avro),
        Err(LearnError::SchemaIdReassigned(7))
    ));
}

#[tokio::test]
async fn our_own_id_is_known_for_its_subject_until_a_rebuild() {
    let dir = tempfile::tempdir().expect("a directory");
    open(&dir).schemas().learn_own("orders-value", 7).expect("learns");
    let store = open(&dir);
    assert_eq!(store.schemas().own_id("orders-value").expect("reads"), Some(7));
    assert_eq!(store.schemas().own_id("other-value").expect("reads"), None);
    store.clear().await.expect("clears");
    assert_eq!(store.schemas().own_id("orders-value").expect("reads"), None);
    assert!(store.schemas().writer_schema(7).expect("reads").is_none());
}

#[test]
fn schemas_named_by_guid_are_kept_beside_those_named_by_id_and_are_not_ids() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    // Two that begin alike, and so compete for one number.
    let guids = [1, 2].map(|n| Uuid::from_u128(0x0000_0007 << 96 | n));
    let texts = [lineage::newest_text(), SchemaText::avro(r#""string""#)];
    assert_eq!(store.schemas().guid_number(guids[0]).expect("reads"), None);
    learn(&store, 7, &texts[1]).expect("learns");
    for (guid, text) in guids.iter().zip(&texts) {
        for _ in 0..2 {
            let writer = Arc::new(WriterSchema::new(text));
            store.schemas().learn_guid(*guid, text, writer).expect("learns");
        }
    }
    drop(store);
    let store = open(&dir);
    let numbers = guids.map(|guid| store.schemas().guid_number(guid).expect("reads").expect("is known"));
    assert!(
        numbers[0] != numbers[1] && numbers.iter().all(|number| *number > MAX_ID),
        "{numbers:?}"
    );
    let read = |number| store.schemas().writer_schema(number).expect("reads").expect("is known");
    assert!(matches!(*read(numbers[0]), WriterSchema::Readable(_)));
    assert!(matches!(*read(numbers[1]), WriterSchema::Incompatible(_)));
    assert_eq!(
        store.schemas().known().expect("reads").ids,
        [7],
        "nobody asks a registry for them"
    );
}

fn store_with_two_schemas() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    store.schemas().learn_own("orders-value", 7).expect("learns");
    let other = SchemaText::avro(r#""string""#);
    let writer = Arc::new(WriterSchema::new(&other));
    store.schemas().learn(9, &other, writer).expect("learns");
    (dir, store)
}

fn known(own: Option<u32>, ids: &[u32], accepted: &[u32]) -> KnownSchemas {
    KnownSchemas {
        own,
        ids: ids.to_vec(),
        accepted: accepted.iter().copied().collect(),
    }
}

#[test]
fn a_forgotten_id_can_be_learned_again() {
    let (_dir, store) = store_with_two_schemas();
    assert_eq!(store.schemas().known().expect("reads"), known(Some(7), &[7, 9], &[]));
    store.schemas().forget(&[7].into()).expect("forgets");
    assert_eq!(store.schemas().known().expect("reads"), known(None, &[9], &[]));
    assert!(store.schemas().writer_schema(7).expect("reads").is_none());
    let other = SchemaText::avro(r#""int""#);
    let writer = Arc::new(WriterSchema::new(&other));
    store.schemas().learn(7, &other, writer).expect("learns");
    store.schemas().forget(&[7, 9].into()).expect("forgets");
    assert_eq!(store.schemas().known().expect("reads"), known(None, &[], &[]));
}

#[tokio::test]
async fn a_schema_accepted_as_lost_is_read_as_before_and_not_written_with() {
    let (dir, store) = store_with_two_schemas();
    store.schemas().accept_loss(&[9].into()).expect("notes");
    assert_eq!(store.schemas().known().expect("reads").own, Some(7));
    store.schemas().accept_loss(&[7].into()).expect("notes");
    drop(store);
    let store = open(&dir);
    assert_eq!(store.schemas().known().expect("reads"), known(None, &[7, 9], &[7, 9]));
    assert_eq!(store.schemas().own_id("orders-value").expect("reads"), None);
    assert!(store.schemas().writer_schema(7).expect("reads").is_some());
    store.clear().await.expect("clears");
    assert_eq!(store.schemas().known().expect("reads"), KnownSchemas::default());
}

#[tokio::test]
async fn the_ids_that_orders_were_written_under_are_known() {
    let (_dir, store) = store_with_two_schemas();
    assert!(store.schema_ids_in_use().await.expect("reads").is_empty());
    let stored = StoredOrder {
        state: state_after(&an_event("A-1", 1), (0, 0)),
        schema_id: 7,
        datum: b"its datum".to_vec(),
    };
    let changes = BatchChanges {
        orders: [("A-1".to_owned(), Some(stored))].into(),
        ..BatchChanges::default()
    };
    store.commit(&changes).await.expect("commits");
    assert_eq!(store.schema_ids_in_use().await.expect("reads"), [7].into());
}
