//! Bytes, shown: in hexadecimal, and as text where that is printable. Pure.

use std::fmt::Write as _;

use serde::Serialize;
use utoipa::ToSchema;

/// How much of a value is shown, in bytes.
const MAX_SHOWN: usize = 64 * 1024;

/// A record's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bytes {
    /// Its length in bytes.
    #[schema(example = 8)]
    size: usize,
    /// Its bytes in hexadecimal, at most the first 65,536.
    #[schema(example = "0000000001ff")]
    hex: String,
    /// The same bytes as text; null if they are not printable UTF-8.
    text: Option<String>,
    /// Whether it is longer than what is shown.
    truncated: bool,
}

impl Bytes {
    pub fn of(value: &[u8]) -> Self {
        let shown = &value[..value.len().min(MAX_SHOWN)];
        Self {
            size: value.len(),
            hex: hex(shown),
            text: printable(shown, shown.len() < value.len()).map(str::to_owned),
            truncated: shown.len() < value.len(),
        }
    }
}

/// The bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

/// The bytes as text, if they are printable. `is_cut`: the last character may be incomplete.
pub fn printable(bytes: &[u8], is_cut: bool) -> Option<&str> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if is_cut && error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let is_printable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.chars().all(is_printable).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_bytes_are_shown_as_text_too() {
        for (bytes, text) in [
            (&b"{\"a\":\t1}\n"[..], Some("{\"a\":\t1}\n")),
            ("é".as_bytes(), Some("é")),
            (b"", Some("")),
            (b"a\0", None),
            (&[0xff], None),
            (&[0xc3], None),
        ] {
            assert_eq!(Bytes::of(bytes).text.as_deref(), text, "{bytes:?}");
        }
        assert_eq!(hex(&[0, 0xfe]), "00fe");
    }

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        // The limit is inside a character.
        let value = format!("x{}", "é".repeat(MAX_SHOWN));
        let bytes = Bytes::of(value.as_bytes());
        assert_eq!(
            (bytes.size, bytes.hex.len(), bytes.truncated),
            (value.len(), 2 * MAX_SHOWN, true)
        );
        assert_eq!(bytes.text.map(|text| text.len()), Some(MAX_SHOWN - 1));
        assert!(!Bytes::of(&[b'x'; MAX_SHOWN]).truncated);
    }
}
