//! Whole numbers as JSON Schema defines them: JSON has one kind of number, so 3.0 and 3e0 are 3. For fields of JSON bodies,
//! with [`whole_from`](super::validation::whole_from) as their rule. Not usable where [`amount`] is not. Which numbers are
//! in range is never decided here.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::amount;

/// A JSON number that should be whole. The rule of its field decides whether it is, not serde, which would stop at the first
/// that is not: so one response can name every number that is not valid, and its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeNumber(Option<i64>);

impl WholeNumber {
    /// The number; `None` if it has a fraction or does not fit 64 bits.
    pub fn get(self) -> Option<i64> {
        self.0
    }
}

impl From<i64> for WholeNumber {
    fn from(number: i64) -> Self {
        Self(Some(number))
    }
}

impl<'de> Deserialize<'de> for WholeNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if !amount::is_number(raw.get()) {
            return Err(D::Error::custom("must be a whole number"));
        }
        let number = amount::from_json_number(raw.get()).ok();
        let whole = number.filter(|number| number.fract() == Decimal::ZERO);
        Ok(Self(whole.and_then(|whole| i64::try_from(whole).ok())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Body {
        count: WholeNumber,
        #[serde(default)]
        more: Option<WholeNumber>,
    }

    fn read(count: &str) -> Result<Option<i64>, String> {
        serde_json::from_str::<Body>(&format!(r#"{{"count":{count}}}"#))
            .map(|body| body.count.get())
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
            assert_eq!(read(written), Ok(Some(number)), "{written}");
        }
    }

    #[test]
    fn a_number_with_a_fraction_or_out_of_range_is_never_rounded() {
        for written in [
            "3.5",
            "2.9999999999999999999999",
            "1e-1",
            "1e-400",
            "9223372036854775808",
            "99999999999999999999999",
            "1e400",
            "-1e99999999999999999999",
        ] {
            assert_eq!(read(written), Ok(None), "{written}");
        }
    }

    #[test]
    fn anything_but_a_number_is_refused() {
        for written in ["\"3\"", "true", "null", "[3]", "{}"] {
            assert!(
                read(written).expect_err(written).starts_with("must be a whole number"),
                "{written}"
            );
        }
    }

    #[test]
    fn an_optional_whole_number_may_be_null_or_missing() {
        let read = |json: &str| serde_json::from_str::<Body>(json).map(|body| body.more).ok();
        assert_eq!(read(r#"{"count":1}"#), Some(None));
        assert_eq!(read(r#"{"count":1,"more":null}"#), Some(None));
        assert_eq!(read(r#"{"count":1,"more":2.0}"#), Some(Some(2.into())));
        assert_eq!(read(r#"{"count":1,"more":"2"}"#), None);
    }
}
