//! Which JSON values may be a field's default: Avro 1.12, "Records", table "field default values".

use serde_json::{Map, Value};

use crate::schema::{Field, Kind, Schema, TypeId};

/// Whether a value is one of a type; for a union, of its first branch.
pub fn fits(value: &Value, type_id: TypeId, schema: &Schema) -> bool {
    match (&schema.get(type_id).kind, value) {
        (Kind::Null, _) => value.is_null(),
        (Kind::Boolean, _) => value.is_boolean(),
        (Kind::Int, _) => value.as_i64().is_some_and(|value| i32::try_from(value).is_ok()),
        (Kind::Long, _) => value.is_i64(),
        (Kind::Float | Kind::Double, _) => value.is_number(),
        (Kind::Bytes, Value::String(text)) => is_bytes(text),
        (Kind::String, _) => value.is_string(),
        (Kind::Fixed(size), Value::String(text)) => is_bytes(text) && text.chars().count() == *size,
        (Kind::Enum { symbols, .. }, Value::String(symbol)) => symbols.contains(symbol),
        (Kind::Array(items), Value::Array(values)) => values.iter().all(|value| fits(value, *items, schema)),
        (Kind::Map(inner), Value::Object(values)) => values.values().all(|value| fits(value, *inner, schema)),
        (Kind::Union(branches), _) => branches.first().is_some_and(|first| fits(value, *first, schema)),
        (Kind::Record(fields), Value::Object(values)) => fits_record(values, fields, schema),
        _ => false,
    }
}

fn fits_record(values: &Map<String, Value>, fields: &[Field], schema: &Schema) -> bool {
    let known = |name: &String| fields.iter().any(|field| field.name == *name);
    let all_there = fields.iter().all(|field| match values.get(&field.name) {
        Some(value) => fits(value, field.type_id, schema),
        None => field.default.is_some(),
    });
    all_there && values.keys().all(known)
}

/// Bytes are written as the code points 0 to 255.
fn is_bytes(text: &str) -> bool {
    text.chars().all(|c| u32::from(c) <= 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::SchemaText;

    #[test]
    fn a_default_is_a_value_of_its_type_as_the_table_of_the_specification_says() {
        let record = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"},
            {"name": "b", "type": ["null", "R"], "default": null}]}"#;
        let (suit, md5) = (
            r#"{"type": "enum", "name": "Suit", "symbols": ["SPADES", "HEARTS"], "default": "HEARTS"}"#,
            r#"{"type": "fixed", "name": "Md5", "size": 2}"#,
        );
        // type → values that fit, values that do not
        let cases: [(&str, &[&str], &[&str]); 12] = [
            (r#""null""#, &["null"], &["0", "\"null\""]),
            (r#""boolean""#, &["true"], &["0", "null"]),
            (r#""int""#, &["1", "-2147483648"], &["2147483648", "1.5", "\"1\""]),
            (r#""long""#, &["2147483648"], &["9223372036854775808", "1.5"]),
            (r#""double""#, &["1.1", "1"], &["\"1\"", "null"]),
            (r#""bytes""#, &["\"\\u00ff\""], &["\"\\u0100\"", "[1]"]),
            (r#""string""#, &["\"foo\"", "\"\\u0100\""], &["null", "1"]),
            (
                record,
                &[r#"{"a": 1}"#, r#"{"a": 1, "b": null}"#],
                &["{}", r#"{"a": 1, "c": 1}"#, r#"{"a": "1"}"#],
            ),
            (suit, &["\"SPADES\""], &["\"CLUBS\"", "0"]),
            (r#"{"type": "array", "items": "int"}"#, &["[]", "[1]"], &["[1.5]", "{}"]),
            (
                r#"{"type": "map", "values": "int"}"#,
                &["{}", r#"{"a": 1}"#],
                &[r#"{"a": "1"}"#, "[]"],
            ),
            (md5, &["\"\\u00ffa\""], &["\"a\"", "\"abc\""]),
        ];
        for (text, fit, misfit) in cases {
            let schema = Schema::parse(&SchemaText::avro(text)).expect("a schema");
            for (values, expected) in [(fit, true), (misfit, false)] {
                for value in values {
                    let json = serde_json::from_str(value).expect("JSON");
                    assert_eq!(fits(&json, schema.root(), &schema), expected, "{value} for {text}");
                }
            }
        }
    }
}
