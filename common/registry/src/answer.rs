//! What an answer of a registry is worth: what was asked for, a refusal that is an answer too, or nothing. Pure.
//!
//! Only what is needed of an answer is looked at. Registries of other makes and ages leave fields out, add their own, and
//! fill those that nobody needs with anything.

use std::collections::HashMap;

use reqwest::StatusCode;
use schema_registry_converter::schema_registry_common::{RawError, RawRegisteredSchema};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The error codes of Confluent's API reference that are answers.
pub(super) mod codes {
    pub const SUBJECT_NOT_FOUND: u32 = 40401;
    pub const VERSION_NOT_FOUND: u32 = 40402;
    pub const SCHEMA_NOT_FOUND: u32 = 40403;
    pub const LEVEL_NOT_CONFIGURED: u32 = 40408;
    pub const MODE_NOT_CONFIGURED: u32 = 40409;
    /// An older server's code for [`INCOMPATIBLE`].
    pub const CONFLICT: u32 = 409;
    pub const INCOMPATIBLE: u32 = 40901;
    pub const INVALID_SCHEMA: u32 = 42201;
    /// The registry's mode does not allow it.
    pub const NOT_PERMITTED: u32 = 42205;
}

/// The version of a reference that means the newest one of its subject. Versions count from 1.
pub(super) const LATEST: u32 = 0;

const LARGEST_ID: u32 = i32::MAX.unsigned_abs();

/// A text of the registry that is shown is cut after so many characters: one line is enough to know it by.
const MOST_CHARACTERS: usize = 300;

/// Where to look when something else answers in the registry's place.
const NO_REGISTRY: &str = "from something that is no registry: does SCHEMA_REGISTRY_URL have the registry's path? (That of Apicurio ends in /apis/ccompat/v7)";

/// A definite answer.
#[derive(Debug)]
pub(super) enum Answer<T> {
    /// What was asked for.
    Said(T),
    /// It will not, or has not; one of the refusals that the question allows.
    Refused(RawError),
}

/// Judges an answer: `refusals` are the error codes that answer the question, `read` reads the body of a success.
///
/// # Errors
/// When it is neither; the text says what came instead.
pub(super) fn judge<T>(
    status: StatusCode,
    body: &[u8],
    refusals: &[u32],
    read: fn(&[u8]) -> Option<T>,
) -> Result<Answer<T>, String> {
    if status.is_success() {
        return read(body).map(Answer::Said).ok_or_else(|| {
            if let Some(id) = wrong_id(body) {
                format!("status {status}, but the registry gave id {id}; ids are 1 to {LARGEST_ID}")
            } else if body.trim_ascii_start().starts_with(b"<") {
                format!("status {status}, but no registry's answer; it comes {NO_REGISTRY}")
            } else {
                format!("status {status}, but no registry's answer")
            }
        });
    }
    let Some(error) = error(body) else {
        return Err(if status == StatusCode::NOT_FOUND {
            format!("status {status} {NO_REGISTRY}")
        } else {
            format!("status {status}")
        });
    };
    // The code begins with the status. A proxy that rewrites one of the two is not to be believed.
    let belongs = [error.error_code, error.error_code / 100].contains(&status.as_u16().into());
    if belongs && refusals.contains(&error.error_code) {
        return Ok(Answer::Refused(error));
    }
    let (code, message) = (error.error_code, one_line(&error.message));
    Err(format!("status {status} (error code {code}: {message})"))
}

/// What an answer says that means "not there" at a registry of another make, which has its own codes or none: JSON with an
/// error code that belongs to 404, or with nothing but a message. Gateways answer so, too: whether it comes from a registry
/// has to be found out.
pub(super) fn not_there(status: StatusCode, body: &[u8]) -> Option<String> {
    if status != StatusCode::NOT_FOUND {
        return None;
    }
    let answer: Value = parsed(body)?;
    let message = answer["message"].as_str();
    match &answer["error_code"] {
        Value::Null => message.filter(|message| !message.is_empty()).map(str::to_owned),
        code => number(code)
            .filter(|code| matches!(code, 404 | 40400..=40499))
            .map(|_| message.unwrap_or_default().to_owned()),
    }
}

