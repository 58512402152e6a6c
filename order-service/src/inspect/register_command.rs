//! The one command that registers a schema which a dead letter needs. Its text may come from a record, so anyone may have
//! written it: nothing in it may end the quotes that it stands in. Pure.

use std::fmt::Write as _;

use orderlog_avro::{Schema, SchemaText};

/// The header in which some producers send the schema that they wrote with, as its text.
pub const WRITER_SCHEMA_HEADER: &str = "writer.schema";
/// Longest text that is put into a command: a command line has limits, and people look at it.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// The schema in a record's header, if it is one that a registry would accept.
pub fn sent_along(header: Option<&[u8]>) -> Option<&str> {
    let text = std::str::from_utf8(header?).ok()?;
    let is_schema = text.len() <= MAX_TEXT_BYTES && Schema::parse(&SchemaText::avro(text)).is_ok();
    is_schema.then_some(text)
}

/// The command that registers that schema under the subject; without one, that in a file `schema.json`.
pub fn register(registry_url: &str, subject: &str, text: Option<&str>) -> String {
    let data = match text {
        Some(text) => format!("'{{\"schema\": {}}}'", json_string(text)),
        None => "@schema.json".to_owned(),
    };
    let url = registry_url.replace('\'', "%27");
    format!(
        "curl -sS -X POST -H 'Content-Type: application/vnd.schemaregistry.v1+json' --data {data} '{url}/subjects/{subject}/versions'"
    )
}

/// A JSON string of printable ASCII without single quotes, so that it may stand between single quotes in a shell, and so that
/// it reads as what it is.
fn json_string(text: &str) -> String {
    let mut string = String::from('"');
    for c in text.chars() {
        match c {
            '"' => string.push_str("\\\""),
            '\\' => string.push_str("\\\\"),
            ' '..='~' if c != '\'' => string.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(string, "\\u{unit:04x}");
                }
            }
        }
    }
    string.push('"');
    string
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_schema_says_stays_between_the_quotes_and_means_the_same() {
        for text in [
            r#"{"type":"string","doc":"it's"}"#,
            "a\\'; rm -rf ~ #",
            "'$(id)`id`\"\n\u{202e}\u{1f600}\u{7f}",
        ] {
            let command = register("http://registry", "s", Some(text));
            assert!(command.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{command}");
            // What a shell makes of it: the third quoted word is the data.
            let data = command.split('\'').nth(3).expect("the data");
            assert_eq!(command.matches('\'').count(), 6, "{command}");
            let body: serde_json::Value = serde_json::from_str(data).expect(data);
            assert_eq!(body["schema"], text);
        }
    }

    #[test]
    fn a_schema_that_is_not_known_comes_from_a_file() {
        assert_eq!(
            register("http://localhost:8081", "order-events-value", None),
            "curl -sS -X POST -H 'Content-Type: application/vnd.schemaregistry.v1+json' --data @schema.json 'http://localhost:8081/subjects/order-events-value/versions'"
        );
    }

    #[test]
    fn only_a_schema_is_taken_from_a_header() {
        let schema = r#"{"type":"record","name":"A","fields":[]}"#;
        assert_eq!(sent_along(Some(schema.as_bytes())), Some(schema));
        for header in [None, Some(&b"not a schema"[..]), Some(&[0xff]), Some(b"")] {
            assert_eq!(sent_along(header), None, "{header:?}");
        }
    }
}
