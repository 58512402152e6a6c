//! `GET /order-details`: one order, as the log has it so far.

use std::time::Duration;

use actix_web::{HttpRequest, web};
use orderlog_contract::money::{Currency, shipping_minor};
use orderlog_contract::order::{MAX_VERSION, OrderState, check_id};
use orderlog_web::order_json::OrderJson;
use orderlog_web::preconditions::Preconditions;
use orderlog_web::{Kind, Problem, Query, Reply, amount};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{read_your_writes as rw, ready};
use crate::app::State;

/// How long an order is waited for when the client does not say, in milliseconds.
const DEFAULT_WAIT_MS: u64 = 5_000;
/// Longest that an order is waited for, in milliseconds.
const MAX_WAIT_MS: u64 = 30_000;

/// Which order, and how new.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// The order. One of digits only is also found with `ORD-` before it.
    #[serde(alias = "order_id")]
    #[param(
        example = "ORD-1001",
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    )]
    order_id: String,
    /// Waits until the order has at least this version, also for an order that is not there yet: an update that
    /// cart-service has answered for is then seen.
    #[param(minimum = 1, maximum = 1_000_000_000)]
    min_version: Option<i32>,
    /// How long to wait, in milliseconds; 5,000 when not given. Without `minVersion` it is the order itself that is waited
    /// for.
    #[param(minimum = 0, maximum = 30_000)]
    wait_ms: Option<u64>,
}

/// An order with what follows from it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderDetails {
    /// The order.
    #[serde(flatten)]
    order: OrderJson,
    /// The event that made the order what it is.
    event_id: Uuid,
    /// 2 % of the total, rounded half up to the currency's minor unit.
    #[serde(with = "amount")]
    #[schema(example = 20.00)]
    shipping_cost: Decimal,
}

