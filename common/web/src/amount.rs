//! Amounts of money in JSON: plain decimal numbers, exact in both directions, through serde_json's raw numbers and never
//! through a float. For fields of JSON bodies: `#[serde(with = "crate::amount")]`, or
//! `#[serde(default, with = "crate::amount::option")]` for an `Option`.
//!
//! Not usable inside `#[serde(flatten)]` or an untagged enum: serde buffers those and loses digits. Which amounts are valid
//! (the currency's digits, the range) is never decided here.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

/// Longest number that is parsed, in characters. The longest Decimal has 31; the rest leaves room for zeros.
const MAX_LENGTH: usize = 100;

/// Writes the amount with its scale: ten with two decimals is `10.00`.
///
/// # Errors
/// Only the serializer's own errors.
pub fn serialize<S: Serializer>(amount: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(amount.to_string())
        .map_err(S::Error::custom)?
        .serialize(serializer)
}

/// Reads a JSON number exactly.
///
/// # Errors
/// Not a number, or more digits than a Decimal holds (28 to 29).
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    from_json_number(raw.get()).map_err(D::Error::custom)
}

/// The same for an `Option`: `null` is `None`, and so is a missing field with `#[serde(default)]`.
pub mod option {
    use serde::de::Error as _;

    use super::{Decimal, Deserialize, Deserializer, RawValue, Serializer};

    /// Writes null or the amount.
    ///
    /// # Errors
    /// Only the serializer's own errors.
    pub fn serialize<S: Serializer>(amount: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => super::serialize(amount, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads null or a JSON number.
    ///
    /// # Errors
    /// The same as [`super::deserialize`].
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

/// The Decimal for a JSON value (already valid JSON: RFC 8259, section 6).
pub(super) fn from_json_number(json: &str) -> Result<Decimal, &'static str> {
    match exactly(json) {
        Err(_) if is_zero(json) => Ok(Decimal::ZERO),
        read => read,
    }
}

/// Whether it is zero, whatever its exponent.
fn is_zero(json: &str) -> bool {
    let mantissa = json.split(['e', 'E']).next().unwrap_or_default();
    mantissa.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'))
}

fn exactly(json: &str) -> Result<Decimal, &'static str> {
    const TOO_MANY_DIGITS: &str = "has too many digits to be represented exactly";
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

    // 1e2: write out the zeros.
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
            // Trailing zeros of a fraction may be dropped, nothing else.
            None if scale > 0 && digits.ends_with('0') => {
                digits.pop();
                scale -= 1;
            }
            None => return Err(TOO_MANY_DIGITS),
        }
    }
}

#[cfg(test)]
#[path = "amount_tests.rs"]
mod tests;
