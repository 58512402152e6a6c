//! `PUT /update-order`: gives an order another status.

use actix_web::{HttpRequest, web};
use orderlog_contract::event::OrderStatus;
use orderlog_web::preconditions::Preconditions;
use orderlog_web::{Json, Problem, Reply, openapi};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::answer::{self, OrderAnswer, problem};
use super::create_order_schema::OrderId;
use super::order_id::normalise;
use super::{conditions, id};
use crate::app::State;
use crate::decide::{self, Refusal};
use crate::done::{CommandOutcome, Failure};

/// A new status for an order.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateOrder {
    /// The order. One of digits only gets `ORD-` before it. (An order that others wrote is found under whichever id it has.)
    #[serde(alias = "order_id")]
    #[schema(value_type = OrderId)]
    order_id: String,
    /// What it is to be.
    #[schema(schema_with = statuses)]
    status: String,
}

fn statuses() -> Schema {
    // utoipa takes no description from the field beside a schema of one's own.
    openapi::one_of(OrderStatus::SETTABLE.map(OrderStatus::as_str))
        .description(Some("What it is to be."))
        .into()
}

/// Gives an order another status. The answer comes after the event was read back from the topic and won, or, when there
/// is nothing to change, after it is certain that the order is so now.
///
/// # Errors
/// 400, 404, 409, 412, 413, 415, 422, 503 or 504, each as a [`Problem`].
#[utoipa::path(
    put, path = "/update-order", tag = "orders",
    request_body(content = UpdateOrder, example = json!({"orderId": "1001", "status": "confirmed"})),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 64 printable ASCII characters: the same request again under the same key gets the first one's answer (with Idempotency-Replayed: true), and writes nothing"),
        ("If-Match" = Option<String>, Header, description = "The versions one of which the order must have, in quotes as ETag has them, or *"),
        ("If-None-Match" = Option<String>, Header, description = "The versions none of which the order may have"),
    ),
    responses(
        (status = 200, description = "The order has that status", body = OrderAnswer),
        (status = 400, description = "Not valid; errors names the fields", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such order", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The order cannot take this step", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The order's version is not as If-Match or If-None-Match has it", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The Idempotency-Key belongs to another request", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = openapi::WRITE_UNAVAILABLE, body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "Unknown; eventId names the event", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn update_order(
    state: web::Data<State>,
    request: HttpRequest,
    Json { value, text }: Json<UpdateOrder>,
) -> Result<Reply<OrderAnswer>, Problem> {
    let keyed = conditions::keyed(&request, &text)?;
    let conditions = Preconditions::of(request.headers())?;
    let (order_id, status) = parse(&value)?;
    let done = state
        .writer
        .carry_out(&order_id, keyed.as_ref(), |current, stamp| {
            decide::update(current, status, &conditions, stamp)
        })
        .await
        .map_err(|failure| refused(&value.order_id, &order_id, keyed.is_some(), failure))?;
    let message = match done {
        CommandOutcome::Written(_) | CommandOutcome::Replayed(_) => "Order updated",
        CommandOutcome::AlreadySo(_) => "The order has that status already",
    };
    let answer = OrderAnswer::of(message, done.state())?;
    if let CommandOutcome::Replayed(state) = &done {
        return Ok(answer::replayed(message, answer, state));
    }
    Ok(Reply::ok(message, answer).etag(done.state().order.version))
}

/// An order that others wrote may have an id that cannot be seen; where there is none, it is the id that is at fault.
fn refused(given: &str, order_id: &str, keyed: bool, failure: Failure) -> Problem {
    match (&failure, id::check(given)) {
        (Failure::Refused(Refusal::NotFound), Err(message)) => Problem::invalid_field("orderId", message),
        _ => problem(order_id, keyed, failure),
    }
}

fn parse(body: &UpdateOrder) -> Result<(String, OrderStatus), Problem> {
    let mut faults = Vec::new();
    let order_id = normalise(&body.order_id)
        .map_err(|fault| faults.push(fault))
        .unwrap_or_default();
    let status = OrderStatus::SETTABLE
        .into_iter()
        .find(|status| status.as_str() == body.status);
    match status {
        Some(status) if faults.is_empty() => Ok((order_id, status)),
        _ => {
            if status.is_none() {
                let names = OrderStatus::SETTABLE.map(OrderStatus::as_str).join(", ");
                faults.push(orderlog_web::problem::FieldError {
                    field: "status".to_owned(),
                    message: format!("must be one of {names}"),
                });
            }
            Err(Problem::invalid(faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(order_id: &str, status: &str) -> Result<(String, OrderStatus), Problem> {
        parse(&UpdateOrder {
            order_id: order_id.to_owned(),
            status: status.to_owned(),
        })
    }

    #[test]
    fn every_settable_status_is_accepted_by_its_name() {
        for status in OrderStatus::SETTABLE {
            assert_eq!(
                update("7", status.as_str()).expect("valid"),
                ("ORD-7".to_owned(), status)
            );
        }
    }

    #[test]
    fn an_order_that_is_not_there_under_an_odd_id_is_the_ids_fault() {
        let refused = |given: &str| refused(given, given, false, Failure::Refused(Refusal::NotFound)).kind();
        assert_eq!(refused("A-1"), orderlog_web::Kind::OrderNotFound);
        assert_eq!(refused("A-1 "), orderlog_web::Kind::InvalidRequest);
    }

    #[test]
    fn unknown_cannot_be_set_and_all_faults_are_named_at_once() {
        for status in ["unknown", "NEW", "paid", ""] {
            let problem = update("", status).expect_err("not valid");
            let fields: Vec<_> = problem.errors().iter().map(|fault| fault.field.as_str()).collect();
            assert_eq!(fields, ["orderId", "status"], "{status}");
        }
    }
}
