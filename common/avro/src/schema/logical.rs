//! "Logical Types" of the Avro 1.12 specification. One that its type cannot have is ignored, as the specification says.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::Kind;

/// A logical type, with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logical {
    pub name: &'static str,
    /// Precision and scale of a decimal.
    digits: Option<(u64, u64)>,
}

impl Logical {
    /// The logical type in a definition; `None` if there is none, or none that the kind can have.
    pub fn of(definition: &Map<String, Json>, kind: &Kind) -> Option<Self> {
        let name = match (definition.get("logicalType")?.as_str()?, kind) {
            ("decimal", Kind::Bytes | Kind::Fixed(_)) => return decimal(definition, kind),
            ("big-decimal", Kind::Bytes) => "big-decimal",
            ("uuid", Kind::String | Kind::Fixed(16)) => "uuid",
            ("duration", Kind::Fixed(12)) => "duration",
            ("date", Kind::Int) => "date",
            ("time-millis", Kind::Int) => "time-millis",
            ("time-micros", Kind::Long) => "time-micros",
            ("timestamp-millis", Kind::Long) => "timestamp-millis",
            ("timestamp-micros", Kind::Long) => "timestamp-micros",
            ("timestamp-nanos", Kind::Long) => "timestamp-nanos",
            ("local-timestamp-millis", Kind::Long) => "local-timestamp-millis",
            ("local-timestamp-micros", Kind::Long) => "local-timestamp-micros",
            ("local-timestamp-nanos", Kind::Long) => "local-timestamp-nanos",
            _ => return None,
        };
        Some(Self { name, digits: None })
    }
}

/// A decimal's digits must fit its bytes.
fn decimal(definition: &Map<String, Json>, kind: &Kind) -> Option<Logical> {
    let precision = definition.get("precision")?.as_u64()?;
    let scale = definition.get("scale").map_or(Some(0), Json::as_u64)?;
    let max = match kind {
        Kind::Fixed(size) => (size.saturating_mul(8).saturating_sub(1) as f64 * 2_f64.log10()).floor(),
        _ => f64::from(i32::MAX),
    };
    (precision > 0 && scale <= precision && precision as f64 <= max).then_some(Logical {
        name: "decimal",
        digits: Some((precision, scale)),
    })
}

/// A logical type in a schema's text that has no effect: an unknown one, or one that its type cannot have. "Language
/// implementations must ignore unknown logical types when reading, and should use the underlying Avro type."
#[derive(Clone, Debug)]
pub struct IgnoredLogicalType {
    /// The field with this type; empty for the schema itself.
    pub path: String,
    /// Its name as JSON, cut.
    pub name: String,
    /// Whether it is next to a field's type instead of inside it.
    pub is_misplaced: bool,
}

impl fmt::Display for Logical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.digits {
            Some((precision, scale)) => write!(f, "({precision}, {scale})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn logical(definition: &Json, kind: &Kind) -> Option<String> {
        Logical::of(definition.as_object().expect("an object"), kind).map(|it| it.to_string())
    }

    #[test]
    fn a_logical_type_that_its_type_cannot_have_is_ignored() {
        let date = json!({"logicalType": "date"});
        assert_eq!(logical(&date, &Kind::Int).as_deref(), Some("date"));
        assert_eq!(logical(&date, &Kind::Long), None);
        assert_eq!(logical(&json!({"logicalType": 1}), &Kind::Int), None);
        assert_eq!(logical(&json!({"logicalType": "uuid"}), &Kind::Fixed(15)), None);
    }

    #[test]
    fn a_decimal_has_its_digits() {
        let decimal = |precision, scale| json!({"logicalType": "decimal", "precision": precision, "scale": scale});
        assert_eq!(logical(&decimal(4, 2), &Kind::Bytes).as_deref(), Some("decimal(4, 2)"));
        assert_eq!(
            logical(&decimal(4, 2), &Kind::Fixed(2)).as_deref(),
            Some("decimal(4, 2)")
        );
        assert_eq!(logical(&decimal(5, 2), &Kind::Fixed(2)), None, "32767 is the largest");
        assert_eq!(logical(&decimal(4, 5), &Kind::Bytes), None);
        assert_eq!(logical(&decimal(0, 0), &Kind::Bytes), None);
        assert_eq!(logical(&decimal(4, -1), &Kind::Bytes), None);
    }
}
