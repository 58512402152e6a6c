//! The default of a reader's field, made ready to be read like any other value: JSON in which every record is whole.

use std::collections::HashMap;

use apache_avro::Schema;
use apache_avro::schema::{InnerDecimalSchema, Name, UuidSchema};
use serde_json::{Map, Value as Json};

/// What a default says, by the Avro 1.12 specification, "Schema record: default".
///
/// # Errors
/// When it is no value of that type.
pub(super) fn complete(default: &Json, schema: &Schema, definitions: &HashMap<&Name, &Schema>) -> Result<Json, String> {
    let wrong = || Err("a default does not fit its type".to_owned());
    let same = |fits: bool| if fits { Ok(default.clone()) } else { wrong() };
    match schema {
        Schema::Ref { name } => match definitions.get(name) {
            Some(definition) => complete(default, definition, definitions),
            None => wrong(),
        },
        Schema::Null => same(default.is_null()),
        Schema::Boolean => same(default.is_boolean()),
        // A float has 24 bits, in a default as in a datum.
        Schema::Float => default
            .as_f64()
            .map_or_else(wrong, |number| Ok(Json::from(f64::from(number as f32)))),
        Schema::Double => default.as_f64().map_or_else(wrong, |number| Ok(Json::from(number))),
        Schema::String | Schema::Uuid(UuidSchema::String) => same(default.is_string()),
        Schema::Enum(symbols) => same(
            default
                .as_str()
                .is_some_and(|symbol| symbols.symbols.iter().any(|it| it == symbol)),
        ),
        Schema::Bytes
        | Schema::Fixed(_)
        | Schema::Duration(_)
        | Schema::BigDecimal
        | Schema::Uuid(UuidSchema::Bytes | UuidSchema::Fixed(_)) => bytes(default),
        Schema::Decimal(decimal) => match decimal.inner {
            InnerDecimalSchema::Bytes | InnerDecimalSchema::Fixed(_) => bytes(default),
        },
        Schema::Array(array) => match default.as_array() {
            Some(items) => items
                .iter()
                .map(|item| complete(item, &array.items, definitions))
                .collect(),
            None => wrong(),
        },
        Schema::Map(map) => match default.as_object() {
            Some(entries) => {
                let entry = |(key, value)| Ok((String::clone(key), complete(value, &map.types, definitions)?));
                entries
                    .iter()
                    .map(entry)
                    .collect::<Result<Map<_, _>, _>>()
                    .map(Json::Object)
            }
            None => wrong(),
        },
        Schema::Union(union) => {
            let mut branches = union.variants().iter();
            branches
                .find_map(|branch| complete(default, branch, definitions).ok())
                .map_or_else(wrong, Ok)
        }
        Schema::Record(record) => {
            let Some(given) = default.as_object() else {
                return wrong();
            };
            let field = |field: &apache_avro::schema::RecordField| {
                let value = given.get(&field.name).or(field.default.as_ref());
                let value = value.ok_or_else(|| format!("a default lacks the field {}", field.name))?;
                Ok((field.name.clone(), complete(value, &field.schema, definitions)?))
            };
            record
                .fields
                .iter()
                .map(field)
                .collect::<Result<Map<_, _>, String>>()
                .map(Json::Object)
        }
        // The numbers of whatever meaning.
        _ => same(default.is_i64()),
    }
}

/// Bytes stand in a default as text whose code points 0 to 255 are the bytes.
fn bytes(default: &Json) -> Result<Json, String> {
    let text = default
        .as_str()
        .ok_or_else(|| "a default does not fit its type".to_owned())?;
    text.chars()
        .map(|c| {
            u8::try_from(u32::from(c))
                .map(Json::from)
                .map_err(|_| "a default has a code point above 255".to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn completed(schema: &str, default: Json) -> Result<Json, String> {
        let schema = Schema::parse_str(schema).expect("a schema");
        complete(&default, &schema, &HashMap::new())
    }

    #[test]
    fn a_record_s_default_is_filled_with_the_defaults_of_its_fields() {
        let schema = r#"{"type":"record","name":"R","fields":[
            {"name":"a","type":"int"}, {"name":"b","type":"string","default":"x"}, {"name":"c","type":["null","int"],"default":null}]}"#;
        assert_eq!(
            completed(schema, json!({"a": 1})),
            Ok(json!({"a": 1, "b": "x", "c": null}))
        );
        assert!(completed(schema, json!({"b": "y"})).is_err(), "a has no default");
    }

    #[test]
    fn bytes_are_the_code_points_of_the_text() {
        assert_eq!(completed(r#""bytes""#, json!("\u{0}\u{ff}A")), Ok(json!([0, 255, 65])));
        assert!(completed(r#""bytes""#, json!("\u{100}")).is_err());
    }

    #[test]
    fn a_default_of_another_type_is_refused() {
        assert!(completed(r#""int""#, json!("1")).is_err());
        assert!(completed(r#"["null","string"]"#, json!(1)).is_err());
        assert_eq!(completed(r#"["null","string"]"#, json!("s")), Ok(json!("s")));
    }
}
