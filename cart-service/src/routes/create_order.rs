//! `POST /create-order`: given a number of items, generates the rest; given a complete order, validates and writes it.

use actix_web::{HttpRequest, web};
use orderlog_contract::event::Order;
use orderlog_web::{Json, Problem, Reply};

use super::answer::{self, OrderAnswer, problem_for};
use super::conditions;
use super::new_order::CreateOrder;
use crate::command_outcome::CommandOutcome;
use crate::decide;
use crate::state::State;

/// Create an order
///
/// Responds once the event has been read back from the topic and has won against concurrent writes.
#[utoipa::path(
    post, path = "/create-order", tag = "orders",
    request_body(content = CreateOrder, example = json!({"orderId": "1001", "itemsCount": 3})),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 64 printable ASCII characters. Repeating the request with the same key returns the original response and writes nothing"),
        ("If-None-Match" = Option<String>, Header, description = "*: create only if the order does not exist; responds with 412 instead of 409"),
    ),
    responses(
        (status = 200, description = "The request was carried out earlier with the same key (Idempotency-Replayed: true); the order as it was then", body = OrderAnswer),
        (status = 201, description = "The order was created", body = OrderAnswer, links(
            ("update" = (operation_id = "update_order", request_body = json!({"orderId": "$response.body#/orderId"}))),
        )),
        (status = 409, description = "An order with that id already exists"),
        (status = 412, description = "The order exists, and If-None-Match was given"),
    )
)]
pub async fn create_order(
    state: web::Data<State>,
    request: HttpRequest,
    Json { value, text }: Json<CreateOrder>,
) -> Result<Reply<OrderAnswer>, Problem> {
    let keyed = conditions::keyed(&request, &text)?;
    let conditions = conditions::create_preconditions(&request)?;
    let order = value.into_order()?;
    let order_id = order.order_id.clone();
    let outcome = state
        .commands
        .handle(&order_id, keyed.as_ref(), |current, stamp| {
            let order = Order {
                order_date: stamp.now_ms,
                ..order.clone()
            };
            decide::create(current, order, &conditions, stamp)
        })
        .await
        .map_err(|error| problem_for(&order_id, keyed.is_some(), error))?;
    const MESSAGE: &str = "Order created";
    let answer = OrderAnswer::of(MESSAGE, outcome.state())?;
    if let CommandOutcome::Replayed(state) = &outcome {
        return Ok(answer::replayed(MESSAGE, answer, state));
    }
    let location = state.details_url(&order_id);
    Ok(Reply::created(MESSAGE, &location, answer).etag(outcome.state().order.version))
}
