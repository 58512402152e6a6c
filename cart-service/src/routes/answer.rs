//! The outcome of a command as an HTTP response: one `match`, so that a status always means the same.

use actix_web::http::header::{HeaderName, HeaderValue};
use orderlog_contract::money::Currency;
use orderlog_contract::order::OrderState;
use orderlog_web::order_json::OrderJson;
use orderlog_web::{Problem, ProblemKind, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::command_outcome::CommandError;
use crate::decide::Refusal;

/// Marks the response to a request that was carried out earlier.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// An order after a write, and the event in the topic that gave it this state.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderAnswer {
    /// What was done, for people. Do not branch on it.
    #[schema(example = "Order created")]
    message: &'static str,
    /// Id of the order, as it is in the topic.
    #[schema(example = "ORD-1001")]
    order_id: String,
    /// The order after the write.
    order: OrderJson,
    /// Id of the event that gave the order this state.
    #[schema(example = "019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11")]
    event_id: Uuid,
    /// Partition of that event in the topic.
    #[schema(example = 1)]
    partition: i32,
    /// Offset of that event in its partition.
    #[schema(example = 0)]
    offset: i64,
}

impl OrderAnswer {
    /// The body for an order in that state.
    ///
    /// # Errors
    /// A 500 when the order has an unknown currency, which the event's rules exclude.
    pub fn of(message: &'static str, state: &OrderState) -> Result<Self, Problem> {
        let Some(currency) = Currency::parse(&state.order.currency) else {
            return Err(Problem::internal(
                "an order in the store has a currency that this release does not know",
            ));
        };
        Ok(Self {
            message,
            order_id: state.order.order_id.clone(),
            order: OrderJson::from((&state.order, currency)),
            event_id: state.event_id,
            partition: state.partition,
            offset: state.offset,
        })
    }
}

/// The response to a request that was carried out earlier under the same key.
pub fn replayed(message: &'static str, answer: OrderAnswer, state: &OrderState) -> Reply<OrderAnswer> {
    Reply::ok(message, answer)
        .etag(state.order.version)
        .header(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"))
}

/// Added to every 503 of a request with a key: it covers only this attempt, and there may have been others.
const THIS_ATTEMPT_ONLY: &str = "this attempt had no effect; if an earlier one with the same Idempotency-Key got 504 or no response, retry until the response is 2xx or 4xx";

/// The problem for a failed command. `keyed`: whether the request has a key.
pub fn problem_for(order_id: &str, keyed: bool, error: CommandError) -> Problem {
    let not_now = |reason: String| match keyed {
        true => Problem::new(ProblemKind::Unavailable, format!("{reason}; {THIS_ATTEMPT_ONLY}")),
        false => Problem::new(ProblemKind::Unavailable, reason),
    };
    match error {
        CommandError::Refused(Refusal::AlreadyExists { version }) => Problem::new(
            ProblemKind::OrderExists,
            format!("order {order_id} already exists, at version {version}"),
        )
        .with("orderId", order_id),
        CommandError::Refused(Refusal::NotFound) => {
            Problem::new(ProblemKind::OrderNotFound, format!("order {order_id} does not exist")).with("orderId", order_id)
        }
        CommandError::Refused(Refusal::InvalidId { why }) => Problem::invalid_field("orderId", why),
        CommandError::Refused(Refusal::VersionMismatch { version }) => Problem::new(
            ProblemKind::VersionMismatch,
            format!("order {order_id} is at version {version}, which does not satisfy If-Match or If-None-Match"),
        )
        .with("orderId", order_id)
        .with("currentVersion", version),
        CommandError::Refused(Refusal::KeyReused) => Problem::new(
            ProblemKind::KeyReused,
            "this Idempotency-Key was already used for another request; use a new key for each request",
        ),
        CommandError::Refused(Refusal::IllegalTransition { from, to }) => Problem::new(
            ProblemKind::IllegalTransition,
            format!("order {order_id} is {from} and cannot become {to}"),
        )
        .with("orderId", order_id)
        .with("currentStatus", from.as_str()),
        CommandError::Refused(Refusal::VersionsExhausted) => Problem::new(
            ProblemKind::IllegalTransition,
            format!("order {order_id} has reached the highest version that an order can have"),
        ),
        CommandError::Refused(Refusal::NeedsNewerRelease) => not_now(format!(
            "order {order_id} was written by a newer release of this service; only that release can update it, so upgrade this instance"
        ))
        // A deployment takes a while.
        .retry_after(60),
        CommandError::OrderUnresolved {
            unresolved,
            seconds_left,
        } => not_now(unresolved.to_string()).retry_after(seconds_left),
        CommandError::Unavailable(reason) => not_now(reason),
        CommandError::OutcomeUnknown { event_id, reason } => Problem::new(
            ProblemKind::OutcomeUnknown,
            format!(
                "{reason}; retry with the same Idempotency-Key until the response is 2xx or 4xx (a 503 does not settle it); without a key, read the order until its version or eventId shows the outcome"
            ),
        )
        .with("eventId", event_id.to_string()),
        CommandError::Internal(reason) => Problem::internal(reason),
    }
}
