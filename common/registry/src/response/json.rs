//! Reading JSON leniently.

use serde::Deserialize;
use serde_json::Value;

/// Any JSON of that type.
pub(crate) fn parse_json<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// A non-negative integer, however it is written.
pub(super) fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(whole) => u32::try_from(whole).ok(),
            // In JSON, 1.0 is 1.
            None => number.to_string().strip_suffix(".0")?.parse().ok(),
        },
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
