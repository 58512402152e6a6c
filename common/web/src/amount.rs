//! Amounts of money in JSON: plain decimal numbers, exact in both directions, through serde_json's raw numbers and never
//! through a float. For fields of JSON bodies: `#[serde(with = "crate::amount")]`, or
//! `#[serde(default, with = "crate::amount::option")]` for an `Option`.
//!
//! Not usable inside `#[serde(flatten)]` or an untagged enum: serde buffers those, and the digits are lost. What an amount
//! may be (its currency's digits, its range) is never judged here.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

/// Longest number that is looked at, in characters. The longest Decimal has 31; the rest is room for zeros.
const MAX_LENGTH: usize = 100;

/// Writes the amount with its scale: ten with two decimals is `10.00`.
///
/// # Errors
/// Only what the serializer fails with.
pub fn serialize<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string())
        .map_err(S::Error::custom)?
        .serialize(serializer)
}

/// Reads a JSON number exactly.
///
/// # Errors
/// What is no number, or has more digits than a Decimal holds (28 to 29).
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    from_json_number(raw.get()).map_err(D::Error::custom)
}

/// The same for an `Option`: null, or with `#[serde(default)]` nothing, is none.
pub mod option {
    use serde::de::Error as _;

    use super::{Decimal, Deserialize, Deserializer, RawValue, Serializer};

    /// Writes null or the amount.
    ///
    /// # Errors
    /// Only what the serializer fails with.
    pub fn serialize<S: Serializer>(amount: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => super::serialize(amount, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads null or a JSON number.
    ///
    /// # Errors
    /// As [`super::deserialize`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
        let raw = Option::<Box<RawValue>>::deserialize(deserializer)?;
        raw.map(|raw| super::from_json_number(raw.get()))
            .transpose()
            .map_err(D::Error::custom)
    }
}

/// Whether a JSON value is a number.
pub(super) fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

/// The Decimal that a JSON value (valid by its grammar, RFC 8259, 6) stands for.
pub(super) fn from_json_number(json: &str) -> Result<Decimal, &'static str> {
    match exactly(json) {
        Err(_) if is_zero(json) => Ok(Decimal::ZERO),
        read => read,
    }
}

/// Whether it is zero, which it is with every exponent.
fn is_zero(json: &str) -> bool {
    let mantissa = json.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'))
}

fn exactly(json: &str) -> Result<Decimal, &'static str> {
    const TOO_MANY_DIGITS: &str = "has more digits than can be kept exactly";
    if !is_number(json) {
        return Err("must be a number, such as 999.99");
    }
    if json.len() > MAX_LENGTH {
        return Err(TOO_MANY_DIGITS);
    }
    let (mantissa, exponent) = json.split_once(['e', 'E']).unwrap_or((json, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    let fraction = i64::try_from(fraction.len()).map_err(|_| TOO_MANY_DIGITS)?;
    let mut scale = exponent
        .parse::<i64>()
        .ok()
        .and_then(|e| fraction.checked_sub(e))
        .ok_or(TOO_MANY_DIGITS)?;

    // 1e2: the zeros are written out.
    while scale < 0 && digits.len() <= MAX_LENGTH {
        digits.push('0');
        scale += 1;
    }
    loop {
        let exact = match (digits.parse::<i128>(), u32::try_from(scale)) {
            (Ok(number), Ok(scale)) => Decimal::try_from_i128_with_scale(number, scale).ok(),
            _ => None,
        };
        match exact {
            Some(amount) => return Ok(amount),
            // Zeros at the end of a fraction may go; nothing else may.
            None if scale > 0 && digits.ends_with('0') => {
                digits.pop();
                scale -= 1;
            }
            None => return Err(TOO_MANY_DIGITS),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Price {
        #[serde(with = "super")]
        price: Decimal,
        #[serde(default, with = "super::option")]
        total: Option<Decimal>,
    }

    fn read(number: &str) -> Result<Decimal, String> {
        let json = format!(r#"{{"price":{number}}}"#);
        serde_json::from_str::<Price>(&json)
            .map(|price| price.price)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_read_exactly() {
        for (number, plain) in [
            ("999.99", "999.99"),
            ("10.00", "10.00"),
            ("0", "0"),
            ("-0.5", "-0.5"),
            ("1e2", "100"),
            ("1.5E+1", "15"),
            ("15e-1", "1.5"),
            ("12345678901234567.89", "12345678901234567.89"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
            ("0.0000000000000000000000000001", "0.0000000000000000000000000001"),
            ("99.0000000000000000000000000000000000", "99.00000000000000000000000000"),
            (
                "0.10000000000000000000000000000000000",
                "0.1000000000000000000000000000",
            ),
            ("0.00", "0.00"),
            ("0e999999", "0"),
            ("-0.0E-999999", "0"),
            ("0e99999999999999999999", "0"),
        ] {
            assert_eq!(
                read(number).map(|amount| amount.to_string()),
                Ok(plain.to_owned()),
                "{number}"
            );
        }
    }

    #[test]
    fn zero_may_be_written_at_any_length() {
        assert_eq!(read(&format!("0.{}", "0".repeat(200))), Ok(Decimal::ZERO));
    }

    #[test]
    fn what_cannot_be_kept_exactly_is_refused() {
        let endless = format!("0.{}1", "0".repeat(200_000));
        for number in [
            "1e400",
            "1e-400",
            "1e99999999999999999999",
            "0.00000000000000000000000000001",
            "79228162514264337593543950336",
            "1.23456789012345678901234567890123",
            &endless,
        ] {
            let error = read(number).expect_err(number);
            assert!(error.contains("has more digits than can be kept exactly"), "{error}");
        }
    }

    #[test]
    fn only_numbers_are_amounts() {
        for json in [r#""999.99""#, "true", "[]", "{}", "null"] {
            assert!(read(json).expect_err(json).contains("must be a number"), "{json}");
        }
        for json in ["NaN", "Infinity", "01", "+1", ".5", "1."] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn an_optional_amount_may_be_null_or_missing_but_no_text() {
        let read = |json: &str| serde_json::from_str::<Price>(json).map(|price| price.total);
        assert_eq!(read(r#"{"price":1}"#).expect("it"), None);
        assert_eq!(read(r#"{"price":1,"total":null}"#).expect("it"), None);
        assert_eq!(
            read(r#"{"price":1,"total":2.50}"#).expect("it"),
            Some(Decimal::new(250, 2))
        );
        assert!(read(r#"{"price":1,"total":"2.50"}"#).is_err());
    }

    #[test]
    fn the_scale_is_written() {
        let price = Price {
            price: Decimal::new(1000, 2),
            total: None,
        };
        assert_eq!(
            serde_json::to_string(&price).expect("JSON"),
            r#"{"price":10.00,"total":null}"#
        );
    }

    proptest! {
        #[test]
        fn each_amount_comes_back_digit_by_digit(mantissa in -79228162514264337593543950335i128..=79228162514264337593543950335, scale in 0u32..=28) {
            let amount = Decimal::try_from_i128_with_scale(mantissa, scale).expect("a decimal");
            let written = serde_json::to_string(&Price { price: amount, total: Some(amount) }).expect("JSON");
            prop_assert_eq!(&written, &format!(r#"{{"price":{amount},"total":{amount}}}"#));
            let read: Price = serde_json::from_str(&written).expect("a price");
            prop_assert_eq!(read.price.to_string(), amount.to_string());
            prop_assert_eq!(read.total, Some(amount));
        }
    }
}
