//! What became of a command, said in HTTP: one `match`, so that a status always means the same.

use actix_web::http::header::{HeaderName, HeaderValue};
use orderlog_contract::money::Currency;
use orderlog_contract::order::OrderState;
use orderlog_web::order_json::OrderJson;
use orderlog_web::{Kind, Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::decide::Refusal;
use crate::done::Failure;

/// Tells a client that the answer is that of an earlier request.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The body of a success.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderAnswer {
    /// What was done, for people.
    message: &'static str,
    /// The order's id as it is written.
    order_id: String,
    /// The order now.
    order: OrderJson,
    /// The event that made it so.
    event_id: Uuid,
    /// Partition of that event.
    partition: i32,
    /// Offset of that event.
    offset: i64,
}

impl OrderAnswer {
    /// The answer that shows an order as it is or was in that state.
    ///
    /// # Errors
    /// When the order cannot be shown, which the rules of the event rule out.
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

/// The answer to a request that was carried out before under the same key.
pub fn replayed(message: &'static str, answer: OrderAnswer, state: &OrderState) -> Reply<OrderAnswer> {
    Reply::ok(message, answer)
        .etag(state.order.version)
        .header(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"))
}

/// What a request that has a key is told with every 503: it speaks of one attempt, and the client may have made others.
const THIS_ATTEMPT_ONLY: &str = "this attempt has no effect; if an earlier one under the same Idempotency-Key was answered 504, or not at all, send it until it is answered with 2xx or 4xx";

/// The problem for what was not done. `keyed`: whether the request has a key.
pub fn problem(order_id: &str, keyed: bool, failure: Failure) -> Problem {
    let not_now = |reason: String| match keyed {
        true => Problem::new(Kind::Unavailable, format!("{reason}; {THIS_ATTEMPT_ONLY}")),
        false => Problem::new(Kind::Unavailable, reason),
    };
    match failure {
        Failure::Refused(Refusal::Exists { version }) => Problem::new(
            Kind::OrderExists,
            format!("order {order_id} exists, at version {version}"),
        )
        .with("orderId", order_id),
        Failure::Refused(Refusal::NotFound) => {
            Problem::new(Kind::OrderNotFound, format!("there is no order {order_id}")).with("orderId", order_id)
        }
        Failure::Refused(Refusal::OtherVersion { version }) => Problem::new(
            Kind::VersionMismatch,
            format!("order {order_id} is at version {version}, which the request's conditions do not allow"),
        )
        .with("orderId", order_id)
        .with("currentVersion", version),
        Failure::Refused(Refusal::KeyReused) => Problem::new(
            Kind::KeyReused,
            "this Idempotency-Key was used for another request; give each request a key of its own",
        ),
        Failure::Refused(Refusal::IllegalStep { from, to }) => Problem::new(
            Kind::IllegalTransition,
            format!("order {order_id} is {from} and cannot become {to}"),
        )
        .with("orderId", order_id)
        .with("currentStatus", from.as_str()),
        Failure::Refused(Refusal::NoMoreVersions) => Problem::new(
            Kind::IllegalTransition,
            format!("order {order_id} has as many versions as an order can have"),
        ),
        Failure::Refused(Refusal::NeedsNewerRelease) => not_now(format!(
            "order {order_id} was written by a newer release; only such a one can update it"
        ))
        // Until somebody has rolled it out.
        .retry_after(60),
        Failure::InDoubt { doubt, seconds_left } => not_now(doubt.to_string()).retry_after(seconds_left),
        Failure::NotNow(reason) => not_now(reason),
        Failure::Unknown { event_id, reason } => Problem::new(
            Kind::OutcomeUnknown,
            format!(
                "{reason}; send the same request with the same Idempotency-Key until it is answered with 2xx or 4xx (503 speaks of that attempt only), or, without one, ask for the order until its version or eventId tells what became of it"
            ),
        )
        .with("eventId", event_id.to_string()),
        Failure::Rejected(reason) => Problem::internal(reason),
    }
}
