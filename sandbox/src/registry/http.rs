//! How the registry reads requests and writes responses: content types, the size limit, the error body. No rule about
//! schemas is here.

use std::future::Future;
use std::pin::Pin;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, ResponseError};
use orderlog_web::access::{AccessDenied, AccessPolicy};
use orderlog_web::{json, media_type};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::Refusal;

/// The largest request body, in bytes.
pub const LARGEST_BODY: usize = 1024 * 1024;

/// The content type of every response.
pub const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// The content types that Confluent's clients send JSON as. Web pages cannot send any of them without a preflight.
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
        let content_type = media_type::of(request.headers()).unwrap_or_default();
        let bytes = Bytes::from_request(request, payload);
        Box::pin(async move {
            if !ACCEPTED.contains(&content_type.as_str()) {
                return Err(Refusal::UnsupportedContentType(content_type));
            }
            let bytes = bytes
                .await
                .map_err(|error| match error.as_response_error().status_code() {
                    StatusCode::PAYLOAD_TOO_LARGE => Refusal::BodyTooLarge(LARGEST_BODY),
                    _ => Refusal::UnreadableBody(error.to_string()),
                })?;
            let value = json::parse(&bytes);
            value
                .map(Body)
                .map_err(|problem| Refusal::UnreadableBody(problem.summary().to_owned()))
        })
    }
}

/// Middleware for `actix_web::middleware::from_fn`: admits the same callers as both services do.
///
/// # Errors
/// Only errors of an inner middleware; a refusal is an answer.
pub async fn admit<B: MessageBody + 'static>(
    access: AccessPolicy,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match access.check(request.head()) {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(AccessDenied::Host(host)) => Ok(request.error_response(Refusal::OtherHost(host))),
        Err(AccessDenied::Origin(_) | AccessDenied::Administration) => Ok(request.error_response(Refusal::ForeignPage)),
    }
}

/// Whether a query parameter is true. Clients write `true` and `True`; anything else, or its absence, means false.
pub fn flag(request: &HttpRequest, name: &str) -> bool {
    let pairs = request
        .query_string()
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .into_iter()
        .any(|(key, value)| key == name && value.eq_ignore_ascii_case("true"))
}

/// A 200 answer with that body.
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
