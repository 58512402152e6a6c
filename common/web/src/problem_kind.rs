//! The closed list of problem types, with the `type` URI, status and title of each (RFC 9457). When to refuse is never
//! decided here.

use actix_web::http::StatusCode;

/// A problem type. Its `type` URI never changes its meaning: clients branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request is malformed or invalid; `errors` names the fields.
    InvalidRequest,
    /// A web page of an origin that is not allowed tried to write.
    CrossOrigin,
    /// No such order.
    OrderNotFound,
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
    /// (`type` URI, status, title): the one table of them.
    fn definition(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::InvalidRequest => ("/problems/invalid-request", 400, "Invalid request"),
            Self::CrossOrigin => ("/problems/cross-origin", 403, "Cross-origin writes not allowed"),
            Self::OrderNotFound => ("/problems/order-not-found", 404, "Order not found"),
            Self::UnknownTopic => ("/problems/unknown-topic", 404, "Unknown topic"),
            Self::NotFound => ("/problems/not-found", 404, "Not found"),
            Self::MethodNotAllowed => ("/problems/method-not-allowed", 405, "Method not allowed"),
            Self::RequestTimeout => ("/problems/request-timeout", 408, "Request timed out"),
            Self::OrderExists => ("/problems/order-exists", 409, "Order already exists"),
            Self::IllegalTransition => ("/problems/illegal-transition", 409, "Illegal status transition"),
            Self::VersionMismatch => ("/problems/version-mismatch", 412, "Version mismatch"),
            Self::PayloadTooLarge => ("/problems/payload-too-large", 413, "Request body too large"),
            Self::UnsupportedMediaType => ("/problems/unsupported-media-type", 415, "Unsupported media type"),
            Self::MisdirectedRequest => ("/problems/misdirected-request", 421, "Host not allowed"),
            Self::KeyReused => ("/problems/key-reused", 422, "Idempotency-Key already used"),
            Self::Internal => ("/problems/internal", 500, "Internal error"),
            Self::NotReady => ("/problems/not-ready", 503, "Service not ready"),
            Self::Unavailable => ("/problems/unavailable", 503, "Temporarily unavailable"),
            Self::OutcomeUnknown => ("/problems/outcome-unknown", 504, "Outcome unknown"),
            Self::WaitTimedOut => ("/problems/wait-timed-out", 504, "Timed out waiting for the order"),
            Self::Other(status) => (
                "about:blank",
                status.as_u16(),
                status.canonical_reason().unwrap_or("Error"),
            ),
        }
    }

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

    /// The `type`: a URI reference (RFC 9457, section 3.1.1).
    pub fn type_uri(self) -> &'static str {
        self.definition().0
    }

    /// The status.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.definition().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The title; the same for every problem of the kind.
    pub fn title(self) -> &'static str {
        self.definition().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ProblemKind; 19] = [
        ProblemKind::InvalidRequest,
        ProblemKind::CrossOrigin,
        ProblemKind::MisdirectedRequest,
        ProblemKind::OrderNotFound,
        ProblemKind::UnknownTopic,
        ProblemKind::NotFound,
        ProblemKind::MethodNotAllowed,
        ProblemKind::RequestTimeout,
        ProblemKind::OrderExists,
        ProblemKind::IllegalTransition,
        ProblemKind::VersionMismatch,
        ProblemKind::PayloadTooLarge,
        ProblemKind::UnsupportedMediaType,
        ProblemKind::KeyReused,
        ProblemKind::Internal,
        ProblemKind::NotReady,
        ProblemKind::Unavailable,
        ProblemKind::OutcomeUnknown,
        ProblemKind::WaitTimedOut,
    ];

    #[test]
    fn each_kind_has_a_type_of_its_own_and_an_error_status() {
        let mut types: Vec<_> = ALL.iter().map(|kind| kind.type_uri()).collect();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), ALL.len());
        for kind in ALL {
            assert_eq!(kind.status().as_u16(), kind.definition().1, "{kind:?}");
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
