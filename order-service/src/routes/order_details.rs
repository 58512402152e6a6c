//! `GET /order-details`: one order, as far as the log has been read.

use std::time::Duration;

use actix_web::{HttpRequest, web};
use orderlog_contract::money::{Currency, shipping_minor};
use orderlog_contract::order::{MAX_VERSION, OrderState, check_id};
use orderlog_projection::store::blocking;
use orderlog_web::order_json::OrderJson;
use orderlog_web::preconditions::Preconditions;
use orderlog_web::{Problem, ProblemKind, Query, Reply, amount, query};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{read_your_writes as rw, ready};
use crate::dead_letters_of_order;
use crate::state::State;

/// Default wait for an order, in milliseconds.
const DEFAULT_WAIT_MS: u64 = 5_000;
/// Longest wait for an order, in milliseconds.
const MAX_WAIT_MS: i64 = 30_000;

/// Which order, and how recent it must be.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Id of the order. If it consists only of digits, the order with the prefix `ORD-` is found, too. The name `order_id` is accepted as well.
    #[serde(alias = "order_id")]
    #[param(
        example = "1001",
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    )]
    order_id: String,
    /// Wait until the order has at least this version, even if it does not exist yet. If you pass the version that cart-service returned, the response is guaranteed to include that write.
    #[serde(default, deserialize_with = "query::within::<1, { MAX_VERSION as i64 }, _, _>")]
    #[param(minimum = 1, maximum = 1_000_000_000, example = 1)]
    min_version: Option<i32>,
    /// How long to wait, in milliseconds; 5,000 by default with `minVersion`. Without `minVersion`: wait until the order exists.
    #[serde(default, deserialize_with = "query::within::<0, MAX_WAIT_MS, _, _>")]
    #[param(minimum = 0, maximum = 30_000, example = 5_000)]
    wait_ms: Option<u64>,
}

/// An order, with what is derived from it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderDetails {
    /// The order.
    #[serde(flatten)]
    order: OrderJson,
    /// Id of the event that gave the order this state.
    #[schema(example = "019ac8a4-5f0e-7c1d-b9b5-2f6c0d5e8a11")]
    event_id: Uuid,
    /// Shipping cost: 2% of `totalAmount`, rounded half up to the currency's smallest unit.
    #[serde(with = "amount")]
    #[schema(example = 20.00)]
    shipping_cost: Decimal,
    /// Number of records with this order's id as their key that were dead-lettered (at most 100), and that nobody has replayed or discarded since, nor a later event of the order made up for. It changes without the order's version.
    #[schema(example = 0)]
    dead_letters: u64,
}

