use super::obstacles;
use crate::registry::schema::ParsedSchema;

fn parsed(text: &str) -> ParsedSchema {
    ParsedSchema::parse(text, Vec::new(), &[]).expect("a valid schema")
}

fn record(fields: &str) -> ParsedSchema {
    parsed(&format!(r#"{{"type": "record", "name": "R", "fields": [{fields}]}}"#))
}

fn reasons(writer: &ParsedSchema, reader: &ParsedSchema) -> Vec<String> {
    obstacles(writer, reader).iter().map(ToString::to_string).collect()
}

#[test]
fn a_schema_reads_itself() {
    let event = parsed(include_str!("../../../schemas/order-event/v1.avsc"));
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
fn every_reason_is_told_with_its_path() {
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
            "TYPE_MISMATCH at items[].quantity: a reader's Int cannot read a writer's Long",
            "TYPE_MISMATCH at labels{}: a reader's Int cannot read a writer's Long",
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
        ["MISSING_UNION_BRANCH at (schema): the reader's union has no branch for the writer's Int"]
    );
    assert_eq!(
        reasons(&parsed(r#"["null", "string"]"#), &parsed(r#""string""#)),
        ["TYPE_MISMATCH at (schema): a reader's String cannot read a writer's Null"]
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
        ["TYPE_MISMATCH at item.quantity: a reader's Int cannot read a writer's String"]
    );
}

#[test]
fn records_enums_and_fixeds_of_another_name_are_other_types() {
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
fn a_type_is_the_same_where_it_is_defined_and_where_it_is_used_again() {
    let x = |kind: &str| format!(r#"{{"type": "record", "name": "X", "fields": [{{"name": "n", "type": "{kind}"}}]}}"#);
    let first = |kind| {
        record(&format!(
            r#"{{"name": "a", "type": {}}}, {{"name": "b", "type": "X"}}"#,
            x(kind)
        ))
    };
    let second = |kind| {
        record(&format!(
            r#"{{"name": "b", "type": {}}}, {{"name": "a", "type": "X"}}"#,
            x(kind)
        ))
    };
    assert!(reasons(&first("int"), &second("long")).is_empty());
    assert_eq!(
        reasons(&first("long"), &second("int")),
        ["TYPE_MISMATCH at b.n: a reader's Int cannot read a writer's Long"]
    );
}

#[test]
fn types_that_contain_themselves_are_compared_and_come_to_an_end() {
    let list = |kind: &str| {
        parsed(&format!(
            r#"{{"type": "record", "name": "List", "fields": [{{"name": "head", "type": "{kind}"}},
                {{"name": "tail", "type": ["null", "List"]}}]}}"#
        ))
    };
    assert!(reasons(&list("int"), &list("long")).is_empty());
    assert!(reasons(&list("long"), &list("int"))[0].contains("head"));
}

#[test]
fn a_chain_of_types_longer_than_the_limit_is_refused_not_followed() {
    let mut chain = r#"{"name": "f0", "type": {"type": "record", "name": "T0", "fields": []}}"#.to_owned();
    for n in 1..2_000 {
        let earlier = n - 1;
        chain += &format!(
            r#", {{"name": "f{n}", "type": {{"type": "record", "name": "T{n}", "fields": [{{"name": "t", "type": "T{earlier}"}}]}}}}"#
        );
    }
    // Each side defines the chain in a field that the other does not have, so that it is met from its far end.
    let schema = |own: &str| {
        record(&format!(
            r#"{{"name": "{own}", "type": ["null", {{"type": "record", "name": "All", "fields": [{chain}]}}], "default": null}},
                {{"name": "last", "type": "T1999"}}"#
        ))
    };
    let reasons = reasons(&schema("written"), &schema("read"));
    assert!(
        reasons.len() == 1 && reasons[0].ends_with("more than 200 types inside one another"),
        "{reasons:?}"
    );
}
