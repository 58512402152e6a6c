//! Structs and schemas that differ on purpose: a small struct, the schema that agrees with it, and one edit at a time.

use apache_avro::Schema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::agreement::disagreements;
use crate::probe::asked;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its shape matters")]
struct Letter {
    id: Uuid,
    weight: i32,
    note: Option<String>,
    sent_at: i64,
    size: Size,
    pages: Vec<Page>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only its shape matters")]
struct Page {
    text: String,
}

/// What is found when the schema that agrees with `Letter` is edited.
fn found_after(edit: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut schema = json!({"type": "record", "name": "Letter", "namespace": "com.example", "fields": [
        {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "weight", "type": "int"},
        {"name": "note", "type": ["null", "string"], "default": null},
        {"name": "sentAt", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "size", "type": {"type": "enum", "name": "Size", "symbols": ["small", "large"]}},
        {"name": "pages", "type": {"type": "array", "items": {"type": "record", "name": "Page", "fields": [
            {"name": "text", "type": "string"}]}}}
    ]});
    edit(&mut schema);
    let schema = Schema::parse_str(&schema.to_string()).expect("still a schema");
    disagreements(&asked::<Letter>().expect("types that Avro has"), &schema)
}

/// The same where the edit replaces one value.
fn found_with(pointer: &str, value: Value) -> Vec<String> {
    found_after(|schema| *schema.pointer_mut(pointer).expect("the place") = value)
}

fn fields(record: &mut Value) -> &mut Vec<Value> {
    record["fields"].as_array_mut().expect("fields")
}

#[test]
fn without_an_edit_they_agree() {
    assert_eq!(found_after(|_| {}), Vec::<String>::new());
}

#[test]
fn a_field_that_only_one_of_them_has_is_found() {
    let stamp = json!({"name": "stamp", "type": "string", "default": ""});
    assert_eq!(
        found_after(|schema| fields(schema).push(stamp)),
        ["the event: the schema has the field stamp, which the struct Letter lacks"]
    );
    assert_eq!(
        found_after(|schema| fields(&mut schema["fields"][5]["type"]["items"]).clear()),
        ["the event.pages[]: the struct Page has the field text, which the schema lacks"]
    );
}

#[test]
fn fields_in_another_order_are_found() {
    assert_eq!(
        found_after(|schema| fields(schema).swap(0, 1)),
        ["the event: the fields of the struct Letter are not in the schema's order"]
    );
}

#[test]
fn a_type_that_differs_is_found() {
    for (pointer, value, expected) in [
        (
            "/fields/0/type",
            json!("string"),
            "the event.id: the struct has uuid, the schema String",
        ),
        (
            "/fields/1/type",
            json!("long"),
            "the event.weight: the struct has int, the schema Long",
        ),
        (
            "/fields/2/type",
            json!(["null", "long"]),
            "the event.note: the struct has string, the schema Long",
        ),
        (
            "/fields/3/type/logicalType",
            json!("timestamp-micros"),
            "the event.sentAt: the struct has long, the schema TimestampMicros",
        ),
        (
            "/fields/5/type/items/fields/0/type",
            json!("bytes"),
            "the event.pages[].text: the struct has string, the schema Bytes",
        ),
    ] {
        assert_eq!(found_with(pointer, value), [expected]);
    }
}

#[test]
fn symbols_that_differ_from_the_variants_are_found() {
    for (symbols, shown) in [
        (json!(["small", "large", "huge"]), "small, large, huge"),
        (json!(["small"]), "small"),
        (json!(["large", "small"]), "large, small"),
    ] {
        assert_eq!(
            found_with("/fields/4/type/symbols", symbols),
            [format!(
                "the event.size: the struct has the variants small, large, the schema the symbols {shown}"
            )]
        );
    }
}

#[test]
fn a_type_of_another_name_is_found() {
    for (pointer, expected) in [
        (
            "/name",
            "the event: the struct's type is called Letter, the schema's Other",
        ),
        (
            "/fields/4/type/name",
            "the event.size: the struct's type is called Size, the schema's Other",
        ),
    ] {
        assert_eq!(found_with(pointer, json!("Other")), [expected]);
    }
}

#[test]
fn an_option_that_is_not_null_by_default_is_found() {
    let null = "the event.note: the struct has an Option, so the schema's default must be null";
    let without = found_with("/fields/2", json!({"name": "note", "type": ["null", "string"]}));
    assert_eq!(without, [null]);
    let reversed = found_with(
        "/fields/2",
        json!({"name": "note", "type": ["string", "null"], "default": ""}),
    );
    let union = "the event.note: the struct's Option is a union of null and one type, in that order";
    assert_eq!(reversed, [union, null]);
}

#[test]
fn a_use_of_a_type_is_compared_like_its_definition() {
    let used = |kind: &str| json!({"name": "pages", "type": {"type": "array", "items": kind}});
    let found = found_with("/fields/5", used("Size"));
    assert_eq!(found, ["the event.pages[]: the struct has Page, the schema Enum"]);
}
