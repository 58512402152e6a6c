//! `PUT /update-order`: changes an order's status.

use actix_web::{HttpRequest, web};
use orderlog_contract::event::OrderStatus;
use orderlog_web::preconditions::Preconditions;
use orderlog_web::problem::FieldError;
use orderlog_web::{Json, Problem, Reply, openapi};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::answer::{self, OrderAnswer, problem_for};
use super::new_order_schema::OrderId;
use super::order_id::normalize;
use super::{conditions, id};
use crate::command_outcome::CommandOutcome;
use crate::decide::{self, Decision, Refusal};
use crate::state::State;

/// A new status for an order.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateOrder {
    /// Id of the order. One that consists only of digits gets the prefix `ORD-`. The name `order_id` is accepted, too.
    #[serde(alias = "order_id")]
    #[schema(value_type = OrderId)]
    order_id: String,
    /// The new status.
    #[schema(schema_with = statuses)]
    status: String,
}

fn statuses() -> Schema {
    // utoipa ignores a field's doc comment when it has its own schema.
    openapi::one_of(OrderStatus::SETTABLE.map(OrderStatus::as_str))
        .description(Some("The new status."))
        .into()
}

/// Changes an order's status.
#[utoipa::path(
    put, path = "/update-order", tag = "orders",
    summary = "Change the status of an order",
    description = "Writes an event to Kafka and responds once the event has been read back and is known to be the first for the order's next version: a \
        200 is final. If the order already has the status, nothing is written. A status only moves forward, in the order `new`, `pending`, \
        `confirmed`, `processing`, `shipped`, `delivered`, and may skip steps; an order can become `cancelled` until it is `shipped`.",
    request_body(content = UpdateOrder, description = "The order and its new status.", example = json!({"orderId": "1001", "status": "confirmed"})),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice for this request, 1 to 64 printable ASCII characters. A repeat of the request with the same key gets the first answer and writes nothing.", example = "6f1e-2"),
        ("If-Match" = Option<String>, Header, description = "Update the order only if it has one of these versions, each in quotes as in `ETag`; or `*` for any.", example = "\"1\""),
        ("If-None-Match" = Option<String>, Header, description = "Update the order only if it has none of these versions.", example = "\"2\""),
    ),
    responses(
        (status = 200, description = "The order has that status now.", body = OrderAnswer, headers(
            ("ETag" = String, description = "The order's version, in quotes."),
            ("Idempotency-Replayed" = String, description = "`true` if this request was already carried out with the same `Idempotency-Key`; otherwise absent. The body is then the order as it was after the first attempt."),
        )),
        (status = 404, description = "`/problems/order-not-found`: there is no such order. Nothing was written."),
        (status = 409, description = "`/problems/illegal-transition`: the order's status cannot change to this one. `currentStatus` is the status that it has. Nothing was written."),
        (status = 412, description = "`/problems/version-mismatch`: the order's version does not satisfy `If-Match` or `If-None-Match`. `currentVersion` is its version. Nothing was written."),
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
    let outcome = state
        .commands
        .handle(&order_id, keyed.as_ref(), |current, stamp| {
            name_invalid_id(&value.order_id, decide::update(current, status, &conditions, stamp))
        })
        .await
        .map_err(|error| problem_for(&order_id, keyed.is_some(), error))?;
    let message = match &outcome {
        CommandOutcome::Written(_) | CommandOutcome::Replayed(_) => "Order updated",
        CommandOutcome::Unchanged(_) => "Order already has that status",
    };
    let answer = OrderAnswer::of(message, outcome.state())?;
    if let CommandOutcome::Replayed(state) = &outcome {
        return Ok(answer::replayed(message, answer, state));
    }
    Ok(Reply::ok(message, answer).etag(outcome.state().order.version))
}

/// Other producers may have written an order under an id that clients cannot choose. If there is no such order, the id is
/// invalid.
fn name_invalid_id(given: &str, decision: Decision) -> Decision {
    match decision {
        Decision::Refuse(Refusal::NotFound) => Decision::Refuse(match id::check(given) {
            Err(invalid) => Refusal::InvalidId {
                why: invalid.to_string(),
            },
            Ok(()) => Refusal::NotFound,
        }),
        decision => decision,
    }
}

fn parse(body: &UpdateOrder) -> Result<(String, OrderStatus), Problem> {
    let order_id = normalize(&body.order_id);
    let status = OrderStatus::SETTABLE
        .into_iter()
        .find(|status| status.as_str() == body.status);
    match (order_id, status) {
        (Ok(order_id), Some(status)) => Ok((order_id, status)),
        (order_id, status) => {
            let mut errors = Vec::new();
            errors.extend(order_id.err());
            if status.is_none() {
                let names = OrderStatus::SETTABLE.map(OrderStatus::as_str).join(", ");
                errors.push(FieldError {
                    field: "status".to_owned(),
                    message: format!("must be one of: {names}"),
                });
            }
            Err(Problem::invalid(errors))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_outcome::CommandError;

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
    fn an_unknown_order_with_an_invalid_id_is_a_400() {
        let answer = |given: &str| match name_invalid_id(given, Decision::Refuse(Refusal::NotFound)) {
            Decision::Refuse(refusal) => problem_for(given, false, CommandError::Refused(refusal)).kind(),
            decision => panic!("{decision:?} of {given}"),
        };
        assert_eq!(answer("A-1"), orderlog_web::ProblemKind::OrderNotFound);
        assert_eq!(answer("A-1 "), orderlog_web::ProblemKind::InvalidRequest);
    }

    #[test]
    fn unknown_cannot_be_set_and_all_errors_are_reported_at_once() {
        for status in ["unknown", "NEW", "paid", ""] {
            let problem = update("", status).expect_err("not valid");
            let fields: Vec<_> = problem.errors().iter().map(|invalid| invalid.field.as_str()).collect();
            assert_eq!(fields, ["orderId", "status"], "{status}");
        }
    }
}
