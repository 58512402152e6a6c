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

/// Creates an order.
#[utoipa::path(
    post, path = "/create-order", tag = "orders",
    summary = "Create an order",
    description = "Writes an event to Kafka and responds once the event has been read back and is known to be the first for this order: a 201 is \
        final. The new order has version 1 and status `new`. Read it from order-service at the `Location`; with \
        `minVersion=1`, order-service waits until it has the order.",
    request_body(content = CreateOrder, description = "The order, in the short or the complete form.", examples(
        ("short" = (summary = "Items, prices and customer are generated", value = json!({"orderId": "1001", "itemsCount": 3}))),
        ("complete" = (summary = "A complete order", value = json!({
            "orderId": "BOOKS-7", "customerId": "CUST-42", "currency": "USD",
            "items": [{"itemId": "BOOK-1", "quantity": 3, "price": 333.33}], "totalAmount": 999.99
        }))),
    )),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice for this request, 1 to 64 printable ASCII characters. A repeat of the request with the same key gets the first answer and writes nothing.", example = "6f1e-1"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: create the order only if it does not exist. If it does, the response is 412 instead of 409.", example = "*"),
    ),
    responses(
        (status = 200, description = "This request was already carried out with the same `Idempotency-Key`. The body is the order as it was after the first attempt.", body = OrderAnswer, headers(
            ("ETag" = String, description = "The order's version, in quotes."),
            ("Idempotency-Replayed" = String, description = "`true`"),
        )),
        (status = 201, description = "The order was created.", body = OrderAnswer, headers(
            ("ETag" = String, description = "The order's version, in quotes."),
            ("Location" = String, description = "Address of the order at order-service."),
        ), links(
            ("update" = (operation_id = "update_order", request_body = json!({"orderId": "$response.body#/orderId"}))),
        )),
        (status = 409, description = "`/problems/order-exists`: an order with this id already exists. Nothing was written."),
        (status = 412, description = "`/problems/version-mismatch`: the order exists, and `If-None-Match` says that it must not. `currentVersion` is its version. Nothing was written."),
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