/// One order. With `minVersion` the answer waits until the order is at least so new.
///
/// # Errors
/// 400, 404, 412, 503 or 504, each as a [`Problem`].
#[utoipa::path(
    get, path = "/order-details", tag = "orders",
    params(
        Parameters,
        ("If-None-Match" = Option<String>, Header, description = "The versions that the client has, in quotes as ETag has them: 304 when it is one of them"),
        ("If-Match" = Option<String>, Header, description = "The versions one of which the order must have"),
    ),
    responses(
        (status = 200, description = "The order; its version is the ETag", body = OrderDetails),
        (status = 304, description = "The client has that version"),
        (status = 400, description = "Not valid; errors names the parameters", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "The order does not have a version of If-Match", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such order", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The topic is still being read", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The order did not reach minVersion in time", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn order_details(
    state: web::Data<State>,
    request: HttpRequest,
    Query(query): Query<Parameters>,
) -> Result<Reply<OrderDetails>, Problem> {
    let wait = query.check()?;
    let conditions = Preconditions::of(request.headers())?;
    ready(&state)?;
    let ids = rw::candidates(&query.order_id);
    let found = match wait {
        None => rw::look(&state.view, &ids)?,
        Some((version, patience)) => {
            let found = rw::wait(&state, &ids, version, patience).await?;
            let reached = found.as_ref().map_or(0, |found| found.order.version);
            if reached < version {
                return Err(timed_out(called(found.as_ref(), &ids), version, reached, patience));
            }
            found
        }
    };
    let Some(found) = found else {
        let order_id = called(None, &ids);
        let detail = format!("there is no order {order_id}");
        return Err(Problem::new(Kind::OrderNotFound, detail).with("orderId", order_id));
    };
    let version = found.order.version;
    if !conditions.if_match_holds(Some(version)) {
        let order_id = found.order.order_id.as_str();
        let detail = format!("order {order_id} is at version {version}");
        return Err(Problem::new(Kind::VersionMismatch, detail)
            .with("orderId", order_id)
            .with("currentVersion", version));
    }
    if !conditions.if_none_match_holds(Some(version)) {
        return Ok(Reply::not_modified(version));
    }
    Ok(Reply::ok("Order found", details(&found)?).etag(version))
}

impl Parameters {
    /// Checks the parameters. Returns the version to wait for, and how long, if there is one.
    fn check(&self) -> Result<Option<(i32, Duration)>, Problem> {
        check_id(&self.order_id).map_err(|message| Problem::invalid_field("orderId", message))?;
        let wait_ms = self.wait_ms.unwrap_or(DEFAULT_WAIT_MS);
        if wait_ms > MAX_WAIT_MS {
            return Err(Problem::invalid_field(
                "waitMs",
                format!("must be at most {MAX_WAIT_MS}"),
            ));
        }
        // Whoever waits for no version in particular waits for the first.
        match self.min_version.or(self.wait_ms.map(|_| 1)) {
            Some(version) if (1..=MAX_VERSION).contains(&version) => {
                Ok(Some((version, Duration::from_millis(wait_ms))))
            }
            Some(_) => Err(Problem::invalid_field(
                "minVersion",
                format!("must be from 1 to {MAX_VERSION}"),
            )),
            None => Ok(None),
        }
    }
}

/// The order's own id; where there is none, the one that cart-service would give it.
fn called<'a>(found: Option<&'a OrderState>, ids: &'a [String]) -> &'a str {
    match found {
        Some(found) => &found.order.order_id,
        None => ids.last().map_or("", String::as_str),
    }
}

fn timed_out(order_id: &str, version: i32, reached: i32, patience: Duration) -> Problem {
    let has = if reached == 0 {
        "is not there yet".to_owned()
    } else {
        format!("has version {reached}")
    };
    let detail = format!(
        "order {order_id} {has}; version {version} did not come within {} ms",
        patience.as_millis()
    );
    Problem::new(Kind::WaitTimedOut, detail).with("orderId", order_id)
}

fn details(state: &OrderState) -> anyhow::Result<OrderDetails> {
    let order = &state.order;
    // An order whose currency is none breaks a rule of the event, so it is not in the store.
    let currency = Currency::parse(&order.currency)
        .ok_or_else(|| anyhow::anyhow!("order {} has an unknown currency", order.order_id))?;
    Ok(OrderDetails {
        order: OrderJson::from((order, currency)),
        event_id: state.event_id,
        shipping_cost: currency.to_decimal(shipping_minor(order.total_minor)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str) -> Result<Option<(i32, Duration)>, Problem> {
        orderlog_web::query::parse::<Parameters>(query)?.check()
    }

    #[test]
    fn a_wait_has_a_version_and_a_default_time() {
        assert_eq!(check("orderId=A").expect("valid"), None);
        let seconds = |n| Duration::from_secs(n);
        assert_eq!(check("orderId=A&minVersion=2").expect("valid"), Some((2, seconds(5))));
        assert_eq!(
            check("order_id=A&minVersion=2&waitMs=30000").expect("valid"),
            Some((2, seconds(30)))
        );
        assert_eq!(check("orderId=A&waitMs=0").expect("valid"), Some((1, seconds(0))));
        assert_eq!(
            check("orderId=A&minVersion=2&waitMs=0").expect("valid"),
            Some((2, seconds(0)))
        );
    }

    #[test]
    fn each_fault_names_its_parameter() {
        for (query, field) in [
            ("orderId=", "orderId"),
            ("orderId=a%00", "orderId"),
            ("orderId=A&minVersion=0", "minVersion"),
            ("orderId=A&minVersion=1000000001", "minVersion"),
            ("orderId=A&minVersion=1&waitMs=30001", "waitMs"),
        ] {
            let problem = check(query).expect_err(query);
            assert_eq!(
                (problem.kind(), problem.errors()[0].field.as_str()),
                (Kind::InvalidRequest, field),
                "{query}"
            );
        }
    }
}
