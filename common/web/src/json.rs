//! JSON bodies, read strictly: media type, size and time limits are enforced, and each error names its field. What a body
//! means is never decided here.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::time::Duration;

use actix_web::body::{BodyStream, MessageBody};
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, dev, web};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

use super::problem::Problem;
use super::problem_kind::ProblemKind;
use super::{connections, media_type, validation};

/// Largest request body, in bytes. An order of 100 items with the longest ids takes about 15 KiB.
pub const BODY_LIMIT: usize = 256 * 1024;

/// How long a client may take to send its body: a slow client must not hold its connection indefinitely.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A request's body of type `T`. Unlike actix-web's extractor, its errors are [`Problem`]s that name the field.
#[derive(Clone, Debug)]
pub struct Json<T> {
    /// The parsed value.
    pub value: T,
    /// The body as it was received.
    pub text: web::Bytes,
}

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut dev::Payload) -> Self::Future {
        let length = check_headers(request.headers());
        let receiving = connections::track_body(request);
        let payload = payload.take();
        Box::pin(async move {
            let length = length?;
            let body = tokio::time::timeout(BODY_TIMEOUT, receive(payload, length)).await;
            drop(receiving);
            let body = body.map_err(|_| {
                Problem::new(
                    ProblemKind::RequestTimeout,
                    format!("the body did not arrive within {} seconds", BODY_TIMEOUT.as_secs()),
                )
            })??;
            let value = parse(&body)?;
            Ok(Self { value, text: body })
        })
    }
}

/// Parses a complete JSON text: exactly one object, nothing after it. A leading byte order mark is ignored, as RFC 8259
/// (section 8.1) allows: some clients always send one.
///
/// # Errors
/// A 400; `errors` names the field, where there is one.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = utf_8(body).ok_or_else(|| Problem::new(ProblemKind::InvalidRequest, "the body is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.bytes().all(|byte| byte.is_ascii_whitespace()) {
        return Err(Problem::new(ProblemKind::InvalidRequest, "the body is empty"));
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(|error| validation::from_json(&error))?;
    json.end().map_err(|error| {
        Problem::new(
            ProblemKind::InvalidRequest,
            format!("the body is not valid JSON: {error}"),
        )
    })?;
    Ok(value)
}

/// The text, if it is UTF-8. JSON begins with ASCII, so a zero byte at the start means UTF-16 or UTF-32, which could
/// otherwise pass for UTF-8.
fn utf_8(body: &[u8]) -> Option<&str> {
    let wide = body.iter().take(2).any(|byte| *byte == 0);
    std::str::from_utf8(body).ok().filter(|_| !wide)
}

/// A struct that is read only from an object: serde's derive would also accept an array of the field values.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }
        deserializer.deserialize_map(Members(PhantomData)).map(Object)
    }
}

/// For a field that is null or an array of objects: `#[serde(deserialize_with = "crate::json::objects")]`.
///
/// # Errors
/// Only the deserializer's own errors.
pub fn objects<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(list.map(|list| list.into_iter().map(|Object(entry)| entry).collect()))
}

/// Checks what can be refused before the body is read. Returns the `Content-Length`, if there is one.
fn check_headers(headers: &HeaderMap) -> Result<Option<usize>, Problem> {
    let unsupported = |detail: &str| Err(Problem::new(ProblemKind::UnsupportedMediaType, detail));
    if !media_type::of(headers).is_some_and(|media_type| media_type::is_json(&media_type)) {
        return unsupported("send the body with Content-Type: application/json");
    }
    // Nothing here decompresses, so no small body can become a large one. RFC 9110, section 8.4.1 asks for a 415.
    let is_plain = |coding: &[u8]| matches!(coding.trim_ascii(), [] | b"identity");
    let mut codings = headers.get_all(header::CONTENT_ENCODING);
    if !codings.all(|list| {
        list.as_bytes()
            .to_ascii_lowercase()
            .split(|byte| *byte == b',')
            .all(is_plain)
    }) {
        return unsupported("send the body without a Content-Encoding");
    }
    // actix-web has refused malformed lengths, and a length beside chunked encoding.
    let length = headers.get(header::CONTENT_LENGTH);
    let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    match length.map(usize::try_from) {
        Some(Ok(length)) if length <= BODY_LIMIT => Ok(Some(length)),
        Some(_) => Err(too_large()),
        None => Ok(None),
    }
}

/// The body, up to its `Content-Length` or the end of the payload. The two differ where the client offered a WebSocket
/// upgrade: actix-web then treats everything that follows on the connection as the body.
async fn receive(payload: dev::Payload, length: Option<usize>) -> Result<web::Bytes, Problem> {
    let mut payload = pin!(BodyStream::new(payload));
    let mut body = web::BytesMut::new();
    while length.is_none_or(|length| body.len() < length) {
        let Some(chunk) = poll_fn(|context| payload.as_mut().poll_next(context)).await else {
            break;
        };
        let chunk = chunk.map_err(|broken| Problem::new(ProblemKind::InvalidRequest, broken.to_string()))?;
        if body.len() + chunk.len() > BODY_LIMIT {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    if let Some(length) = length {
        body.truncate(length);
    }
    Ok(body.freeze())
}

fn too_large() -> Problem {
    Problem::new(
        ProblemKind::PayloadTooLarge,
        format!("the body is larger than {BODY_LIMIT} bytes"),
    )
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
