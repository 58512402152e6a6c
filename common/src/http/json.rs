//! JSON bodies, read strictly: the right media type, within the limit, in time, and each fault with the field it is in.
//! What a body means is never judged here.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev, web};
use serde::de::DeserializeOwned;

use super::invalid;
use super::kind::Kind;
use super::problem::Problem;

/// Largest body that is read, in bytes. An order of 100 items with the longest ids takes about 15 KiB.
pub const BODY_LIMIT: usize = 256 * 1024;

/// Longest that a client may take to send its body: a slow one must not hold its connection for ever.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A request's body of type `T`. In place of actix-web's own: its errors are [`Problem`]s that name the field.
#[derive(Clone, Debug)]
pub struct Json<T> {
    /// What it says.
    pub value: T,
    /// The body as it came.
    pub text: web::Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let acceptable = check_headers(request);
        let payload = web::Payload::from_request(request, payload).into_inner();
        Box::pin(async move {
            acceptable?;
            let payload = payload.map_err(Problem::internal)?;
            let body = match tokio::time::timeout(BODY_TIMEOUT, payload.to_bytes_limited(BODY_LIMIT)).await {
                Ok(Ok(Ok(body))) => body,
                Ok(Ok(Err(broken))) => return Err(Problem::new(Kind::InvalidRequest, broken.to_string())),
                Ok(Err(_)) => return Err(too_large()),
                Err(_) => return Err(Problem::new(Kind::RequestTimeout, "the body did not come in time")),
            };
            let value = parse(&body)?;
            Ok(Self { value, text: body })
        })
    }
}

/// Reads a JSON text whole: exactly one value, nothing after it.
///
/// # Errors
/// A 400; `errors` names the field where the fault has one.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::new(Kind::InvalidRequest, "the body is empty"));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| invalid::from_json(&error))?;
    json.end()
        .map_err(|error| Problem::new(Kind::InvalidRequest, format!("the body is not valid JSON: {error}")))?;
    Ok(value)
}

/// What can be refused before the body is read.
fn check_headers(request: &HttpRequest) -> Result<(), Problem> {
    let unsupported = |detail: &str| Err(Problem::new(Kind::UnsupportedMediaType, detail));
    let is_json = matches!(request.mime_type(), Ok(Some(mime)) if mime.type_() == "application"
        && (mime.subtype() == "json" || mime.suffix().is_some_and(|suffix| suffix == "json")));
    if !is_json {
        return unsupported("send the body with Content-Type: application/json");
    }
    // Nothing here decompresses, so that no small body can become a large one (RFC 9110, 8.4.1: 415 is the answer).
    if request
        .headers()
        .get(header::CONTENT_ENCODING)
        .is_some_and(|coding| coding != "identity")
    {
        return unsupported("send the body without a Content-Encoding");
    }
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length| length > BODY_LIMIT as u64) {
        return Err(too_large());
    }
    Ok(())
}

fn too_large() -> Problem {
    Problem::new(Kind::PayloadTooLarge, format!("a body may have {BODY_LIMIT} bytes"))
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
