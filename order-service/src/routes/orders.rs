//! `GET /orders`: whole orders, page by page, by status and customer.

use actix_web::web;
use orderlog_contract::event::OrderStatus;
use orderlog_contract::order::{OrderState, check_id};
use orderlog_projection::store::{StoreError, blocking};
use orderlog_web::{Problem, Query, Reply, openapi, query};
use serde::{Deserialize, Serialize};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::order_details::{OrderDetails, details};
use super::ready;
use crate::dead_letters_of_order;
use crate::state::State;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: i64 = 200;
/// At most this many orders are read for one page; a filter that matches few of them yields a short page.
const MAX_SCANNED: usize = 500;

/// Filters and paging.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// Only orders that have this status now.
    #[param(value_type = StatusName, inline, required = false, example = "confirmed")]
    status: Option<String>,
    /// Only orders of this customer, whom their first event names. The name `customer_id` is accepted, too.
    #[serde(alias = "customer_id")]
    #[param(
        example = "CUST-1",
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$"
    )]
    customer_id: Option<String>,
    /// Only orders whose ids come after this one. For the next page, pass `next` of the previous page.
    #[param(example = "ORD-1001")]
    after: Option<String>,
    /// Maximum number of orders on the page; 50 by default.
    #[serde(default, deserialize_with = "query::within::<1, MAX_LIMIT, _, _>")]
    #[param(minimum = 1, maximum = 200, example = 10)]
    limit: Option<usize>,
}

/// The OpenAPI schema of a status.
struct StatusName;

impl PartialSchema for StatusName {
    fn schema() -> RefOr<Schema> {
        openapi::one_of(statuses().map(OrderStatus::as_str)).into()
    }
}

impl ToSchema for StatusName {}

/// One page of orders, sorted by the UTF-8 bytes of their ids.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Orders {
    /// The orders. With a filter, a page may be short or empty even though there are more pages.
    orders: Vec<ListedOrder>,
    /// Value of `after` for the next page; null on the last page.
    #[schema(example = "ORD-1001")]
    next: Option<String>,
}

/// An order, and where its latest event is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedOrder {
    #[serde(flatten)]
    order: OrderDetails,
    /// Partition of the event that gave the order this state.
    #[schema(example = 2)]
    partition: i32,
    /// Offset of that event.
    #[schema(example = 17)]
    offset: i64,
}

/// Returns a page of orders.
#[utoipa::path(
    get, path = "/orders", tag = "orders", params(Parameters),
    summary = "List orders",
    description = "Returns whole orders, page by page, sorted by the UTF-8 bytes of their ids; only those with a status or of a customer, if you like.",
    responses((status = 200, description = "One page of orders.", body = Orders))
)]
pub async fn orders(state: web::Data<State>, Query(query): Query<Parameters>) -> Result<Reply<Orders>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let filter = query.filter()?;
    ready(&state).await?;
    let asked = filter.asked(limit);
    let scanned = scan(&state, &filter, query.after.as_deref(), asked).await;
    let (found, next) = page(scanned.map_err(Problem::internal)?, asked, limit, &filter);
    let index = state.dead_letters.clone();
    let listed = blocking(move || {
        let listed = found.iter().map(|state| {
            Ok::<_, StoreError>(ListedOrder {
                order: details(state, dead_letters_of_order::unhealed(&index, state)?)?,
                partition: state.partition,
                offset: state.offset,
            })
        });
        listed.collect::<Result<Vec<_>, _>>()
    });
    let orders = listed.await.map_err(Problem::internal)?;
    Ok(Reply::ok("Orders found", Orders { orders, next }))
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    status: Option<OrderStatus>,
    customer_id: Option<String>,
}

/// An order that was looked at; `None` if there is none any more.
type Scanned = (String, Option<OrderState>);

fn statuses() -> impl Iterator<Item = OrderStatus> {
    OrderStatus::SETTABLE.into_iter().chain([OrderStatus::Unknown])
}

impl Parameters {
    fn filter(&self) -> Result<Filter, Problem> {
        let status = match self.status.as_deref() {
            None => None,
            Some(name) => Some(statuses().find(|status| status.as_str() == name).ok_or_else(|| {
                let names: Vec<_> = statuses().map(OrderStatus::as_str).collect();
                Problem::invalid_field("status", format!("must be one of: {}", names.join(", ")))
            })?),
        };
        if let Some(customer_id) = &self.customer_id {
            check_id(customer_id).map_err(|message| Problem::invalid_field("customerId", message))?;
        }
        Ok(Filter {
            status,
            customer_id: self.customer_id.clone(),
        })
    }
}

