//! How a success is written: plain, or, under `/api`, in the envelope `{success, message, data}`. Handlers return a
//! [`Reply`] and never look at the path themselves.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, Responder};
use serde::Serialize;

use super::problem::Problem;

/// The prefix under which every path is served a second time, in the envelope.
pub const ENVELOPE_PREFIX: &str = "/api";

/// Whether responses at that path go into the envelope.
pub fn is_enveloped(path: &str) -> bool {
    path.strip_prefix(ENVELOPE_PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[derive(Serialize)]
struct Success<'a, T> {
    success: bool,
    message: &'a str,
    data: &'a T,
}

#[derive(Serialize)]
struct Failure<'a, T> {
    success: bool,
    error: &'a str,
    details: &'a T,
}

/// The envelope of an error.
pub(super) fn failure(error: &str, details: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&Failure {
        success: false,
        error,
        details,
    })
}

/// A response with a JSON body. Its message is shown only in the envelope.
#[derive(Clone, Debug)]
pub struct Reply<T> {
    status: StatusCode,
    message: &'static str,
    body: Option<T>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl<T> Reply<T> {
    /// A response with that status.
    pub fn new(status: StatusCode, message: &'static str, body: T) -> Self {
        Self {
            status,
            message,
            body: Some(body),
            headers: Vec::new(),
        }
    }

    /// A 304: the client's copy of that version is current (RFC 9110, section 15.4.5).
    pub fn not_modified(version: i32) -> Self {
        let reply = Self {
            status: StatusCode::NOT_MODIFIED,
            message: "",
            body: None,
            headers: Vec::new(),
        };
        reply.etag(version)
    }

    /// A 200.
    pub fn ok(message: &'static str, body: T) -> Self {
        Self::new(StatusCode::OK, message, body)
    }

    /// A 201. `location` is a percent-encoded URI reference; one that is not a valid header value is omitted.
    pub fn created(message: &'static str, location: &str, body: T) -> Self {
        let reply = Self::new(StatusCode::CREATED, message, body);
        match HeaderValue::from_str(location) {
            Ok(location) => reply.header(header::LOCATION, location),
            Err(_) => reply,
        }
    }

    /// Adds the order's version as a strong entity tag: `"3"` (RFC 9110, section 8.8.3).
    pub fn etag(self, version: i32) -> Self {
        match HeaderValue::from_str(&format!("\"{version}\"")) {
            Ok(tag) => self.header(header::ETAG, tag),
            Err(_) => self,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl<T: Serialize> Responder for Reply<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let Self {
            status,
            message,
            body,
            headers,
        } = self;
        let mut response = HttpResponseBuilder::new(status);
        for header in headers {
            response.insert_header(header);
        }
        let Some(body) = body else {
            return response.finish();
        };
        let bytes = match (is_enveloped(request.path()), status.is_success()) {
            (false, _) => serde_json::to_vec(&body),
            (true, true) => serde_json::to_vec(&Success {
                success: true,
                message,
                data: &body,
            }),
            (true, false) => failure(message, &body),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return HttpResponse::from_error(Problem::internal(error)),
        };
        response.content_type(header::ContentType::json()).body(bytes)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;
    use actix_web::test::TestRequest;
    use serde_json::{Value, json};

    use super::*;

    fn body(reply: Reply<Value>, path: &str) -> Value {
        let response = reply.respond_to(&TestRequest::with_uri(path).to_http_request());
        serde_json::from_slice(&response.into_body().try_into_bytes().expect("a body in memory")).expect("JSON")
    }

    #[test]
    fn a_reply_is_plain_at_the_root_and_enveloped_under_api() {
        let reply = Reply::ok("Order found", json!({"orderId": "ORD-1"}));
        assert_eq!(body(reply.clone(), "/order-details"), json!({"orderId": "ORD-1"}));
        assert_eq!(body(reply.clone(), "/apiary"), json!({"orderId": "ORD-1"}));
        assert_eq!(
            body(reply, "/api/order-details?orderId=1"),
            json!({"success": true, "message": "Order found", "data": {"orderId": "ORD-1"}})
        );
    }

    #[test]
    fn an_unsuccessful_reply_says_so_in_the_envelope() {
        let reply = Reply::new(StatusCode::SERVICE_UNAVAILABLE, "not ready", json!({"ready": false}));
        assert_eq!(
            body(reply, "/api/health/ready"),
            json!({"success": false, "error": "not ready", "details": {"ready": false}})
        );
    }

    #[test]
    fn a_created_reply_carries_location_and_etag() {
        let reply = Reply::created("Order created", "http://h/order-details?orderId=1", json!({})).etag(1);
        let response = reply.respond_to(&TestRequest::default().to_http_request());
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(
            response.headers().get(header::LOCATION).expect("it"),
            "http://h/order-details?orderId=1"
        );
        assert_eq!(response.headers().get(header::ETAG).expect("it"), "\"1\"");
        assert_eq!(
            response.headers().get(header::CONTENT_TYPE).expect("it"),
            "application/json"
        );
    }
}
