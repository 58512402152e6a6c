//! The default of a reader's field, completed to be read like any other value: JSON in which every record has all its
//! fields.

use std::fmt;

use serde_json::{Map, Value as Json};

use crate::input::MAX_DEPTH;
use crate::path::short;
use crate::schema::{Field, Kind, Schema, TypeId, parse_double};

/// Why a default is not a value of its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InvalidDefault {
    /// It, or a value in it, is of the wrong type.
    WrongType,
    /// It has bytes with a code point above 255.
    NotBytes,
    /// A record in it lacks this field, which has no default.
    Lacks(String),
    /// It is nested too deeply, as one that contains itself is.
    TooDeep,
}

impl fmt::Display for InvalidDefault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongType => f.write_str("the default does not fit its type"),
            Self::NotBytes => f.write_str("the default has a code point above 255"),
            Self::Lacks(field) => write!(f, "the default lacks the field {field}"),
            Self::TooDeep => write!(f, "defaults nested more than {MAX_DEPTH} deep"),
        }
    }
}

/// Completes a default, by the Avro 1.12 specification, "Schema record: default".
pub(super) fn complete(default: &Json, type_id: TypeId, schema: &Schema) -> Result<Json, InvalidDefault> {
    let number = match (&schema.get(type_id).kind, default) {
        // A string may stand for a number, but not inside another value.
        (Kind::Float | Kind::Double, Json::String(text)) => parse_double(text).map(Json::from),
        _ => None,
    };
    completed(number.as_ref().unwrap_or(default), type_id, schema, 0)
}

fn completed(default: &Json, type_id: TypeId, schema: &Schema, depth: usize) -> Result<Json, InvalidDefault> {
    // A field's default may hold a record of the same type, whose field has the default again.
    if depth > MAX_DEPTH {
        return Err(InvalidDefault::TooDeep);
    }
    let part = |value: &Json, type_id: TypeId| completed(value, type_id, schema, depth + 1);
    let wrong = || InvalidDefault::WrongType;
    let same = |fits: bool| fits.then(|| default.clone()).ok_or_else(wrong);
    match &schema.get(type_id).kind {
        Kind::Null => same(default.is_null()),
        Kind::Boolean => same(default.is_boolean()),
        Kind::Int => same(default.as_i64().is_some_and(|number| i32::try_from(number).is_ok())),
        Kind::Long => same(default.is_i64()),
        // A float has 24 bits, in a default as in a datum.
        Kind::Float => default
            .as_f64()
            .map(|number| Json::from(f64::from(number as f32)))
            .ok_or_else(wrong),
        Kind::Double => default.as_f64().map(Json::from).ok_or_else(wrong),
        Kind::String => same(default.is_string()),
        Kind::Enum { symbols, .. } => same(
            default
                .as_str()
                .is_some_and(|it| symbols.iter().any(|known| known == it)),
        ),
        Kind::Bytes => bytes(default),
        Kind::Fixed(size) => bytes(default).and_then(|bytes| {
            (bytes.as_array().map(Vec::len) == Some(*size))
                .then_some(bytes)
                .ok_or_else(wrong)
        }),
        Kind::Array(items) => {
            let given = default.as_array().ok_or_else(wrong)?;
            given.iter().map(|item| part(item, *items)).collect()
        }
        Kind::Map(values) => {
            let given = default.as_object().ok_or_else(wrong)?;
            let entry = |(key, value): (&String, &Json)| Ok((key.clone(), part(value, *values)?));
            given
                .iter()
                .map(entry)
                .collect::<Result<Map<_, _>, _>>()
                .map(Json::Object)
        }
        Kind::Union(branches) => {
            let mut fitting = branches.iter().map(|branch| part(default, *branch));
            fitting.find_map(Result::ok).ok_or_else(wrong)
        }
        Kind::Record(fields) => {
            let given = default.as_object().ok_or_else(wrong)?;
            let field = |field: &Field| {
                let value = given.get(&field.name).or(field.default.as_ref());
                let value = value.ok_or_else(|| InvalidDefault::Lacks(short(&field.name)))?;
                Ok((field.name.clone(), part(value, field.type_id)?))
            };
            fields
                .iter()
                .map(field)
                .collect::<Result<Map<_, _>, _>>()
                .map(Json::Object)
        }
    }
}

/// Bytes are written in a default as text whose code points 0 to 255 are the bytes.
fn bytes(default: &Json) -> Result<Json, InvalidDefault> {
    let text = default.as_str().ok_or(InvalidDefault::WrongType)?;
    text.chars()
        .map(|c| {
            u8::try_from(u32::from(c))
                .map(Json::from)
                .map_err(|_| InvalidDefault::NotBytes)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::SchemaText;
    use serde_json::json;

    fn completed(schema: &str, default: Json) -> Result<Json, InvalidDefault> {
        let schema = Schema::parse_lenient(&SchemaText::avro(schema)).expect("a schema");
        complete(&default, schema.root(), &schema)
    }

    #[test]
    fn a_records_default_is_completed_with_the_defaults_of_its_fields() {
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

    #[test]
    fn a_default_is_in_the_range_of_its_type() {
        assert!(completed(r#""int""#, json!(1_i64 << 31)).is_err());
        assert_eq!(completed(r#""long""#, json!(1_i64 << 31)), Ok(json!(1_i64 << 31)));
        let fixed = r#"{"type":"fixed","name":"F","size":2}"#;
        assert!(completed(fixed, json!("abc")).is_err());
        assert_eq!(completed(fixed, json!("ab")), Ok(json!([97, 98])));
    }

    #[test]
    fn a_text_may_stand_for_a_floating_point_number() {
        assert_eq!(completed(r#""double""#, json!("1e3")), Ok(json!(1000.0)));
        assert!(completed(r#""double""#, json!("x")).is_err());
        assert!(completed(r#""long""#, json!("1")).is_err());
        assert!(completed(r#"["null","double"]"#, json!("1")).is_err());
    }

    #[test]
    fn a_default_that_contains_itself_is_refused() {
        let schema = r#"{"type":"record","name":"R","fields":[{"name":"r","type":"R","default":{}}]}"#;
        assert!(completed(schema, json!({})).is_err());
    }
}