impl Filter {
    fn matches(&self, state: &OrderState) -> bool {
        let order = &state.order;
        self.status.is_none_or(|status| order.status == status)
            && self.customer_id.as_ref().is_none_or(|id| order.customer_id == *id)
    }

    /// How many orders to read for a page of that length.
    fn asked(&self, limit: usize) -> usize {
        if *self == Self::default() {
            // One more than the page shows whether there is a next page.
            limit + 1
        } else {
            MAX_SCANNED
        }
    }
}

/// The next orders that may match, at most `asked`.
async fn scan(state: &State, filter: &Filter, after: Option<&str>, asked: usize) -> Result<Vec<Scanned>, StoreError> {
    let customers = state.history.customers();
    let store = state.view.store().clone();
    if let Some(customer_id) = filter.customer_id.clone()
        && customers.is_complete()
    {
        let (customers, after) = (customers.clone(), after.map(str::to_owned));
        let scan = move || {
            let ids = customers.orders_of(&customer_id, after.as_deref(), asked)?;
            let with_order = |id: String| {
                let (order, _) = store.order_and_key_use(&id, None)?;
                Ok((id, order))
            };
            ids.into_iter().map(with_order).collect()
        };
        return blocking(scan).await;
    }
    let orders = store.orders(after, asked).await?;
    let named = |state: OrderState| (state.order.order_id.clone(), Some(state));
    Ok(orders.into_iter().map(named).collect())
}

/// The orders of the page, and where the next one begins.
fn page(scanned: Vec<Scanned>, asked: usize, limit: usize, filter: &Filter) -> (Vec<OrderState>, Option<String>) {
    let count = scanned.len();
    let (mut found, mut last) = (Vec::new(), None);
    for (n, (id, state)) in (1..).zip(scanned) {
        found.extend(state.filter(|state| filter.matches(state)));
        last = Some(id);
        if found.len() == limit && n < count {
            return (found, last);
        }
    }
    (found, last.filter(|_| count == asked))
}

#[cfg(test)]
mod tests {
    use orderlog_contract::testing::an_event;

    use super::*;

    fn scanned(ids: &[(&str, &str)]) -> Vec<Scanned> {
        let order = |(id, customer): &(&str, &str)| {
            let mut event = an_event(id, 1);
            event.order.customer_id = (*customer).to_owned();
            let state = OrderState {
                event_id: event.event_id,
                order: event.order,
                partition: 0,
                offset: 0,
                partial: false,
            };
            ((*id).to_owned(), Some(state))
        };
        ids.iter().map(order).collect()
    }

    fn ids((found, next): (Vec<OrderState>, Option<String>)) -> (Vec<String>, Option<String>) {
        (found.into_iter().map(|state| state.order.order_id).collect(), next)
    }

    #[test]
    fn a_page_ends_where_the_next_one_begins() {
        let all = [("A", "1"), ("B", "2"), ("C", "1"), ("D", "1")];
        let filter = Filter {
            status: None,
            customer_id: Some("1".into()),
        };
        let of = |asked: usize, limit| ids(page(scanned(&all[..asked.min(4)]), asked, limit, &filter));
        let text = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(of(10, 10), (text(&["A", "C", "D"]), None));
        assert_eq!(of(10, 2), (text(&["A", "C"]), Some("C".into())));
        // Nothing is left after the page's last order.
        assert_eq!(of(10, 3), (text(&["A", "C", "D"]), None));
        // As many as were asked for: there may be more.
        assert_eq!(of(2, 10), (text(&["A"]), Some("B".into())));
        assert_eq!(ids(page(vec![], 2, 10, &filter)), (vec![], None));
        let gone = vec![("A".to_owned(), None)];
        assert_eq!(ids(page(gone, 10, 10, &filter)), (vec![], None));
    }

    #[test]
    fn each_fault_names_its_parameter() {
        for (query, field) in [
            ("status=nothing", "status"),
            ("customerId=", "customerId"),
            ("customerId=a%00", "customerId"),
            ("limit=0", "limit"),
            ("limit=201", "limit"),
        ] {
            let parsed = query::parse::<Parameters>(query).and_then(|parameters| parameters.filter());
            assert_eq!(parsed.expect_err(query).errors()[0].field, field, "{query}");
        }
        let filter = query::parse::<Parameters>("status=new&customer_id=CUST-1").and_then(|query| query.filter());
        let expected = Filter {
            status: Some(OrderStatus::New),
            customer_id: Some("CUST-1".into()),
        };
        assert_eq!(filter.expect("valid"), expected);
    }
}
