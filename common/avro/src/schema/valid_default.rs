//! Whether the defaults of a new schema are values of their types, as Java's parser looks at it (Avro 1.12.1): of a union any
//! branch will do, any text is one of bytes, of a fixed type and of an enum, and a text may stand for a floating-point number.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::{Kind, Type, TypeId, short};

/// Most values of defaults, with the types that they are held against, that are looked at in one schema. A union in a
/// union's record in a union could make a short text into any number of them.
const MOST_STEPS: usize = 1_000_000;

/// The defaults of some types.
pub struct Defaults<'s> {
    list: &'s [Type],
    /// Fields whose default was looked at; `None` as long as it is.
    known: HashMap<(TypeId, usize), Option<bool>>,
    steps_left: usize,
}

impl<'s> Defaults<'s> {
    pub fn new(list: &'s [Type]) -> Self {
        Self {
            list,
            known: HashMap::new(),
            steps_left: MOST_STEPS,
        }
    }

    /// Checks the types from that one on.
    ///
    /// # Errors
    /// The first default that is no value of its field.
    pub fn check(&mut self, from: usize) -> Result<(), String> {
        for (n, it) in self.list.iter().enumerate().skip(from) {
            let Kind::Record(fields) = &it.kind else { continue };
            for (field, of) in fields.iter().enumerate() {
                if of.default.is_some() && !self.is_valid((TypeId(n), field)) {
                    return Err(format!(
                        "the default of the field {} is no value of its type",
                        short(&of.name)
                    ));
                }
            }
        }
        Ok(())
    }

    /// Whether a field has a default, and one that is a value of its type. One that holds itself is none.
    fn is_valid(&mut self, (record, place): (TypeId, usize)) -> bool {
        if let Some(known) = self.known.get(&(record, place)) {
            return known.unwrap_or(false);
        }
        let Kind::Record(fields) = &self.list[record.0].kind else {
            return false;
        };
        let Some((of, default)) = fields.get(place).and_then(|it| Some((it.of, it.default.as_ref()?))) else {
            return false;
        };
        self.known.insert((record, place), None);
        let valid = match (&self.list[of.0].kind, default) {
            (Kind::Float | Kind::Double, Json::String(text)) => parsed_double(text).is_some(),
            _ => self.fits(default, of),
        };
        self.known.insert((record, place), Some(valid));
        valid
    }

    fn fits(&mut self, value: &'s Json, of: TypeId) -> bool {
        let Some(left) = self.steps_left.checked_sub(1) else {
            return false;
        };
        self.steps_left = left;
        match (&self.list[of.0].kind, value) {
            (Kind::Null, _) => value.is_null(),
            (Kind::Boolean, _) => value.is_boolean(),
            (Kind::Int, _) => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            (Kind::Long, _) => value.is_i64(),
            (Kind::Float | Kind::Double, _) => value.is_number(),
            (Kind::String | Kind::Bytes | Kind::Fixed(_) | Kind::Enum { .. }, _) => value.is_string(),
            (Kind::Array(items), Json::Array(values)) => values.iter().all(|value| self.fits(value, *items)),
            (Kind::Map(values), Json::Object(entries)) => entries.values().all(|value| self.fits(value, *values)),
            (Kind::Union(branches), _) => branches.iter().any(|branch| self.fits(value, *branch)),
            (Kind::Record(_), Json::Object(values)) => self.fits_record(values, of),
            _ => false,
        }
    }

    fn fits_record(&mut self, values: &'s Map<String, Json>, record: TypeId) -> bool {
        let Kind::Record(fields) = &self.list[record.0].kind else {
            return false;
        };
        fields
            .iter()
            .enumerate()
            .all(|(n, field)| match values.get(&field.name) {
                Some(value) => self.fits(value, field.of),
                None => self.is_valid((record, n)),
            })
    }
}

/// The number that Java's `Double.parseDouble` sees in a text; of the hexadecimal ones it knows, none.
pub fn parsed_double(text: &str) -> Option<f64> {
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
    use crate::SchemaText;
    use crate::schema::{Rules, parse};

    fn is_taken(text: &str) -> bool {
        parse(&SchemaText::avro(text), Rules::New).is_ok()
    }

    #[test]
    fn texts_are_numbers_where_java_sees_one() {
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
            assert_eq!(parsed_double(text), number, "{text}");
        }
        assert!(parsed_double("-NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn a_default_that_holds_itself_is_none() {
        let record = |default: &str| {
            format!(
                r#"{{"type":"record","name":"R","fields":[{{"name":"r","type":["null","R"],"default":{default}}}]}}"#
            )
        };
        assert!(is_taken(&record("null")));
        assert!(is_taken(&record(r#"{"r":null}"#)));
        assert!(!is_taken(&record("{}")), "the inner one has the default again");
    }

    #[test]
    fn a_default_that_fits_in_two_to_the_fifty_ways_is_looked_at_in_a_moment() {
        let union = r#"["R0","R1"]"#;
        let record = |n| format!(r#"{{"type":"record","name":"R{n}","fields":[{{"name":"a","type":{union}}}]}}"#);
        let value = format!("{}1{}", r#"{"a":"#.repeat(50), "}".repeat(50));
        let text = format!(
            r#"{{"type":"record","name":"R","fields":[{{"name":"x","type":{}}},{{"name":"y","type":{}}},
                {{"name":"z","type":{union},"default":{value}}}]}}"#,
            record(0),
            record(1)
        );
        assert!(!is_taken(&text));
    }
}
