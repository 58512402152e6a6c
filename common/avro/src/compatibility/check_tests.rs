#[path = "check_references_tests.rs"]
mod references;

use super::check;
use crate::schema::{Schema, SchemaText};

fn parsed(text: &str) -> Schema {
    Schema::parse(&SchemaText::avro(text)).expect("a valid schema")
}

fn record(fields: &str) -> Schema {
    parsed(&format!(r#"{{"type": "record", "name": "R", "fields": [{fields}]}}"#))
}

fn reasons(writer: &Schema, reader: &Schema) -> Vec<String> {
    check(writer, reader).iter().map(ToString::to_string).collect()
}

#[test]
fn a_schema_reads_itself() {
    let event = parsed(include_str!("../../../../schemas/order-event/v1.avsc"));
    assert_eq!(reasons(&event, &event), Vec::<String>::new());
}

#[test]
fn a_new_field_needs_a_default_to_be_read_from_old_data() {
    let old = record(r#"{"name": "a", "type": "int"}"#);
    let with = record(r#"{"name": "a", "type": "int"}, {"name": "b", "type": "int", "default": 7}"#);
    let without = record(r#"{"name": "a", "type": "int"}, {"name": "b", "type": "int"}"#);
    assert!(reasons(&old, &with).is_empty());
    assert!(
        reasons(&without, &old).is_empty(),
        "a field that the reader does not know is skipped"
    );
    assert_eq!(
        reasons(&old, &without),
        [
            "READER_FIELD_MISSING_DEFAULT_VALUE at b: the reader's field b has no default, and the writer does not write it"
        ]
    );
}

#[test]
fn every_reason_has_its_path() {
    let item = |quantity: &str| {
        record(&format!(
            r#"{{"name": "items", "type": {{"type": "array", "items": {{"type": "record", "name": "Item", "fields": [
                {{"name": "quantity", "type": "{quantity}"}}]}}}}}},
            {{"name": "labels", "type": {{"type": "map", "values": "{quantity}"}}}}"#
        ))
    };
    assert!(reasons(&item("int"), &item("long")).is_empty());
    assert_eq!(
        reasons(&item("long"), &item("int")),
        [
            "TYPE_MISMATCH at items[].quantity: a reader's int cannot read a writer's long",
            "TYPE_MISMATCH at labels{}: a reader's int cannot read a writer's long",
        ]
    );
}