/// Returns an order.
#[utoipa::path(
    get, path = "/order-details", tag = "orders",
    summary = "Read an order",
    description = "Returns the order as it is after the events that this service has read so far. A write may take a moment to arrive here: to be \
        sure to see it, pass its version as `minVersion`.",
    params(
        Parameters,
        ("If-None-Match" = Option<String>, Header, description = "Versions that the client already has, each in quotes as in `ETag`. If the order has one of them, the response is 304 without a body.", example = "\"1\""),
        ("If-Match" = Option<String>, Header, description = "Return the order only if it has one of these versions, each in quotes as in `ETag`; or `*` for any."),
    ),
    responses(
        (status = 200, description = "The order.", body = OrderDetails, headers(("ETag" = String, description = "The order's version, in quotes."))),
        (status = 304, description = "The client already has the order's current version.", headers(("ETag" = String, description = "The order's version, in quotes."))),
        (status = 404, description = "`/problems/order-not-found`: there is no such order, as far as the topic has been read."),
        (status = 412, description = "`/problems/version-mismatch`: the order's version does not satisfy `If-Match`. `currentVersion` is its version."),
        (status = 504, description = "`/problems/wait-timed-out`: the order did not reach `minVersion` within `waitMs`."),
    )
)]
pub async fn order_details(
    state: web::Data<State>,
    request: HttpRequest,
    Query(query): Query<Parameters>,
) -> Result<Reply<OrderDetails>, Problem> {
    let wait = query.check()?;
    let conditions = Preconditions::of(request.headers())?;
    ready(&state).await?;
    let ids = rw::candidate_ids(&query.order_id);
    let found = match wait {
        None => rw::find_first(&state.view, &ids).await?,
        Some((version, timeout)) => {
            let found = rw::wait_for_version(&state, &ids, version, timeout).await?;
            let reached = found.as_ref().map_or(0, |found| found.order.version);
            if reached < version {
                return Err(timed_out(display_id(found.as_ref(), &ids), version, reached, timeout));
            }
            found
        }
    };
    let Some(found) = found else {
        let order_id = display_id(None, &ids);
        let detail = format!("order {order_id} does not exist");
        return Err(Problem::new(ProblemKind::OrderNotFound, detail).with("orderId", order_id));
    };
    let version = found.order.version;
    if !conditions.if_match_holds(Some(version)) {
        let order_id = found.order.order_id.as_str();
        let detail = format!("order {order_id} is at version {version}, which does not satisfy If-Match");
        return Err(Problem::new(ProblemKind::VersionMismatch, detail)
            .with("orderId", order_id)
            .with("currentVersion", version));
    }
    if !conditions.if_none_match_holds(Some(version)) {
        return Ok(Reply::not_modified(version));
    }
    let index = state.dead_letters.clone();
    let (found, dead_letters) =
        blocking(move || dead_letters_of_order::unhealed(&index, &found).map(|count| (found, count)))
            .await
            .map_err(Problem::internal)?;
    Ok(Reply::ok("Order found", details(&found, dead_letters)?).etag(version))
}

impl Parameters {
    /// Validates the parameters. Returns the version to wait for, and how long, if any.
    fn check(&self) -> Result<Option<(i32, Duration)>, Problem> {
        check_id(&self.order_id).map_err(|message| Problem::invalid_field("orderId", message))?;
        let wait_ms = self.wait_ms.unwrap_or(DEFAULT_WAIT_MS);
        // waitMs alone waits for the first version.
        let version = self.min_version.or(self.wait_ms.map(|_| 1));
        Ok(version.map(|version| (version, Duration::from_millis(wait_ms))))
    }
}

/// The order's id; where there is no order, the id that cart-service would write.
fn display_id<'a>(found: Option<&'a OrderState>, ids: &'a [String]) -> &'a str {
    match found {
        Some(found) => &found.order.order_id,
        None => ids.last().map_or("", String::as_str),
    }
}

fn timed_out(order_id: &str, version: i32, reached: i32, timeout: Duration) -> Problem {
    let has = if reached == 0 {
        "does not exist yet".to_owned()
    } else {
        format!("is at version {reached}")
    };
    let detail = format!(
        "order {order_id} {has}; version {version} did not arrive within {} ms",
        timeout.as_millis()
    );
    Problem::new(ProblemKind::WaitTimedOut, detail).with("orderId", order_id)
}

/// An order as clients see it.
///
/// # Errors
/// Its currency is unknown, which the event's rules exclude.
pub(super) fn details(state: &OrderState, dead_letters: u64) -> anyhow::Result<OrderDetails> {
    let order = &state.order;
    // An event with an unknown currency violates a rule, so no such order is in the store.
    let currency = Currency::parse(&order.currency)
        .ok_or_else(|| anyhow::anyhow!("order {} has an unknown currency", order.order_id))?;
    Ok(OrderDetails {
        order: OrderJson::from((order, currency)),
        event_id: state.event_id,
        shipping_cost: currency.to_decimal(shipping_minor(order.total_minor)),
        dead_letters,
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
            ("orderId=A&minVersion=a", "minVersion"),
            ("orderId=A&minVersion=1&waitMs=30001", "waitMs"),
        ] {
            let problem = check(query).expect_err(query);
            assert_eq!(
                (problem.kind(), problem.errors()[0].field.as_str()),
                (ProblemKind::InvalidRequest, field),
                "{query}"
            );
        }
    }
}
