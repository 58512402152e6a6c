//! What a registry's response means: what was requested, an error that answers the request, or nothing usable. Pure.
//!
//! Only the fields that we need are read. Registries of other vendors and ages leave fields out, add their own, and put
//! anything into those that nobody needs.
//!
//! - `codes`: the error codes of Confluent's API;
//! - `json`: reading values leniently;
//! - `schema`, `subject`: what is read from a success, by kind.

pub(crate) mod codes;
mod json;
mod schema;
mod subject;
#[cfg(test)]
mod tests;

use reqwest::StatusCode;
use schema_registry_converter::schema_registry_common::RawError;
use serde_json::{Value, json as json_value};

pub(crate) use json::parse_json;
pub(crate) use schema::{LATEST, parse_id, parse_registration, parse_schema};
pub(crate) use subject::{CompatibilityResult, parse_compatibility, parse_level, parse_mode, parse_versions};

use json::number;
use schema::{LARGEST_ID, invalid_id};

/// A text from the registry is cut to this length before it is shown: one line is enough to recognize it.
const MAX_SHOWN_CHARS: usize = 300;

/// Where to look when something other than the registry responds.
const NOT_A_REGISTRY: &str = "from something other than a schema registry; does SCHEMA_REGISTRY_URL have the registry's path? (Apicurio's ends in /apis/ccompat/v7)";

/// A definite response.
#[derive(Debug)]
pub(crate) enum Response<T> {
    /// What was requested.
    Success(T),
    /// The registry rejects the request or does not have the thing: one of the expected errors.
    Refused(RawError),
}

/// A response that does not answer the request.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum UnexpectedResponse {
    #[error("status {status}, but the registry returned id {id}; ids are 1 to {LARGEST_ID}")]
    InvalidId { status: StatusCode, id: String },
    #[error("status {0}, but not a schema registry response; it comes {NOT_A_REGISTRY}")]
    Page(StatusCode),
    #[error("status {0}, but not a schema registry response")]
    Body(StatusCode),
    #[error("status {0} {NOT_A_REGISTRY}")]
    PathNotFound(StatusCode),
    #[error("status {0}")]
    Status(StatusCode),
    #[error("status {status} (error code {code}: {message})")]
    ErrorCode {
        status: StatusCode,
        code: u32,
        message: String,
    },
    /// A redirect that would change the method, and was not followed.
    #[error("redirects ({}) to {target}; set SCHEMA_REGISTRY_URL to {set_to}", .status.as_u16())]
    Redirect {
        status: StatusCode,
        target: String,
        set_to: &'static str,
    },
}

/// Interprets a response: `expected_errors` are the error codes that answer the request, `parse` reads the body of a
/// success.
///
/// # Errors
/// When it is neither.
pub(crate) fn interpret<T>(
    status: StatusCode,
    body: &[u8],
    expected_errors: &[u32],
    parse: fn(&[u8]) -> Option<T>,
) -> Result<Response<T>, UnexpectedResponse> {
    if status.is_success() {
        return match parse(body) {
            Some(value) => Ok(Response::Success(value)),
            None => Err(unexpected_success(status, body)),
        };
    }
    let Some(error) = parse_error(body) else {
        return Err(if status == StatusCode::NOT_FOUND {
            UnexpectedResponse::PathNotFound(status)
        } else {
            UnexpectedResponse::Status(status)
        });
    };
    // The code begins with the status. A proxy that rewrites one of the two cannot be trusted.
    let belongs = [error.error_code, error.error_code / 100].contains(&status.as_u16().into());
    if belongs && expected_errors.contains(&error.error_code) {
        return Ok(Response::Refused(error));
    }
    Err(UnexpectedResponse::ErrorCode {
        status,
        code: error.error_code,
        message: one_line(&error.message),
    })
}

fn unexpected_success(status: StatusCode, body: &[u8]) -> UnexpectedResponse {
    if let Some(id) = invalid_id(body) {
        UnexpectedResponse::InvalidId { status, id }
    } else if body.trim_ascii_start().starts_with(b"<") {
        UnexpectedResponse::Page(status)
    } else {
        UnexpectedResponse::Body(status)
    }
}

/// The message of a response that means "not found" at another vendor's registry, which has its own codes or none: JSON
/// with an error code of 404, or with nothing but a message. Gateways respond like this too, so the caller has to find out
/// whether a registry did.
pub(crate) fn vendor_not_found(status: StatusCode, body: &[u8]) -> Option<String> {
    if status != StatusCode::NOT_FOUND {
        return None;
    }
    let body: Value = parse_json(body)?;
    let message = body["message"].as_str();
    match &body["error_code"] {
        Value::Null => message.filter(|message| !message.is_empty()).map(str::to_owned),
        code => number(code)
            .filter(|code| matches!(code, 404 | 40400..=40499))
            .map(|_| message.unwrap_or_default().to_owned()),
    }
}

/// A foreign text, on one line and not too long.
pub(crate) fn one_line(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(MAX_SHOWN_CHARS) {
        words.truncate(end);
        words.push('…');
    }
    words
}

/// An error of the registry. It must have a code.
fn parse_error(body: &[u8]) -> Option<RawError> {
    let body: Value = parse_json(body)?;
    let message = body["message"].as_str().unwrap_or_default();
    error(number(&body["error_code"])?, message)
}

/// An error with this code.
pub(crate) fn error(code: u32, message: &str) -> Option<RawError> {
    // Its fields can be read, but not set.
    serde_json::from_value(json_value!({"error_code": code, "message": message})).ok()
}
