//! What types mean: "Logical Types" of the Avro 1.12 specification. One that does not go with its type is ignored, as the
//! specification wants it.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::Kind;

/// A meaning, with whatever it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logical {
    pub name: &'static str,
    /// Precision and scale of a decimal.
    digits: Option<(u64, u64)>,
}

impl Logical {
    /// What a definition says that its type means.
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

/// A decimal has as many digits as it says, and as fit its bytes.
fn decimal(definition: &Map<String, Json>, kind: &Kind) -> Option<Logical> {
    let precision = definition.get("precision")?.as_u64()?;
    let scale = definition.get("scale").map_or(Some(0), Json::as_u64)?;
    let most = match kind {
        Kind::Fixed(size) => (size.saturating_mul(8).saturating_sub(1) as f64 * 2_f64.log10()).floor(),
        _ => f64::from(i32::MAX),
    };
    (precision > 0 && scale <= precision && precision as f64 <= most).then_some(Logical {
        name: "decimal",
        digits: Some((precision, scale)),
    })
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
    use serde_json::json;

    use super::*;

    fn meaning(definition: &Json, kind: &Kind) -> Option<String> {
        Logical::of(definition.as_object().expect("an object"), kind).map(|it| it.to_string())
    }

    #[test]
    fn a_meaning_that_does_not_go_with_its_type_is_ignored() {
        let date = json!({"logicalType": "date"});
        assert_eq!(meaning(&date, &Kind::Int).as_deref(), Some("date"));
        assert_eq!(meaning(&date, &Kind::Long), None);
        assert_eq!(meaning(&json!({"logicalType": 1}), &Kind::Int), None);
        assert_eq!(meaning(&json!({"logicalType": "uuid"}), &Kind::Fixed(15)), None);
    }

    #[test]
    fn a_decimal_has_its_digits() {
        let decimal = |precision, scale| json!({"logicalType": "decimal", "precision": precision, "scale": scale});
        assert_eq!(meaning(&decimal(4, 2), &Kind::Bytes).as_deref(), Some("decimal(4, 2)"));
        assert_eq!(
            meaning(&decimal(4, 2), &Kind::Fixed(2)).as_deref(),
            Some("decimal(4, 2)")
        );
        assert_eq!(meaning(&decimal(5, 2), &Kind::Fixed(2)), None, "32767 is the largest");
        assert_eq!(meaning(&decimal(4, 5), &Kind::Bytes), None);
        assert_eq!(meaning(&decimal(0, 0), &Kind::Bytes), None);
        assert_eq!(meaning(&decimal(4, -1), &Kind::Bytes), None);
    }
}
