//! `POST /create-order`: with a number of items, the rest is generated; with the items themselves, it is checked and kept.

use actix_web::{HttpRequest, web};
use garde::Validate;
use orderlog_contract::event::{Order, OrderItem, OrderStatus};
use orderlog_contract::money::Currency;
use orderlog_contract::order::{MAX_ITEMS, MAX_QUANTITY, total_minor};
use orderlog_web::problem::FieldError;
use orderlog_web::{Json, Problem, Reply, amount, json, openapi, whole};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::answer::{self, OrderAnswer, problem};
use super::order_id::of_a_new_order;
use super::{conditions, id};
use crate::app::State;
use crate::done::CommandOutcome;
use crate::{decide, generate};

/// A new order: either `itemsCount`, or `customerId`, `currency` and `items`.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOrder {
    /// 1 to 64 characters, no control characters. One of digits only gets `ORD-` before it.
    #[serde(alias = "order_id")]
    #[garde(skip)]
    order_id: String,
    /// How many items are to be generated.
    #[serde(
        default,
        alias = "itemsNum",
        alias = "numItems",
        alias = "numberOfItems",
        alias = "number_of_items",
        with = "whole::option"
    )]
    #[garde(range(min = 1, max = MAX_ITEMS as i64))]
    items_count: Option<i64>,
    /// Who orders.
    #[serde(default)]
    #[garde(inner(custom(is_id)))]
    customer_id: Option<String>,
    /// ISO 4217 code.
    #[serde(default)]
    #[garde(inner(custom(is_currency)))]
    currency: Option<String>,
    /// What is ordered.
    #[serde(default, deserialize_with = "json::objects")]
    #[garde(length(min = 1, max = MAX_ITEMS), dive)]
    items: Option<Vec<NewItem>>,
    /// When given, it must be the sum of quantity times price.
    #[serde(default, with = "amount::option")]
    #[garde(skip)]
    total_amount: Option<Decimal>,
}

/// One line of a new order.
#[derive(Clone, Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewItem {
    /// What is ordered.
    #[garde(custom(is_id))]
    item_id: String,
    /// How many.
    #[serde(with = "whole")]
    #[garde(range(min = 1, max = i64::from(MAX_QUANTITY)))]
    quantity: i64,
    /// Price of one, with at most as many decimals as the currency has.
    #[serde(with = "amount")]
    #[garde(skip)]
    price: Decimal,
}

