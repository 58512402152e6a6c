//! How the registry reads a request and writes a response: content types, the size limit, the error body. No rule about
//! schemas lives here.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::Refusal;

/// The largest request body, in bytes.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// The content type of every response.
pub const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// The content types that Confluent's clients send JSON as; none at all will do too.
const ACCEPTED: [&str; 4] = [
    MEDIA_TYPE,
    "application/vnd.schemaregistry+json",
    "application/json",
    "application/octet-stream",
];

/// A request body read as JSON.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Body<T>, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let content_type = content_type(request);
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            if !content_type.is_empty() && !ACCEPTED.contains(&content_type.as_str()) {
                return Err(Refusal::UnsupportedContentType(content_type));
            }
            let bytes = bytes
                .await
                .map_err(|error| match error.as_response_error().status_code() {
                    StatusCode::PAYLOAD_TOO_LARGE => Refusal::BodyTooLarge(LARGEST_BODY),
                    _ => Refusal::UnreadableBody(error.to_string()),
                })?;
            let value = serde_json::from_slice(&bytes);
            value
                .map(Body)
                .map_err(|error| Refusal::UnreadableBody(error.to_string()))
        })
    }
}

fn content_type(request: &HttpRequest) -> String {
    let value = request
        .headers()
        .get(header::CONTENT_TYPE)
        .map_or(&[][..], |value| value.as_bytes());
    let text = String::from_utf8_lossy(value);
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a query parameter says yes. Clients write `true` and `True`; anything else, or nothing, is no.
pub fn flag(request: &HttpRequest, name: &str) -> bool {
    let pairs = request
        .query_string()
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .into_iter()
        .any(|(key, value)| key == name && value.eq_ignore_ascii_case("true"))
}

/// An answer of 200 with that body.
pub fn answer(body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
        .json(body)
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let body = json!({ "error_code": self.code(), "message": self.to_string() });
        HttpResponse::build(self.status_code())
            .insert_header((header::CONTENT_TYPE, MEDIA_TYPE))
            .json(body)
    }
}
