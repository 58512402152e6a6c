//! The closed list of problem types (RFC 9457). What each means is in `definitions`; when to refuse is never decided
//! here.

mod definitions;

use actix_web::http::StatusCode;
pub use definitions::{Definition, Effect};

/// A problem type. Its `type` URI never changes its meaning: clients branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request is malformed or invalid; `errors` names the fields.
    InvalidRequest,
    /// Administration needs the key, and the request has none or another one.
    AdminKeyRequired,
    /// No key is set, and the request does not come from the service's own machine.
    AdminLoopbackOnly,
    /// A web page of an origin that is not allowed tried to write.
    CrossOrigin,
    /// No such order.
    OrderNotFound,
    /// No such dead letter.
    DeadLetterNotFound,
    /// No such replay.
    ReplayNotFound,
    /// No such topic.
    UnknownTopic,
    /// No such path.
    NotFound,
    /// The path does not support the method; `Allow` lists those it does.
    MethodNotAllowed,
    /// The client took too long to send the request's body.
    RequestTimeout,
    /// An order with that id already exists.
    OrderExists,
    /// The order's status cannot change that way.
    IllegalTransition,
    /// The order's version does not satisfy `If-Match` or `If-None-Match`.
    VersionMismatch,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// The `Content-Type` is not JSON, or the body is compressed.
    UnsupportedMediaType,
    /// The request's `Host` is not allowed.
    MisdirectedRequest,
    /// The `Idempotency-Key` was used for another request.
    KeyReused,
    /// A bug or a disk failure; the cause is in the log.
    Internal,
    /// The service is starting or stopping; nothing was done.
    NotReady,
    /// A dependency of the service is unavailable; nothing was done.
    Unavailable,
    /// The event was sent, but its outcome is not known; `eventId` names it.
    OutcomeUnknown,
    /// The order did not reach the requested version in time.
    WaitTimedOut,
    /// A status that only the HTTP server itself returns; it means no more than the status says (RFC 9457, section 4.2.1).
    Other(StatusCode),
}

impl ProblemKind {
    /// Every kind that has a page, in the order of their statuses.
    pub const ALL: [Self; 23] = [
        Self::InvalidRequest,
        Self::AdminKeyRequired,
        Self::AdminLoopbackOnly,
        Self::CrossOrigin,
        Self::OrderNotFound,
        Self::DeadLetterNotFound,
        Self::ReplayNotFound,
        Self::UnknownTopic,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::OrderExists,
        Self::IllegalTransition,
        Self::VersionMismatch,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::MisdirectedRequest,
        Self::KeyReused,
        Self::Internal,
        Self::NotReady,
        Self::Unavailable,
        Self::OutcomeUnknown,
        Self::WaitTimedOut,
    ];

    /// The kind for a status set elsewhere (the HTTP server, a library).
    pub fn from_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::InvalidRequest,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::RequestTimeout,
            413 => Self::PayloadTooLarge,
            415 => Self::UnsupportedMediaType,
            500 => Self::Internal,
            503 => Self::Unavailable,
            _ => Self::Other(status),
        }
    }

    /// The kind with that `type`.
    pub fn from_type_uri(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.type_uri() == uri)
    }

    /// The `type`: a URI reference (RFC 9457, section 3.1.1), at which the service has a page about it.
    pub fn type_uri(self) -> &'static str {
        self.definition().type_uri
    }

    /// The status.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.definition().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The title; the same for every problem of the kind.
    pub fn title(self) -> &'static str {
        self.definition().title
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_type_of_its_own_and_an_error_status() {
        let mut types: Vec<_> = ProblemKind::ALL.iter().map(|kind| kind.type_uri()).collect();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), ProblemKind::ALL.len());
        for kind in ProblemKind::ALL {
            assert_eq!(ProblemKind::from_type_uri(kind.type_uri()), Some(kind));
            assert_eq!(kind.status().as_u16(), kind.definition().status, "{kind:?}");
            assert!(
                kind.status().is_client_error() || kind.status().is_server_error(),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_status_from_elsewhere_keeps_its_number() {
        for code in [400, 404, 405, 408, 413, 414, 415, 418, 431, 500, 501, 503, 504] {
            let status = StatusCode::from_u16(code).expect("a status");
            assert_eq!(ProblemKind::from_status(status).status(), status);
        }
        assert_eq!(
            ProblemKind::from_status(StatusCode::IM_A_TEAPOT).type_uri(),
            "about:blank"
        );
    }
}
