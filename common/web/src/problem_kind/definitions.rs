//! What each type of problem means: the one table behind the responses, the pages at `/problems/`, the OpenAPI documents and
//! docs/problems.md. Texts are for clients; a word in backticks is code. When to refuse is never decided here.

use super::ProblemKind;

/// The description of a type of problem.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// The `type`.
    pub type_uri: &'static str,
    /// The status.
    pub status: u16,
    /// The title.
    pub title: &'static str,
    /// What happened.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// Whether the request had an effect.
    pub effect: Effect,
}

/// Whether a request had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// None.
    None,
    /// None, but earlier attempts may have had one.
    NoneByThisAttempt,
    /// Nobody knows yet.
    Unknown,
    /// Only reads get it.
    ReadsOnly,
}

impl Effect {
    /// The effect in a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None: nothing was written.",
            Self::NoneByThisAttempt => {
                "None by this attempt. An earlier attempt with the same `Idempotency-Key` that got 504, or no response, may still take effect."
            }
            Self::Unknown => "Unknown. A write may have taken effect, may still take effect, or may never do so.",
            Self::ReadsOnly => "None: only reads get this response.",
        }
    }
}

impl ProblemKind {
    /// The description of the kind.
    pub fn definition(self) -> Definition {
        use Effect::{NoneByThisAttempt, ReadsOnly, Unknown};
        let (name, status, title, effect, meaning, remedy) = match self {
            Self::InvalidRequest => (
                "/problems/invalid-request",
                400,
                "Invalid request",
                Effect::None,
                "The body, a parameter or a header is missing, malformed or out of range. `errors` names each one, except where there is no name for it, as with a body that is empty or not JSON; `detail` then says what is wrong.",
                "Correct what `errors` or `detail` names, then send the request again. Unchanged, it will always be refused.",
            ),
            Self::AdminKeyRequired => (
                "/problems/admin-key-required",
                401,
                "Admin key required",
                Effect::None,
                "The request would change what becomes of dead letters, or resume a partition. This service allows that only with its admin key, and the request has no key or another one.",
                "Send `Authorization: Bearer` and the key. Whoever runs the service has it: it is the value of `ADMIN_API_KEY`, or the content of the file `ADMIN_API_KEY_FILE`.",
            ),
            Self::AdminLoopbackOnly => (
                "/problems/admin-loopback-only",
                403,
                "Allowed only on loopback",
                Effect::None,
                "The request would change what becomes of dead letters, or resume a partition. The service has no admin key, so it allows that only to clients on its own machine that connect to `localhost` directly, without a proxy.",
                "Set `ADMIN_API_KEY` or `ADMIN_API_KEY_FILE` for the service, restart it, and send the key with the request. Or send the request on the service's machine, to `localhost`.",
            ),
            Self::CrossOrigin => (
                "/problems/cross-origin",
                403,
                "Cross-origin write not allowed",
                Effect::None,
                "A web page from another origin tried to write. Browsers send some requests without asking the server first, so only pages from this service and from the origins in `CORS_ORIGINS` may write.",
                "If the page is yours, add its origin to `CORS_ORIGINS` (`--cors-origins`). Clients other than browsers are not affected.",
            ),
            Self::OrderNotFound => (
                "/problems/order-not-found",
                404,
                "Order not found",
                Effect::None,
                "There is no order with this id. cart-service says so only when it has read everything in the topic up to your request; order-service says so for what it has read so far.",
                "Check the id: one that consists only of digits stands for `ORD-` and the digits. If the order has just been created, ask order-service with `minVersion=1`: it then waits for the order.",
            ),
            Self::DeadLetterNotFound => (
                "/problems/dead-letter-not-found",
                404,
                "Dead letter not found",
                ReadsOnly,
                "There is no dead letter with this id, as far as order-service has read the dead-letter topic. Dead letters disappear when the topic's retention deletes them.",
                "Take the id from `GET /dlq/messages`: `0-17` is partition 0, offset 17 of the dead-letter topic, not of the event topic.",
            ),
            Self::ReplayNotFound => (
                "/problems/replay-not-found",
                404,
                "Replay not found",
                Effect::None,
                "This instance of order-service has no replay with this id. Each instance knows the replays that it has run itself: those that are running, and the last 100 that have ended.",
                "Take the id from `GET /dlq/replays`, of the instance that started it. What became of a dead letter is in `GET /dlq/messages`, with `state=any`, on every instance.",
            ),
            Self::UnknownTopic => (
                "/problems/unknown-topic",
                404,
                "Unknown topic",
                ReadsOnly,
                "order-service reads one topic of events, and this is another one.",
                "Use the topic that `detail` names.",
            ),
            Self::NotFound => (
                "/problems/not-found",
                404,
                "Not found",
                Effect::None,
                "The service has nothing at this path.",
                "Check the path. `detail` names the paths of the API, `/docs/` describes them, and `/` gives an overview. `/metrics`, `/problems/`, `/health/live` and `/health/ready` exist as well.",
            ),
            Self::MethodNotAllowed => (
                "/problems/method-not-allowed",
                405,
                "Method not allowed",
                Effect::None,
                "The path exists, but does not support this method.",
                "Use one of the methods in the `Allow` header.",
            ),
            Self::RequestTimeout => (
                "/problems/request-timeout",
                408,
                "Request timed out",
                Effect::None,
                "The body did not arrive within 10 seconds.",
                "Send the request again, with the whole body at once.",
            ),
            Self::OrderExists => (
                "/problems/order-exists",
                409,
                "Order already exists",
                Effect::None,
                "An order with this id already exists.",
                "For a different order, choose another id. If the order may be your own, from an earlier attempt, read it from order-service. With an `Idempotency-Key`, repeating a request returns its first answer instead of this problem.",
            ),
            Self::IllegalTransition => (
                "/problems/illegal-transition",
                409,
                "Illegal status transition",
                Effect::None,
                "The order's status, `currentStatus`, cannot change to the requested one. A status only moves forward, in the order `new`, `pending`, `confirmed`, `processing`, `shipped`, `delivered`, and may skip steps; an order can become `cancelled` until it is `shipped`. An order that has reached the highest possible version cannot change at all.",
                "Read the order, and choose a status that can follow.",
            ),
            Self::VersionMismatch => (
                "/problems/version-mismatch",
                412,
                "Version mismatch",
                Effect::None,
                "The order does not satisfy the request's `If-Match` or `If-None-Match`. `currentVersion` is the version that it has.",
                "Read the order, decide whether the request still makes sense, and repeat it with the order's current `ETag`.",
            ),
            Self::PayloadTooLarge => (
                "/problems/payload-too-large",
                413,
                "Request body too large",
                Effect::None,
                "The body is larger than 256 KiB. The largest valid order takes a small part of that.",
                "Send one order per request, without padding.",
            ),
            Self::UnsupportedMediaType => (
                "/problems/unsupported-media-type",
                415,
                "Unsupported media type",
                Effect::None,
                "The request does not say that its body is JSON, or the body is compressed.",
                "Send `Content-Type: application/json`, and no `Content-Encoding`.",
            ),
            Self::MisdirectedRequest => (
                "/problems/misdirected-request",
                421,
                "Host not allowed",
                Effect::None,
                "The service does not accept requests for the host name in `Host`. On localhost, this keeps web pages from reaching it by pointing their own host name at it (DNS rebinding).",
                "Use the service's proper address, or add the host name to `ALLOWED_HOSTS` (`--allowed-hosts`).",
            ),
            Self::KeyReused => (
                "/problems/key-reused",
                422,
                "Idempotency-Key already used",
                Effect::None,
                "This `Idempotency-Key` belongs to an earlier request with a different body or path.",
                "Use a new key for each new request. To repeat a request, send exactly the same body to the same path.",
            ),
            Self::Internal => (
                "/problems/internal",
                500,
                "Internal error",
                Unknown,
                "The service has a bug, or its disk failed. Its log names the cause.",
                "Look for the cause in the log. Before you repeat a write, read the order to see whether it took effect; with an `Idempotency-Key` you can simply repeat it.",
            ),
            Self::NotReady => (
                "/problems/not-ready",
                503,
                "Service not ready",
                NoneByThisAttempt,
                "The service is starting, is still reading the topic for the first time, or is shutting down.",
                "Retry after the number of seconds in `Retry-After`. `/health` says what the service is waiting for.",
            ),
            Self::Unavailable => (
                "/problems/unavailable",
                503,
                "Temporarily unavailable",
                NoneByThisAttempt,
                "Something that the request needs is unavailable for now, such as Kafka, the schema registry, the order's partition, disk space or a free connection; or other requests for the same order came first. `detail` says what.",
                "Retry after the number of seconds in `Retry-After`. If it persists, see `/health`.",
            ),
            Self::OutcomeUnknown => (
                "/problems/outcome-unknown",
                504,
                "Outcome unknown",
                Unknown,
                "The event was sent to Kafka, but could not be read back in time. It may be in the log, may arrive there later, or may be lost. `eventId` is its id.",
                "Repeat the same request with the same `Idempotency-Key` until the response is 2xx or 4xx; a 503 in between does not settle it. Without a key, read the order until its `version` or `eventId` shows the outcome.",
            ),
            Self::WaitTimedOut => (
                "/problems/wait-timed-out",
                504,
                "Timed out waiting for the order",
                ReadsOnly,
                "The order did not reach the requested version within `waitMs`.",
                "Ask again, possibly with a longer `waitMs` (up to 30,000). If that does not help, `/stats` shows whether order-service is behind; otherwise that version has not been written.",
            ),
            Self::Other(status) => (
                "about:blank",
                status.as_u16(),
                status.canonical_reason().unwrap_or("Error"),
                Effect::None,
                "",
                "",
            ),
        };
        Definition {
            type_uri: name,
            status,
            title,
            meaning,
            remedy,
            effect,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_says_what_it_means_and_what_to_do() {
        for kind in ProblemKind::ALL {
            let Definition { meaning, remedy, .. } = kind.definition();
            for text in [meaning, remedy] {
                assert!(
                    text.ends_with('.') && text.split('`').count() % 2 == 1,
                    "{kind:?}: {text}"
                );
            }
        }
    }
}
