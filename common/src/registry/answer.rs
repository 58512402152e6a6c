//! What an answer of a registry is worth: what was asked for, a refusal that is an answer too, or nothing. Pure.

use reqwest::StatusCode;
use schema_registry_converter::schema_registry_common::{RawError, RawRegisteredSchema};
use serde::Deserialize;

/// The error codes of Confluent's API reference that are answers.
pub(super) mod codes {
    pub const SUBJECT_NOT_FOUND: u32 = 40401;
    pub const VERSION_NOT_FOUND: u32 = 40402;
    pub const SCHEMA_NOT_FOUND: u32 = 40403;
    /// An older server's code for [`INCOMPATIBLE`].
    pub const CONFLICT: u32 = 409;
    pub const INCOMPATIBLE: u32 = 40901;
    pub const INVALID_SCHEMA: u32 = 42201;
}

/// A text of the registry that is shown is cut after so many characters: one line is enough to know it by.
const MOST_CHARACTERS: usize = 300;

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
        return read(body)
            .map(Answer::Said)
            .ok_or_else(|| format!("status {status}, but no registry's answer"));
    }
    let Ok(error) = serde_json::from_slice::<RawError>(body) else {
        return Err(if status == StatusCode::NOT_FOUND {
            format!(
                "status {status} from something that is no registry: does SCHEMA_REGISTRY_URL have the registry's path? (That of Apicurio ends in /apis/ccompat/v7)"
            )
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
    json::<RawRegisteredSchema>(body).filter(|held| held.schema.is_some())
}

/// The id of a schema that was registered.
pub(super) fn given_id(body: &[u8]) -> Option<u32> {
    json::<RawRegisteredSchema>(body)?.id
}

/// Whether a schema would be taken, and why not, where the registry says why.
#[derive(Debug, Deserialize)]
pub(super) struct Verdict {
    pub is_compatible: bool,
    pub messages: Option<Vec<String>>,
}

/// Any answer that is JSON of that shape.
pub(super) fn json<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
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
    fn a_message_is_shown_on_one_line_and_not_for_ever() {
        let body = format!(r#"{{"error_code":50001,"message":"a\nb{}"}}"#, "é".repeat(1000));
        let reason = said(500, &body);
        assert!(
            reason.contains("50001: a bé") && reason.chars().count() < 400,
            "{reason}"
        );
    }
}
