//! The closed list of what can go wrong, with the `type`, status and title of each (RFC 9457). When to refuse is never
//! decided here.

use actix_web::http::StatusCode;

/// What went wrong. A kind's `type` never changes its meaning: clients branch on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request itself cannot be understood; `errors` names the fields.
    InvalidRequest,
    /// A web page of an origin that is not allowed wants to write.
    CrossOrigin,
    /// No such order.
    OrderNotFound,
    /// No such topic.
    UnknownTopic,
    /// No such path, or nothing at it.
    NotFound,
    /// The path takes other methods; `Allow` names them.
    MethodNotAllowed,
    /// The client took too long to send the request's body.
    RequestTimeout,
    /// An order of that id is there already.
    OrderExists,
    /// The order's status cannot change so.
    IllegalTransition,
    /// The order is not at a version that `If-Match` or `If-None-Match` allows.
    VersionMismatch,
    /// The body is larger than the limit.
    PayloadTooLarge,
    /// The body is not JSON by its headers.
    UnsupportedMediaType,
    /// The service is not called by the name in the request's Host.
    MisdirectedRequest,
    /// The Idempotency-Key came before with another request.
    KeyReused,
    /// A bug or a broken disk; the log has the cause.
    Internal,
    /// The service is not ready yet; nothing was done.
    NotReady,
    /// Something that the service needs is away; nothing was done.
    Unavailable,
    /// The event was sent, and whether it won is not known; `eventId` names it.
    OutcomeUnknown,
    /// What was waited for did not come in time.
    WaitTimedOut,
    /// A status that only the HTTP server itself gives: it means no more than the status says (RFC 9457, 4.2.1).
    Other(StatusCode),
}

impl Kind {
    /// (`type`, status, title): the one table of them.
    fn facts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::InvalidRequest => ("/problems/invalid-request", 400, "The request is not valid"),
            Self::CrossOrigin => (
                "/problems/cross-origin",
                403,
                "Web pages of other origins may not write",
            ),
            Self::OrderNotFound => ("/problems/order-not-found", 404, "There is no such order"),
            Self::UnknownTopic => ("/problems/unknown-topic", 404, "There is no such topic"),
            Self::NotFound => ("/problems/not-found", 404, "There is nothing here"),
            Self::MethodNotAllowed => ("/problems/method-not-allowed", 405, "This path takes other methods"),
            Self::RequestTimeout => ("/problems/request-timeout", 408, "The request came too slowly"),
            Self::OrderExists => ("/problems/order-exists", 409, "The order exists already"),
            Self::IllegalTransition => ("/problems/illegal-transition", 409, "The status cannot change so"),
            Self::VersionMismatch => ("/problems/version-mismatch", 412, "The order has another version"),
            Self::PayloadTooLarge => ("/problems/payload-too-large", 413, "The body is too large"),
            Self::UnsupportedMediaType => ("/problems/unsupported-media-type", 415, "The body must be JSON"),
            Self::MisdirectedRequest => ("/problems/misdirected-request", 421, "The service is not called so"),
            Self::KeyReused => (
                "/problems/key-reused",
                422,
                "The Idempotency-Key belongs to another request",
            ),
            Self::Internal => ("/problems/internal", 500, "Something broke inside"),
            Self::NotReady => ("/problems/not-ready", 503, "The service is not ready yet"),
            Self::Unavailable => ("/problems/unavailable", 503, "The service cannot do this at the moment"),
            Self::OutcomeUnknown => ("/problems/outcome-unknown", 504, "The outcome is not known yet"),
            Self::WaitTimedOut => (
                "/problems/wait-timed-out",
                504,
                "What was waited for did not come in time",
            ),
            Self::Other(status) => (
                "about:blank",
                status.as_u16(),
                status.canonical_reason().unwrap_or("Error"),
            ),
        }
    }

    /// The kind that fits a status that somebody else gave (the HTTP server, a library).
    pub fn of_status(status: StatusCode) -> Self {
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

    /// The `type`: a URI reference (RFC 9457, 3.1.1).
    pub fn type_uri(self) -> &'static str {
        self.facts().0
    }

    /// The status.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The title: the same for every problem of the kind.
    pub fn title(self) -> &'static str {
        self.facts().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Kind; 19] = [
        Kind::InvalidRequest,
        Kind::CrossOrigin,
        Kind::MisdirectedRequest,
        Kind::OrderNotFound,
        Kind::UnknownTopic,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::RequestTimeout,
        Kind::OrderExists,
        Kind::IllegalTransition,
        Kind::VersionMismatch,
        Kind::PayloadTooLarge,
        Kind::UnsupportedMediaType,
        Kind::KeyReused,
        Kind::Internal,
        Kind::NotReady,
        Kind::Unavailable,
        Kind::OutcomeUnknown,
        Kind::WaitTimedOut,
    ];

    #[test]
    fn each_kind_has_a_type_of_its_own_and_an_error_status() {
        let mut types: Vec<_> = ALL.iter().map(|kind| kind.type_uri()).collect();
        types.sort_unstable();
        types.dedup();
        assert_eq!(types.len(), ALL.len());
        for kind in ALL {
            assert_eq!(kind.status().as_u16(), kind.facts().1, "{kind:?}");
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
            assert_eq!(Kind::of_status(status).status(), status);
        }
        assert_eq!(Kind::of_status(StatusCode::IM_A_TEAPOT).type_uri(), "about:blank");
    }
}
