//! An example of each type of problem, for its page and for the OpenAPI documents.

use serde_json::Value;

use super::problem::{FieldError, Problem};
use super::problem_kind::ProblemKind;

impl ProblemKind {
    /// A typical problem of the kind, as a service would write it.
    pub fn example(self) -> Problem {
        let with = |detail: &str, members: &[(&'static str, Value)]| {
            members
                .iter()
                .fold(Problem::new(self, detail), |problem, (name, value)| {
                    problem.with(name, value.clone())
                })
        };
        let order = || ("orderId", Value::from("ORD-1001"));
        match self {
            Self::InvalidRequest => Problem::invalid(vec![FieldError {
                field: "itemsCount".to_owned(),
                message: "must be a whole number from 1 to 100".to_owned(),
            }]),
            Self::AdminKeyRequired => with(
                "send the service's admin key (ADMIN_API_KEY) as Authorization: Bearer <key>; the request has none",
                &[],
            ),
            Self::AdminLoopbackOnly => with(
                "the service has no admin key, so it accepts this only from its own machine, and the request comes from 192.0.2.7; set ADMIN_API_KEY or ADMIN_API_KEY_FILE (--admin-api-key-file), then send the key",
                &[],
            ),
            Self::CrossOrigin => with(
                "cross-origin writes from https://shop.example are not allowed; if that page may write, add its origin to CORS_ORIGINS (--cors-origins)",
                &[],
            ),
            Self::OrderNotFound => with("order ORD-1001 does not exist", &[order()]),
            Self::DeadLetterNotFound => with("dead letter 0-17 does not exist", &[]),
            Self::ReplayNotFound => with(
                "this instance has no replay 019b7e30-5f5d-7cc0-a8b0-6ab3a7c7e1f2: it knows those that it has run, and of those that have ended the last 100",
                &[],
            ),
            Self::UnknownTopic => with("this service does not read that topic; it reads order-events", &[]),
            Self::NotFound => with(
                "there is nothing at this path; the paths of the API are POST /create-order, PUT /update-order, GET /health; / gives an overview, and /docs/ has the details",
                &[],
            ),
            Self::MethodNotAllowed => with("this path supports POST", &[]),
            Self::RequestTimeout => with("the body did not arrive within 10 seconds", &[]),
            Self::OrderExists => with("order ORD-1001 already exists, at version 2", &[order()]),
            Self::IllegalTransition => with(
                "order ORD-1001 is confirmed and cannot become new",
                &[order(), ("currentStatus", "confirmed".into())],
            ),
            Self::VersionMismatch => with(
                "order ORD-1001 is at version 2, which does not satisfy If-Match or If-None-Match",
                &[order(), ("currentVersion", 2.into())],
            ),
            Self::PayloadTooLarge => with("the body is larger than 262144 bytes", &[]),
            Self::UnsupportedMediaType => with("send the body with Content-Type: application/json", &[]),
            Self::MisdirectedRequest => with(
                "host orders.example is not allowed; if clients may use it, add it to ALLOWED_HOSTS (--allowed-hosts)",
                &[],
            ),
            Self::KeyReused => with(
                "this Idempotency-Key was already used for another request; use a new key for each request",
                &[],
            ),
            Self::NotReady => with("still catching up with the topic after startup", &[]),
            Self::Unavailable => with(
                "not connected to the broker that leads partition 2, which holds this order",
                &[],
            ),
            Self::OutcomeUnknown => with(
                "the event was not read back in time; repeat the request with the same Idempotency-Key until the response is 2xx or 4xx",
                &[("eventId", "019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11".into())],
            ),
            Self::WaitTimedOut => with(
                "order ORD-1001 is at version 1; version 2 did not arrive within 5000 ms",
                &[order()],
            ),
            Self::Internal | Self::Other(_) => with("", &[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_a_kind_is_a_problem_of_that_kind() {
        for kind in ProblemKind::ALL {
            let example = serde_json::to_value(kind.example()).expect("JSON");
            assert_eq!(
                (&example["type"], &example["status"]),
                (&Value::from(kind.type_uri()), &Value::from(kind.status().as_u16()))
            );
            for member in ["currentStatus", "currentVersion", "eventId"] {
                let explained = kind.definition().meaning.contains(&format!("`{member}`"));
                assert_eq!(example.get(member).is_some(), explained, "{kind:?}: {member}");
            }
        }
    }
}