/// A text of somebody else's, on one line and not too long.
pub(super) fn one_line(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(MOST_CHARACTERS) {
        words.truncate(end);
        words.push('…');
    }
    words
}

/// A schema as it is held, by id or by subject and version. A schema's text is what makes it an answer.
pub(super) fn held(body: &[u8]) -> Option<RawRegisteredSchema> {
    needed(body).filter(|held| held.schema.is_some())
}

/// A schema that was registered or looked up. Its id is what makes it an answer.
pub(super) fn registered(body: &[u8]) -> Option<RawRegisteredSchema> {
    needed(body).filter(|found| found.id.is_some())
}

/// The id of a schema that was registered.
pub(super) fn given_id(body: &[u8]) -> Option<u32> {
    registered(body)?.id
}

/// The versions of a subject.
pub(super) fn versions(body: &[u8]) -> Option<Vec<u32>> {
    let versions: Vec<Value> = parsed(body)?;
    Some(versions.iter().filter_map(number).collect())
}

/// Whether a schema would be taken, and why not, where the registry says why.
#[derive(Debug)]
pub(super) struct Verdict {
    pub is_compatible: bool,
    pub messages: Vec<String>,
}

/// Such an answer.
pub(super) fn verdict(body: &[u8]) -> Option<Verdict> {
    let answer: Value = parsed(body)?;
    let messages = answer["messages"].as_array().into_iter().flatten();
    Some(Verdict {
        is_compatible: answer["is_compatible"].as_bool()?,
        messages: messages.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

/// Any answer that is JSON of that shape.
pub(super) fn parsed<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// A refusal. Its code is what makes it one.
fn error(body: &[u8]) -> Option<RawError> {
    let answer: Value = parsed(body)?;
    let message = answer["message"].as_str().unwrap_or_default();
    refusal(number(&answer["error_code"])?, message)
}

/// A refusal of that code.
pub(super) fn refusal(code: u32, message: &str) -> Option<RawError> {
    // Its members can be read, but not written.
    serde_json::from_value(json!({"error_code": code, "message": message})).ok()
}

/// What is needed of a schema: its text, type, id and version, and what it refers to.
fn needed(body: &[u8]) -> Option<RawRegisteredSchema> {
    let answer: HashMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let take = |name: &str| -> Value {
        let value = answer.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok());
        value.unwrap_or_default()
    };
    let schema_type = take("schemaType");
    // A registry leaves the type out for Avro.
    let schema_type = schema_type.as_str().filter(|kind| !kind.is_empty());
    let references = match take("references") {
        Value::Array(references) => references.iter().map(reference).collect(),
        _ => Vec::new(),
    };
    let mut shape = Map::new();
    shape.insert("id".to_owned(), id(&take("id")).into());
    shape.insert("version".to_owned(), number(&take("version")).into());
    shape.insert("schemaType".to_owned(), schema_type.map(str::to_ascii_uppercase).into());
    shape.insert("references".to_owned(), references.into());
    shape.insert(
        "schema".to_owned(),
        Some(take("schema")).filter(Value::is_string).into(),
    );
    serde_json::from_value(Value::Object(shape)).ok()
}

/// What is needed of a reference. One that names no subject is kept, as one that nobody can follow.
fn reference(reference: &Value) -> Value {
    let subject = reference["subject"].as_str().unwrap_or_default();
    // "latest", -1 and none at all mean the same.
    let version = number(&reference["version"]).unwrap_or(LATEST);
    json!({"name": "", "subject": subject, "version": version})
}

/// An id of a schema. No registry gives others: they are positive numbers of 32 bits with a sign.
fn id(value: &Value) -> Option<u32> {
    number(value).filter(|id| (1..=LARGEST_ID).contains(id))
}

/// The number that an answer gives as an id and that cannot be one.
fn wrong_id(body: &[u8]) -> Option<String> {
    let answer: Value = parsed(body)?;
    let given = match &answer["id"] {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.trim().parse::<f64>().is_ok() => one_line(text),
        _ => return None,
    };
    id(&answer["id"]).is_none().then_some(given)
}

/// A whole number that is not negative, however it is written.
fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(whole) => u32::try_from(whole).ok(),
            // 1.0 is a number of JSON that is 1.
            None => number.to_string().strip_suffix(".0")?.parse().ok(),
        },
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> String {
        let status = StatusCode::from_u16(status).expect("a status");
        match judge(
            status,
            body.as_bytes(),
            &[codes::SCHEMA_NOT_FOUND, codes::CONFLICT],
            held,
        ) {
            Ok(Answer::Said(held)) => held.schema.unwrap_or_default(),
            Ok(Answer::Refused(error)) => format!("refused: {}", error.error_code),
            Err(reason) => reason,
        }
    }

    #[test]
    fn a_schema_and_the_refusals_of_the_question_are_answers() {
        assert_eq!(
            said(200, r#"{"schema":"\"int\"","id":1,"new":{"member":1}}"#),
            "\"int\""
        );
        assert_eq!(said(404, r#"{"error_code":40403,"message":""}"#), "refused: 40403");
        assert_eq!(said(409, r#"{"error_code":409,"message":""}"#), "refused: 409");
    }

    #[test]
    fn what_nobody_needs_may_be_missing_or_anything() {
        for body in [
            r#"{"schema":"\"int\""}"#,
            r#"{"schema":"\"int\"","version":-1,"id":"x","guid":7,"subject":[],"metadata":"none","deleted":"no"}"#,
            r#"{"schema":"\"int\"","schemaType":null,"references":null,"metadata":{"tags":7},"ts":1e3}"#,
            r#"{"schema":"\"int\"","schemaType":"","references":{},"id":4294967296}"#,
            r#"{"schema":"none","schema":"\"int\""}"#,
        ] {
            assert_eq!(said(200, body), "\"int\"", "{body}");
        }
        for body in [
            r#"{"error_code":40403}"#,
            r#"{"error_code":"40403","message":null}"#,
            r#"{"error_code":40403.0,"message":{},"details":[]}"#,
        ] {
            assert_eq!(said(404, body), "refused: 40403", "{body}");
        }
    }

    #[test]
    fn what_is_needed_is_read_however_it_is_written() {
        let read = |body: &str| held(body.as_bytes()).expect("a schema");
        for (id, expected) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            (r#""7""#, Some(7)),
            ("7.5", None),
            ("null", None),
        ] {
            let body = format!(r#"{{"schema":"s","id":{id},"schemaType":"avro"}}"#);
            let held = read(&body);
            assert_eq!(
                (held.id, held.schema_type.as_deref()),
                (expected, Some("AVRO")),
                "{body}"
            );
        }
        for (version, expected) in [
            ("2", 2),
            (r#""2""#, 2),
            ("2.0", 2),
            ("-1", LATEST),
            (r#""latest""#, LATEST),
            (r#""-1""#, LATEST),
            ("null", LATEST),
        ] {
            let body = format!(r#"{{"schema":"s","references":[{{"subject":"a","version":{version},"x":1}}]}}"#);
            let references = read(&body).references.expect("references");
            assert_eq!(
                (references[0].subject.as_str(), references[0].version),
                ("a", expected),
                "{body}"
            );
        }
        let odd = read(r#"{"schema":"s","references":["a",{"subject":5}]}"#).references;
        assert_eq!(
            odd.expect("references").len(),
            2,
            "they are not lost, as the schema needs them"
        );
    }

    #[test]
    fn a_verdict_needs_no_reasons() {
        let read = |body: &str| verdict(body.as_bytes()).map(|it| (it.is_compatible, it.messages));
        assert_eq!(read(r#"{"is_compatible":true,"messages":null}"#), Some((true, vec![])));
        let told = read(r#"{"is_compatible":false,"messages":["a",5]}"#);
        assert_eq!(told, Some((false, vec!["a".to_owned()])));
        assert_eq!(read(r#"{"status":"up"}"#), None);
        assert_eq!(versions(br#"[1,"2",null,4.0]"#), Some(vec![1, 2, 4]));
    }

    /// Not by itself: some of it means "not there" where it is found out that a registry says it ([`not_there`]).
    #[test]
    fn nothing_else_is() {
        for (status, body) in [
            (200, ""),
            (200, "<html>log in</html>"),
            (200, "{}"),
            (200, r#"{"schema":5}"#),
            (200, r#"{"error_code":40403,"message":""}"#),
            (204, ""),
            (302, ""),
            (401, r#"{"error_code":40101,"message":""}"#),
            (403, r#"{"error_code":40301,"message":""}"#),
            (404, ""),
            (404, "<html>not found</html>"),
            (404, r#"{"error_code":404,"message":"HTTP 404 Not Found"}"#),
            (404, r#"{"error_code":40401,"message":""}"#),
            (404, r#"{"error_code":409,"message":""}"#),
            (408, ""),
            (429, r#"{"error_code":42901,"message":""}"#),
            (500, r#"{"error_code":40403,"message":""}"#),
            (503, "Service Unavailable"),
        ] {
            let reason = said(status, body);
            assert!(reason.starts_with(&format!("status {status}")), "{body}: {reason}");
        }
    }

    #[test]
    fn a_registry_of_another_make_has_its_own_words_for_not_there() {
        let told =
            |status: u16, body: &str| not_there(StatusCode::from_u16(status).expect("a status"), body.as_bytes());
        for body in [
            r#"{"error_code":404,"message":"No artifact"}"#,
            r#"{"error_code":"40400","message":"No artifact"}"#,
            r#"{"error_code":40401,"message":"No artifact"}"#,
            r#"{"message":"No artifact"}"#,
        ] {
            assert_eq!(told(404, body).as_deref(), Some("No artifact"), "{body}");
            assert_eq!(told(503, body), None, "{body}");
        }
        for body in [
            "",
            "<html>not found</html>",
            "{}",
            "[]",
            r#""not found""#,
            r#"{"message":""}"#,
            r#"{"error_code":409,"message":"a"}"#,
            r#"{"error_code":40500,"message":"a"}"#,
            r#"{"error_code":"no","message":"a"}"#,
        ] {
            assert_eq!(told(404, body), None, "{body}");
        }
    }

    #[test]
    fn what_cannot_be_an_id_is_no_answer_and_is_named() {
        let status = StatusCode::OK;
        for id in ["0", "2147483648", "4294967296", "-1", r#""0""#, "7.5"] {
            let body = format!(r#"{{"id":{id},"schema":"s"}}"#);
            let reason = judge(status, body.as_bytes(), &[], given_id).expect_err("no answer");
            let shown = format!("gave id {}; ids are 1 to 2147483647", id.trim_matches('"'));
            assert!(reason.contains(&shown), "{reason}");
        }
        let largest = judge(status, br#"{"id":2147483647}"#, &[], given_id);
        assert!(matches!(largest, Ok(Answer::Said(2_147_483_647))), "{largest:?}");
    }

    #[test]
    fn a_message_is_shown_on_one_line_and_not_for_ever() {
        let body = format!(r#"{{"error_code":50001,"message":"a\nb{}"}}"#, "é".repeat(1000));
        let reason = said(500, &body);
        assert!(
            reason.contains("50001: a bé") && reason.chars().count() < 400,
            "{reason}"
        );
    }
}
