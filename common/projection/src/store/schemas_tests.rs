use super::*;

fn open(dir: &tempfile::TempDir) -> Store {
    Store::open(dir.path()).expect("opens")
}

fn learn(store: &Store, id: u32, schema: &SchemaText) -> Result<(), LearnError> {
    store.learn_schema(id, schema, Arc::new(WriterSchema::of(schema)))
}

#[test]
fn a_schema_that_was_seen_is_known_after_a_restart() {
    let dir = tempfile::tempdir().expect("a directory");
    learn(&open(&dir), 7, &lineage::newest_text()).expect("learns");
    let store = open(&dir);
    let writer = store.writer_schema(7).expect("reads").expect("is known");
    assert!(matches!(*writer, WriterSchema::Readable(_)));
    assert!(store.writer_schema(8).expect("reads").is_none());
    assert_eq!(store.known_schemas().expect("reads").ids, [7]);
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
    assert!(matches!(learn(&store, 7, &other), Err(LearnError::AnotherMeaning(7))));
    let writer = store.writer_schema(7).expect("reads").expect("is known");
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
    assert!(matches!(learn(&store, 7, &other), Err(LearnError::AnotherMeaning(7))));
}

#[test]
fn a_schema_that_is_too_long_is_remembered_without_its_text() {
    let dir = tempfile::tempdir().expect("a directory");
    let long = SchemaText::avro(" ".repeat(10 * MAX_SCHEMA_BYTES));
    learn(&open(&dir), 7, &long).expect("learns");
    let store = open(&dir);
    let WriterSchema::Wrong(reason) = &*store.writer_schema(7).expect("reads").expect("is known") else {
        panic!("it cannot be read")
    };
    assert!(reason.contains(&long.bytes().to_string()), "{reason}");
    learn(&store, 7, &long).expect("it is the same");
    let avro = lineage::newest_text();
    assert!(matches!(learn(&store, 7, &avro), Err(LearnError::AnotherMeaning(7))));
}

#[test]
fn what_cannot_be_read_is_not_told_from_other_such() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    let json_schema = |text: &str| SchemaText {
        schema_type: "JSON".to_owned(),
        ..SchemaText::avro(text)
    };
    learn(&store, 7, &json_schema("{}")).expect("learns");
    learn(&store, 7, &json_schema("{ }")).expect("may only be shown differently");
    let avro = SchemaText::avro(r#""string""#);
    assert!(matches!(learn(&store, 7, &avro), Err(LearnError::AnotherMeaning(7))));
}

#[test]
fn our_own_id_is_known_for_its_subject_until_a_rebuild() {
    let dir = tempfile::tempdir().expect("a directory");
    open(&dir).learn_own_schema("orders-value", 7).expect("learns");
    let store = open(&dir);
    assert_eq!(store.own_schema_id("orders-value").expect("reads"), Some(7));
    assert_eq!(store.own_schema_id("other-value").expect("reads"), None);
    store.forget().expect("forgets");
    assert_eq!(store.own_schema_id("orders-value").expect("reads"), None);
    assert!(store.writer_schema(7).expect("reads").is_none());
}

#[test]
fn schemas_of_guids_are_kept_beside_those_of_ids_and_are_no_ids() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = open(&dir);
    // Two that begin alike, and so want the same number.
    let guids = [1, 2].map(|n| Uuid::from_u128(0x0000_0007 << 96 | n));
    let texts = [lineage::newest_text(), SchemaText::avro(r#""string""#)];
    assert_eq!(store.guid_number(guids[0]).expect("reads"), None);
    learn(&store, 7, &texts[1]).expect("learns");
    for (guid, text) in guids.iter().zip(&texts) {
        for _ in 0..2 {
            let writer = Arc::new(WriterSchema::of(text));
            store.learn_guid(*guid, text, writer).expect("learns");
        }
    }
    drop(store);
    let store = open(&dir);
    let numbers = guids.map(|guid| store.guid_number(guid).expect("reads").expect("is known"));
    assert!(
        numbers[0] != numbers[1] && numbers.iter().all(|number| *number > MAX_ID),
        "{numbers:?}"
    );
    let read = |number| store.writer_schema(number).expect("reads").expect("is known");
    assert!(matches!(*read(numbers[0]), WriterSchema::Readable(_)));
    assert!(matches!(*read(numbers[1]), WriterSchema::Wrong(_)));
    assert_eq!(
        store.known_schemas().expect("reads").ids,
        [7],
        "nobody asks a registry for them"
    );
}