/// Creates an order. The answer comes after the event was read back from the topic and won.
///
/// # Errors
/// 400, 409, 412, 413, 415, 422, 503 or 504, each as a [`Problem`].
#[utoipa::path(
    post, path = "/create-order", tag = "orders",
    request_body(content = CreateOrder, example = json!({"orderId": "1001", "itemsCount": 3})),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 64 printable ASCII characters: the same request again under the same key gets the first one's answer, and writes nothing"),
        ("If-None-Match" = Option<String>, Header, description = "*: only if there is no such order; 412 in place of 409"),
    ),
    responses(
        (status = 200, description = "This request was carried out before under this key (Idempotency-Replayed: true); the order as it was then", body = OrderAnswer),
        (status = 201, description = "The order is in the log and won", body = OrderAnswer, links(
            ("update" = (operation_id = "update_order", request_body = json!({"orderId": "$response.body#/orderId"}))),
        )),
        (status = 400, description = "Not valid; errors names the fields", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "An order of that id exists", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "There is such an order, against If-None-Match", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The Idempotency-Key belongs to another request", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = openapi::WRITE_UNAVAILABLE, body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "Unknown; eventId names the event", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn create_order(
    state: web::Data<State>,
    request: HttpRequest,
    Json { value, text }: Json<CreateOrder>,
) -> Result<Reply<OrderAnswer>, Problem> {
    let keyed = conditions::keyed(&request, &text)?;
    let conditions = conditions::of_a_new_order(&request)?;
    let order = order(value)?;
    let order_id = order.order_id.clone();
    let done = state
        .writer
        .carry_out(&order_id, keyed.as_ref(), |current, stamp| {
            let order = Order {
                order_date: stamp.now_ms,
                ..order.clone()
            };
            decide::create(current, order, &conditions, stamp)
        })
        .await
        .map_err(|failure| problem(&order_id, keyed.is_some(), failure))?;
    const MESSAGE: &str = "Order created";
    let answer = OrderAnswer::of(MESSAGE, done.state())?;
    if let CommandOutcome::Replayed(state) = &done {
        return Ok(answer::replayed(MESSAGE, answer, state));
    }
    let location = state.details_url(&order_id);
    Ok(Reply::created(MESSAGE, &location, answer).etag(done.state().order.version))
}

/// The order that the body asks for; version, status and date are set when it is decided.
fn order(body: CreateOrder) -> Result<Order, Problem> {
    let mut faults = shape_faults(&body);
    let order_id = of_a_new_order(&body.order_id)
        .map_err(|fault| faults.insert(0, fault))
        .unwrap_or_default();
    if let Err(report) = body.validate() {
        faults.extend_from_slice(Problem::from(report).errors());
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let (customer_id, currency, items) = match (body.customer_id, body.currency, body.items) {
        (Some(customer_id), Some(currency), Some(items)) => {
            let items = priced(&currency, items)?;
            (customer_id, currency, items)
        }
        _ => (
            generate::customer_id(),
            generate::CURRENCY.to_owned(),
            generate::items(
                body.items_count
                    .and_then(|count| usize::try_from(count).ok())
                    .unwrap_or(1),
            ),
        ),
    };
    let Some(total_minor) = total_minor(&items) else {
        return Err(Problem::invalid_field("items", "the total is too large"));
    };
    if let Some(claimed) = body.total_amount {
        let total = Currency::parse(&currency).map(|currency| currency.to_decimal(total_minor));
        if total != Some(claimed) {
            let total = total.unwrap_or_default();
            return Err(Problem::invalid_field(
                "totalAmount",
                format!("must be the sum of quantity times price, {total}"),
            ));
        }
    }
    Ok(Order {
        order_id,
        version: 1,
        customer_id,
        order_date: 0,
        items,
        total_minor,
        currency,
        status: OrderStatus::New,
    })
}

/// Which of the two forms it is, and what is missing for it or too much.
fn shape_faults(body: &CreateOrder) -> Vec<FieldError> {
    let fault = |field: &str, message: &str| FieldError {
        field: field.to_owned(),
        message: message.to_owned(),
    };
    let full = [
        ("customerId", body.customer_id.is_some()),
        ("currency", body.currency.is_some()),
        ("items", body.items.is_some()),
    ];
    if body.items_count.is_some() {
        let given = full
            .into_iter()
            .chain([("totalAmount", body.total_amount.is_some())])
            .filter(|(_, given)| *given);
        return given
            .map(|(field, _)| fault(field, "cannot be given together with itemsCount"))
            .collect();
    }
    if full.iter().all(|(_, given)| !given) {
        return vec![fault(
            "itemsCount",
            "is required, unless customerId, currency and items are given",
        )];
    }
    full.into_iter()
        .filter(|(_, given)| !given)
        .map(|(field, _)| fault(field, "is required"))
        .collect()
}

/// The items with their prices in minor units.
fn priced(currency: &str, items: Vec<NewItem>) -> Result<Vec<OrderItem>, Problem> {
    let Some(currency) = Currency::parse(currency) else {
        return Err(Problem::invalid_field("currency", NO_CURRENCY));
    };
    // As many whole units as 64 bits of minor ones hold: a bound that a number of JSON can say.
    let most = currency.to_decimal(i64::MAX).trunc();
    let mut faults = Vec::new();
    let mut priced = Vec::with_capacity(items.len());
    for (n, item) in items.into_iter().enumerate() {
        let minor = currency.to_minor(item.price).filter(|minor| *minor >= 1);
        match minor.filter(|_| item.price <= most) {
            Some(unit_price_minor) => priced.push(OrderItem {
                item_id: item.item_id,
                // It is in range.
                quantity: i32::try_from(item.quantity).unwrap_or(MAX_QUANTITY),
                unit_price_minor,
            }),
            None => faults.push(FieldError {
                field: format!("items[{n}].price"),
                message: format!(
                    "must be from {} to {most}, with at most {} decimals ({})",
                    currency.to_decimal(1),
                    currency.exponent(),
                    currency.code()
                ),
            }),
        }
    }
    if faults.is_empty() {
        Ok(priced)
    } else {
        Err(Problem::invalid(faults))
    }
}

const NO_CURRENCY: &str = "must be an ISO 4217 code of a currency with a minor unit, such as USD";

fn is_id(value: &str, _: &()) -> garde::Result {
    id::check(value).map_err(garde::Error::new)
}

fn is_currency(value: &str, _: &()) -> garde::Result {
    Currency::parse(value)
        .map(|_| ())
        .ok_or_else(|| garde::Error::new(NO_CURRENCY))
}

#[cfg(test)]
#[path = "create_order_tests.rs"]
mod tests;
