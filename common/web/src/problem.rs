//! The one shape of error responses: `application/problem+json` (RFC 9457). When to refuse is never decided here.

use std::fmt;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::problem_kind::ProblemKind;

/// The media type of RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Default `Retry-After` of a 503, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, ToSchema)]
pub struct FieldError {
    /// Name of the field, parameter or header. A field of an item has a path: `items[0].quantity`.
    #[schema(example = "items[0].quantity")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "must be a whole number from 1 to 1000000")]
    pub message: String,
}

/// An error response. Handlers return it as their error.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    errors: Vec<FieldError>,
    members: Vec<(&'static str, Value)>,
    retry_after: Option<u32>,
    allow: Option<&'static str>,
}

impl Problem {
    /// A problem of that kind; `detail` explains this occurrence in one sentence (or is empty). A 503 gets a `Retry-After`.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let retry_after = (kind.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_AFTER_SECONDS);
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            members: Vec::new(),
            retry_after,
            allow: None,
        }
    }

    /// A 500. The cause is logged here and never shown to the client.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(error = format!("{cause:#}"), "request failed");
        Self::new(ProblemKind::Internal, "")
    }

    /// A 405 for a path that supports only those methods (RFC 9110, section 15.5.6 requires `Allow`).
    pub fn method_not_allowed(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(ProblemKind::MethodNotAllowed, format!("this path supports {allow}"))
        }
    }

    /// Adds the invalid fields.
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// Adds an extension member (RFC 9457, section 3.2), such as `eventId`. The standard members' names are reserved.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        debug_assert!(
            !["type", "title", "status", "detail", "errors"].contains(&name),
            "{name} is reserved"
        );
        self.members.push((name, value.into()));
        self
    }

    /// Sets `Retry-After`, in seconds (RFC 9110, section 10.2.3).
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The kind.
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The invalid fields.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The detail, or the title where there is none.
    pub fn summary(&self) -> &str {
        if self.detail.is_empty() {
            self.kind.title()
        } else {
            &self.detail
        }
    }
}

impl From<anyhow::Error> for Problem {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.kind.type_uri())?;
        map.serialize_entry("title", self.kind.title())?;
        map.serialize_entry("status", &self.kind.status().as_u16())?;
        if !self.detail.is_empty() {
            map.serialize_entry("detail", &self.detail)?;
        }
        if !self.errors.is_empty() {
            map.serialize_entry("errors", &self.errors)?;
        }
        for (name, value) in &self.members {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.type_uri(), self.summary())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.kind.status());
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some(methods) = self.allow {
            response.insert_header((header::ALLOW, methods));
        }
        if self.kind == ProblemKind::AdminKeyRequired {
            // RFC 9110, section 15.5.2 requires it.
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        // Strings and JSON values always serialize.
        response
            .content_type(PROBLEM_JSON)
            .body(serde_json::to_vec(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;
    use serde_json::json;

    use super::*;

    fn body(problem: &Problem) -> Value {
        let bytes = problem
            .error_response()
            .into_body()
            .try_into_bytes()
            .expect("a body in memory");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[test]
    fn the_body_has_the_members_of_rfc_9457_and_its_own() {
        let problem = Problem::new(ProblemKind::OutcomeUnknown, "not read back in time").with("eventId", "e-1");
        assert_eq!(
            body(&problem),
            json!({
                "type": "/problems/outcome-unknown", "title": "Outcome unknown", "status": 504,
                "detail": "not read back in time", "eventId": "e-1",
            })
        );
        assert_eq!(
            problem
                .error_response()
                .headers()
                .get(header::CONTENT_TYPE)
                .expect("a type"),
            PROBLEM_JSON
        );
    }

    #[test]
    fn a_503_always_says_when_to_retry() {
        let retry_after = |problem: Problem| problem.error_response().headers().get(header::RETRY_AFTER).cloned();
        for kind in [
            ProblemKind::NotReady,
            ProblemKind::Unavailable,
            ProblemKind::from_status(StatusCode::SERVICE_UNAVAILABLE),
        ] {
            assert_eq!(retry_after(Problem::new(kind, "")).expect("a Retry-After"), "1");
        }
        assert_eq!(
            retry_after(Problem::new(ProblemKind::NotReady, "").retry_after(7)).expect("a Retry-After"),
            "7"
        );
        assert_eq!(retry_after(Problem::new(ProblemKind::OrderNotFound, "")), None);
    }

    #[test]
    fn an_internal_problem_does_not_show_its_cause() {
        let body = body(&Problem::internal("the disk at /secret is full"));
        assert_eq!(
            body,
            json!({"type": "/problems/internal", "title": "Internal error", "status": 500})
        );
    }

    #[test]
    fn a_401_names_the_scheme() {
        let response = Problem::new(ProblemKind::AdminKeyRequired, "").error_response();
        assert_eq!(response.headers().get(header::WWW_AUTHENTICATE).expect("it"), "Bearer");
    }

    #[test]
    fn a_405_names_the_methods() {
        let response = Problem::method_not_allowed("GET, HEAD").error_response();
        assert_eq!(response.headers().get(header::ALLOW).expect("an Allow"), "GET, HEAD");
    }
}