#[test]
fn a_renamed_field_is_read_through_the_readers_alias() {
    let old = record(r#"{"name": "a", "type": "int"}"#);
    let new = record(r#"{"name": "b", "type": "int", "aliases": ["a"]}"#);
    assert!(reasons(&old, &new).is_empty());
    assert_eq!(
        reasons(&new, &old).len(),
        1,
        "the writer's aliases mean nothing to the reader"
    );
}

#[test]
fn a_new_enum_symbol_needs_a_default_in_the_reader() {
    let symbols = |symbols: &str, default: &str| {
        parsed(&format!(
            r#"{{"type": "enum", "name": "E", "symbols": [{symbols}] {default}}}"#
        ))
    };
    let new = symbols(r#""A", "B", "C""#, "");
    assert_eq!(
        reasons(&new, &symbols(r#""A""#, "")),
        ["MISSING_ENUM_SYMBOLS at (schema): the reader's enum E has no default and lacks B, C"]
    );
    assert!(reasons(&new, &symbols(r#""A""#, r#", "default": "A""#)).is_empty());
    assert!(reasons(&symbols(r#""A""#, ""), &new).is_empty());
}

#[test]
fn a_union_must_have_a_branch_for_all_that_is_written() {
    assert!(reasons(&parsed(r#""string""#), &parsed(r#"["null", "string"]"#)).is_empty());
    assert!(reasons(&parsed(r#"["null", "int"]"#), &parsed(r#"["long", "null"]"#)).is_empty());
    assert_eq!(
        reasons(&parsed(r#"["null", "int"]"#), &parsed(r#"["null", "string"]"#)),
        ["MISSING_UNION_BRANCH at (schema): the reader's union has no branch for the writer's int"]
    );
    assert_eq!(
        reasons(&parsed(r#"["null", "string"]"#), &parsed(r#""string""#)),
        ["TYPE_MISMATCH at (schema): a reader's string cannot read a writer's null"]
    );
}

#[test]
fn inside_a_union_the_reason_is_that_of_the_branch_that_was_meant() {
    let optional = |quantity: &str| {
        record(&format!(
            r#"{{"name": "item", "type": ["null", {{"type": "record", "name": "Item", "fields": [
                {{"name": "quantity", "type": "{quantity}"}}]}}]}}"#
        ))
    };
    assert_eq!(
        reasons(&optional("string"), &optional("int")),
        ["TYPE_MISMATCH at item.quantity: a reader's int cannot read a writer's string"]
    );
}

#[test]
fn records_enums_and_fixed_types_with_different_names_are_different_types() {
    for (a, b) in [
        (
            r#"{"type": "record", "name": "A", "fields": []}"#,
            r#"{"type": "record", "name": "B", "fields": []}"#,
        ),
        (
            r#"{"type": "enum", "name": "A", "symbols": ["X"]}"#,
            r#"{"type": "enum", "name": "B", "symbols": ["X"]}"#,
        ),
        (
            r#"{"type": "fixed", "name": "A", "size": 2}"#,
            r#"{"type": "fixed", "name": "B", "size": 2}"#,
        ),
    ] {
        let reasons = reasons(&parsed(a), &parsed(b));
        assert!(
            reasons.len() == 1 && reasons[0].starts_with("NAME_MISMATCH"),
            "{a} and {b}: {reasons:?}"
        );
    }
}

#[test]
fn a_fixed_has_one_size() {
    let fixed = |size: u8| parsed(&format!(r#"{{"type": "fixed", "name": "F", "size": {size}}}"#));
    assert!(reasons(&fixed(4), &fixed(4)).is_empty());
    assert!(reasons(&fixed(4), &fixed(8))[0].starts_with("FIXED_SIZE_MISMATCH"));
}

#[test]
fn logical_types_are_read_as_what_they_are_stored_as() {
    let date = parsed(r#"{"type": "long", "logicalType": "timestamp-millis"}"#);
    assert!(reasons(&date, &parsed(r#""long""#)).is_empty());
    assert!(!reasons(&date, &parsed(r#""int""#)).is_empty());
    let id = parsed(r#"{"type": "string", "logicalType": "uuid"}"#);
    assert!(reasons(&id, &parsed(r#""string""#)).is_empty());
}

#[test]
fn primitives_are_promoted_as_the_specification_says_and_not_otherwise() {
    let all = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];
    let promoted = [
        ("int", "long"),
        ("int", "float"),
        ("int", "double"),
        ("long", "float"),
        ("long", "double"),
        ("float", "double"),
        ("string", "bytes"),
        ("bytes", "string"),
    ];
    for written in all {
        for read in all {
            let schema = |name: &str| parsed(&format!("\"{name}\""));
            let expected = written == read || promoted.contains(&(written, read));
            assert_eq!(
                check(&schema(written), &schema(read)).is_empty(),
                expected,
                "{written} as {read}"
            );
        }
    }
}

#[test]
fn a_string_is_not_a_fixed_even_if_both_are_uuids() {
    let string = parsed(r#"{"type": "string", "logicalType": "uuid"}"#);
    let fixed = parsed(r#"{"type": "fixed", "name": "Id", "size": 16, "logicalType": "uuid"}"#);
    assert_eq!(
        reasons(&string, &fixed),
        ["TYPE_MISMATCH at (schema): a reader's uuid Id cannot read a writer's uuid"]
    );
}

#[test]
fn scale_and_precision_of_decimals_do_not_matter_to_a_registry() {
    let decimal = |scale: u8| {
        parsed(&format!(
            r#"{{"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": {scale}}}"#
        ))
    };
    assert!(reasons(&decimal(2), &decimal(3)).is_empty(), "a house rule covers it");
    assert!(reasons(&decimal(2), &parsed(r#""bytes""#)).is_empty());
}

#[test]
fn a_type_is_read_under_another_name_through_the_readers_alias() {
    for body in [
        r#""type": "record", "fields": []"#,
        r#""type": "enum", "symbols": ["X"]"#,
        r#""type": "fixed", "size": 2"#,
    ] {
        let schema = |name: &str, aliases: &str| {
            parsed(&format!(
                r#"{{"name": "{name}", "namespace": "a", "aliases": [{aliases}], {body}}}"#
            ))
        };
        let (old, new) = (schema("Old", ""), schema("New", r#""Old""#));
        assert!(reasons(&old, &new).is_empty(), "{body}");
        assert!(reasons(&new, &old)[0].starts_with("NAME_MISMATCH"), "{body}");
        let elsewhere = schema("New", r#""b.Old""#);
        assert!(reasons(&old, &elsewhere)[0].starts_with("NAME_MISMATCH"), "{body}");
    }
}

#[test]
fn a_renamed_field_without_default_is_named_with_its_new_name() {
    let old = record(r#"{"name": "a", "type": "int"}"#);
    let new = record(r#"{"name": "b", "type": "int", "aliases": ["a"]}"#);
    assert_eq!(
        reasons(&new, &old),
        [
            "READER_FIELD_MISSING_DEFAULT_VALUE at a: the reader's field a has no default, and the writer does not write \
          it; the writer calls it b, but an alias helps only a reader that has it, so a field cannot be renamed"
        ]
    );
}

#[test]
fn a_readers_field_that_several_of_the_writers_match_has_no_match() {
    let old = record(r#"{"name": "a", "type": "int"}, {"name": "b", "type": "int"}"#);
    for field in [
        r#"{"name": "b", "type": "int", "aliases": ["a"]}"#,
        r#"{"name": "c", "type": "int", "aliases": ["a", "b"]}"#,
    ] {
        let reasons = reasons(&old, &record(field));
        assert!(
            reasons.len() == 1 && reasons[0].starts_with("ALIAS_COLLISION"),
            "{reasons:?}"
        );
    }
}

#[test]
fn an_error_is_a_record_and_namespaces_do_not_matter() {
    let schema = |kind: &str, space: &str| {
        let text = format!(r#"{{"type": "{kind}", "name": "R", "namespace": "{space}", "fields": []}}"#);
        Schema::parse_lenient(&SchemaText::avro(text)).expect("a schema")
    };
    assert!(reasons(&schema("error", "order-service"), &schema("record", "x")).is_empty());
}

#[test]
fn fields_in_another_order_are_matched_by_name() {
    let old = record(r#"{"name": "a", "type": "int"}, {"name": "b", "type": "string"}"#);
    let new = record(r#"{"name": "b", "type": "string"}, {"name": "a", "type": "int"}"#);
    assert!(reasons(&old, &new).is_empty());
}
