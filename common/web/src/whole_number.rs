//! Whole numbers as JSON Schema defines them: JSON has one kind of number, so 3.0 and 3e0 are 3. For fields of JSON
//! bodies: `#[serde(with = "crate::whole_number")]`, or `#[serde(default, with = "crate::whole_number::option")]` for an
//! `Option`. Not usable where [`amount`] is not. Which numbers are in range is never decided here.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::amount;

/// Reads a JSON number that has no fraction.
///
/// # Errors
/// Not a number, has a fraction, or does not fit 64 bits.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    from_json(raw.get()).map_err(D::Error::custom)
}

/// The same for an `Option`: `null` is `None`, and so is a missing field with `#[serde(default)]`.
pub mod option {
    use serde::de::Error as _;

    use super::{Deserialize, Deserializer, RawValue};

    /// Reads null or a JSON number that has no fraction.
    ///
    /// # Errors
    /// The same as [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
        let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
        raw.map(|raw| super::from_json(raw.get()))
            .transpose()
            .map_err(D::Error::custom)
    }
}

fn from_json(json: &str) -> Result<i64, &'static str> {
    const NOT_WHOLE: &str = "must be a whole number";
    if !amount::is_number(json) {
        return Err(NOT_WHOLE);
    }
    let number = amount::from_json_number(json).map_err(|_| "is out of range")?;
    if number.fract() != Decimal::ZERO {
        return Err(NOT_WHOLE);
    }
    i64::try_from(number).map_err(|_| "is out of range")
}

#[cfg(test)]
mod tests {
    #[derive(Debug, serde::Deserialize)]
    struct Body {
        #[serde(with = "super")]
        count: i64,
        #[serde(default, with = "super::option")]
        more: Option<i64>,
    }

    fn read(count: &str) -> Result<i64, String> {
        serde_json::from_str::<Body>(&format!(r#"{{"count":{count}}}"#))
            .map(|body| body.count)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_number_may_be_written_in_every_way_that_json_has() {
        for (written, number) in [
            ("3", 3),
            ("3.0", 3),
            ("3e0", 3),
            ("3E+0", 3),
            ("30e-1", 3),
            ("0.3e1", 3),
            ("1e2", 100),
            ("-0", 0),
            ("-0.0", 0),
            ("0e999999", 0),
            ("0e-999999", 0),
            ("-2.00", -2),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808.0", i64::MIN),
        ] {
            assert_eq!(read(written), Ok(number), "{written}");
        }
    }

    #[test]
    fn anything_but_a_whole_number_in_range_is_refused_without_rounding() {
        for written in [
            "3.5",
            "2.9999999999999999999999",
            "1e-1",
            "\"3\"",
            "true",
            "null",
            "[3]",
            "{}",
        ] {
            assert!(
                read(written).expect_err(written).starts_with("must be a whole number"),
                "{written}"
            );
        }
        for written in ["9223372036854775808", "1e400", "1e-400", "1e99999999999999999999"] {
            assert!(
                read(written).expect_err(written).starts_with("is out of range"),
                "{written}"
            );
        }
    }

    #[test]
    fn an_optional_whole_number_may_be_null_or_missing() {
        let read = |json: &str| serde_json::from_str::<Body>(json).map(|body| body.more).ok();
        assert_eq!(read(r#"{"count":1}"#), Some(None));
        assert_eq!(read(r#"{"count":1,"more":null}"#), Some(None));
        assert_eq!(read(r#"{"count":1,"more":2.0}"#), Some(Some(2)));
        assert_eq!(read(r#"{"count":1,"more":"2"}"#), None);
    }
}
