//! A schema's text as JSON, read as Avro's Java library reads it: with comments, and with half a surrogate pair as a
//! character. serde_json accepts neither.

use serde_json::Value as Json;

use super::{SchemaError, Validation};

/// The JSON of a schema.
///
/// # Errors
/// It is not JSON, or nested too deeply, or a new schema has something after its end. (A registered one may: before
/// 1.11, Java did not check that.)
pub fn json(text: &str, validation: Validation) -> Result<Json, SchemaError> {
    let plain = plain_json(text);
    let mut values = serde_json::Deserializer::from_str(&plain).into_iter::<Json>();
    let first = values.next().and_then(Result::ok);
    let json = first.ok_or_else(|| SchemaError::invalid("it is not JSON, or nested too deeply"))?;
    let rest = text.get(values.byte_offset()..).unwrap_or_default();
    if validation == Validation::Strict && !rest.chars().all(|c| c <= ' ') {
        return Err(SchemaError::invalid("there is data after its end"));
    }
    Ok(json)
}

/// A schema's text as strict JSON of the same length: comments become blanks, half a surrogate pair becomes the replacement
/// character, and -0 becomes 0, which is an integer too.
pub fn plain_json(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'"' => plain_string(&mut bytes, at + 1),
            b'/' => blank_comment(&mut bytes, at),
            b'-' if is_minus_zero(&bytes[at..]) => {
                bytes[at] = b' ';
                at + 2
            }
            _ => at + 1,
        };
    }
    // Only ASCII and whole comments have been replaced, by ASCII.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn is_minus_zero(bytes: &[u8]) -> bool {
    matches!(bytes, [b'-', b'0', rest @ ..] if !matches!(rest, [b'.' | b'e' | b'E' | b'0'..=b'9', ..]))
}

/// Returns where the string that begins here ends.
fn plain_string(bytes: &mut [u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => match surrogate(bytes, at) {
                Some(0xd800..=0xdbff) if matches!(surrogate(bytes, at + 6), Some(0xdc00..=0xdfff)) => at += 12,
                Some(_) => {
                    bytes[at + 2..at + 6].copy_from_slice(b"fffd");
                    at += 6;
                }
                None => at += 2,
            },
            _ => at += 1,
        }
    }
    at
}

/// The half of a surrogate pair that is escaped here.
fn surrogate(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let unit = u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    (0xd800..=0xdfff).contains(&unit).then_some(unit)
}

/// Blanks the comment that begins here, and returns where it ends. An unterminated comment stays, and is not JSON.
fn blank_comment(bytes: &mut [u8], at: usize) -> usize {
    let length = match bytes[at..] {
        [b'/', b'/', ref rest @ ..] => {
            let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            Some(2 + end.unwrap_or(rest.len()))
        }
        [b'/', b'*', ref rest @ ..] => rest.windows(2).position(|end| end == b"*/").map(|end| end + 4),
        _ => None,
    };
    let end = at + length.unwrap_or(0);
    bytes[at..end].fill(b' ');
    end.max(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn comments_become_blanks_and_strings_stay() {
        let text = "/** an é */ {\"a\": // one\n 1, \"b\": \"// no /* comment */ \\\" // here\"}";
        let plain = plain_json(text);
        assert_eq!(plain.len(), text.len());
        assert_eq!(
            json(text, Validation::Strict),
            Ok(json!({"a": 1, "b": "// no /* comment */ \" // here"}))
        );
        for text in ["/* 1", "/ 1", "/", "#1\n1"] {
            assert!(json(text, Validation::Lenient).is_err(), "{text}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_a_character_too() {
        assert_eq!(json(r#""\ud83d\ude00""#, Validation::Strict), Ok(json!("😀")));
        for text in [r#""\ud83dx""#, r#""\ude00x""#] {
            assert_eq!(json(text, Validation::Strict), Ok(json!("\u{fffd}x")), "{text}");
        }
        assert_eq!(
            json(r#""\ud83d\ud83d\ude00""#, Validation::Strict),
            Ok(json!("\u{fffd}😀"))
        );
        assert_eq!(json(r#""\\ud83d""#, Validation::Strict), Ok(json!("\\ud83d")));
        for cut in 1..8 {
            assert!(json(&r#""\ud83d""#[..cut], Validation::Strict).is_err(), "{cut}");
        }
    }

    #[test]
    fn minus_zero_is_an_integer() {
        assert_eq!(json("[-0, -1, 10]", Validation::Strict), Ok(json!([0, -1, 10])));
        assert_eq!(json("-0.0", Validation::Strict), Ok(json!(-0.0)));
        assert!(json("-01", Validation::Strict).is_err());
    }

    #[test]
    fn nothing_may_follow_a_new_schema() {
        for behind in ["x", " {}", "}", " /* c */"] {
            let text = format!("\"int\"{behind}");
            assert_eq!(json(&text, Validation::Lenient), Ok(json!("int")), "{text}");
            assert!(json(&text, Validation::Strict).is_err(), "{text}");
        }
        assert!(json("\"int\" \n", Validation::Strict).is_ok());
    }
}
