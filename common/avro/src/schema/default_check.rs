//! Whether the defaults of a new schema are values of their types, as Java's parser (Avro 1.12.1) sees it: a union takes a
//! value of any branch; bytes, fixed types and enums take any string; and a string may stand for a floating-point number.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::{Kind, SchemaError, Type, TypeId};
use crate::path::short;

/// How many values of defaults are checked against a type, in one schema. Otherwise nested unions and records could
/// make any number of them from a short text.
const MAX_STEPS: usize = 1_000_000;

/// The defaults of some types.
pub struct Defaults<'s> {
    types: &'s [Type],
    /// Fields whose default has been checked; `None` while it is being checked.
    known: HashMap<(TypeId, usize), Option<bool>>,
    steps_left: usize,
}

impl<'s> Defaults<'s> {
    pub fn new(types: &'s [Type]) -> Self {
        Self {
            types,
            known: HashMap::new(),
            steps_left: MAX_STEPS,
        }
    }

    /// Checks all types from this index on.
    ///
    /// # Errors
    /// The first default that is not a value of its field's type.
    pub fn check(&mut self, from: usize) -> Result<(), SchemaError> {
        for (n, it) in self.types.iter().enumerate().skip(from) {
            let Kind::Record(fields) = &it.kind else { continue };
            for (index, field) in fields.iter().enumerate() {
                if field.default.is_some() && !self.is_valid((TypeId(n), index)) {
                    let name = short(&field.name);
                    return Err(SchemaError::Invalid(format!(
                        "the default of the field {name} is not a value of its type"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Whether a field has a default that is a value of its type. One that contains itself is not.
    fn is_valid(&mut self, (record, index): (TypeId, usize)) -> bool {
        if let Some(known) = self.known.get(&(record, index)) {
            return known.unwrap_or(false);
        }
        let Kind::Record(fields) = &self.types[record.0].kind else {
            return false;
        };
        let Some((type_id, default)) = fields
            .get(index)
            .and_then(|it| Some((it.type_id, it.default.as_ref()?)))
        else {
            return false;
        };
        self.known.insert((record, index), None);
        let valid = match (&self.types[type_id.0].kind, default) {
            (Kind::Float | Kind::Double, Json::String(text)) => parse_double(text).is_some(),
            _ => self.fits(default, type_id),
        };
        self.known.insert((record, index), Some(valid));
        valid
    }

    fn fits(&mut self, value: &'s Json, type_id: TypeId) -> bool {
        let Some(left) = self.steps_left.checked_sub(1) else {
            return false;
        };
        self.steps_left = left;
        match (&self.types[type_id.0].kind, value) {
            (Kind::Null, _) => value.is_null(),
            (Kind::Boolean, _) => value.is_boolean(),
            (Kind::Int, _) => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            (Kind::Long, _) => value.is_i64(),
            (Kind::Float | Kind::Double, _) => value.is_number(),
            (Kind::String | Kind::Bytes | Kind::Fixed(_) | Kind::Enum { .. }, _) => value.is_string(),
            (Kind::Array(items), Json::Array(values)) => values.iter().all(|value| self.fits(value, *items)),
            (Kind::Map(values), Json::Object(entries)) => entries.values().all(|value| self.fits(value, *values)),
            (Kind::Union(branches), _) => branches.iter().any(|branch| self.fits(value, *branch)),
            (Kind::Record(_), Json::Object(values)) => self.fits_record(values, type_id),
            _ => false,
        }
    }

    fn fits_record(&mut self, values: &'s Map<String, Json>, record: TypeId) -> bool {
        let Kind::Record(fields) = &self.types[record.0].kind else {
            return false;
        };
        fields
            .iter()
            .enumerate()
            .all(|(n, field)| match values.get(&field.name) {
                Some(value) => self.fits(value, field.type_id),
                None => self.is_valid((record, n)),
            })
    }
}

/// The number that Java's `Double.parseDouble` reads from a text, except for hexadecimal ones.
pub fn parse_double(text: &str) -> Option<f64> {
    let text = text.trim_matches(|c| c <= ' ');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned.as_bytes().first()? {
        b'0'..=b'9' | b'.' => text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text).parse().ok(),
        _ if unsigned == "NaN" => Some(f64::NAN),
        _ if unsigned == "Infinity" => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Schema, SchemaText};

    fn is_valid(text: &str) -> bool {
        Schema::parse(&SchemaText::avro(text)).is_ok()
    }

    #[test]
    fn texts_are_numbers_if_java_parses_them() {
        for (text, number) in [
            ("1.5", Some(1.5)),
            (" 1e3\n", Some(1000.0)),
            ("-.5d", Some(-0.5)),
            ("5.F", Some(5.0)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("inf", None),
            ("nan", None),
            ("", None),
            ("-", None),
            ("1_0", None),
            ("1ff", None),
            ("infinity", None),
        ] {
            assert_eq!(parse_double(text), number, "{text}");
        }
        assert!(parse_double("-NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn a_default_that_contains_itself_is_invalid() {
        let record = |default: &str| {
            format!(
                r#"{{"type":"record","name":"R","fields":[{{"name":"r","type":["null","R"],"default":{default}}}]}}"#
            )
        };
        assert!(is_valid(&record("null")));
        assert!(is_valid(&record(r#"{"r":null}"#)));
        assert!(!is_valid(&record("{}")), "the inner one has the default again");
    }

    #[test]
    fn a_default_that_fits_in_two_to_the_fifty_ways_is_checked_quickly() {
        let union = r#"["R0","R1"]"#;
        let record = |n| format!(r#"{{"type":"record","name":"R{n}","fields":[{{"name":"a","type":{union}}}]}}"#);
        let value = format!("{}1{}", r#"{"a":"#.repeat(50), "}".repeat(50));
        let text = format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"x","type":{}}},{{"name":"y","type":{}}},
                {{"name":"z","type":{union},"default":{value}}}]}}"#,
            record(0),
            record(1)
        );
        assert!(!is_valid(&text));
    }
}
