use serde_json::{Value, json};

use super::{minified, normal_form};

fn same(a: &Value, b: &Value) -> bool {
    normal_form(a) == normal_form(b)
}

#[test]
fn the_notation_of_a_type_does_not_matter() {
    assert!(same(&json!({"type": "string"}), &json!("string")));
    assert!(same(&json!({"type": {"type": "string"}}), &json!("string")));
    assert!(same(
        &json!({"type": ["null", {"type": "int"}]}),
        &json!(["null", "int"])
    ));
    assert!(same(
        &json!({"type": "array", "items": {"type": "int"}}),
        &json!({"items": "int", "type": "array"})
    ));
    assert!(!same(&json!(["null", "int"]), &json!(["int", "null"])));
}

#[test]
fn the_place_of_a_namespace_does_not_matter() {
    let inherited = json!({"type": "record", "name": "A", "namespace": "com.x", "fields": [
        {"name": "b", "type": {"type": "enum", "name": "B", "symbols": ["S"]}}, {"name": "again", "type": "B"}]});
    let complete = json!({"name": "com.x.A", "type": "record", "fields": [
        {"name": "b", "type": {"type": "enum", "name": "com.x.B", "symbols": ["S"]}},
        {"name": "again", "type": "com.x.B"}]});
    assert!(same(&inherited, &complete));
}

#[test]
fn names_become_full_names_and_primitive_types_stay_the_same() {
    let record = json!({"type": "record", "name": "A", "namespace": "x", "fields": [
        {"name": "a", "type": ["null", "A"]}, {"name": "b", "type": {"type": "map", "values": "long"}}]});
    let normal = json!({"type": "record", "name": "x.A", "fields": [
        {"name": "a", "type": ["null", "x.A"]}, {"name": "b", "type": {"type": "map", "values": "long"}}]});
    assert_eq!(normal_form(&record), normal);
}

#[test]
fn a_name_in_another_namespace_is_another_name() {
    let named = |namespace: &str| json!({"type": "fixed", "name": "F", "namespace": namespace, "size": 4});
    assert!(!same(&named("a"), &named("b")));
    assert!(!same(&named("a"), &named("")));
}

#[test]
fn documentation_defaults_and_unknown_attributes_matter() {
    let with = |key: &str, value: Value| {
        let mut field = json!({"name": "a", "type": "int"});
        field[key] = value;
        json!({"type": "record", "name": "R", "fields": [field]})
    };
    let plain = json!({"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]});
    for (key, value) in [
        ("doc", json!("x")),
        ("default", json!(1)),
        ("aliases", json!(["b"])),
        ("pii", json!(true)),
    ] {
        assert!(!same(&plain, &with(key, value)), "{key}");
    }
    assert!(
        same(&plain, &with("order", json!("ascending"))),
        "the default order may be left out"
    );
    assert!(!same(
        &json!({"type": "long", "logicalType": "timestamp-millis"}),
        &json!("long")
    ));
}

#[test]
fn the_order_of_members_in_an_attribute_does_not_matter() {
    let with = |value: Value| json!({"type": "fixed", "name": "F", "size": 1, "x": value});
    assert!(same(
        &with(json!([{"a": 1, "b": [2]}])),
        &with(json!([{"b": [2], "a": 1}]))
    ));
}

#[test]
fn minifying_takes_white_space_between_tokens_only() {
    assert_eq!(
        minified("{ \"a\" :\t\" b \\\" \\\\\" ,\n \"c\": [1, 2] }"),
        r#"{"a":" b \" \\","c":[1,2]}"#
    );
}
