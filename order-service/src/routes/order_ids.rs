//! `GET /getAllOrderIdsFromTopic`: the ids of all orders, page by page.

use actix_web::web;
use orderlog_web::{Problem, ProblemKind, Query, Reply, query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::ready;
use crate::state::State;

const DEFAULT_LIMIT: usize = 1_000;
const MAX_LIMIT: i64 = 10_000;

/// Topic and paging.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// The topic of the order events. Any other topic gets 404. The names `topicName` and `topic_name` are accepted, too.
    #[serde(alias = "topicName", alias = "topic_name")]
    #[param(example = "order-events", min_length = 1)]
    topic: String,
    /// Maximum number of ids on the page; 1,000 by default.
    #[serde(default, deserialize_with = "query::within::<1, MAX_LIMIT, _, _>")]
    #[param(minimum = 1, maximum = 10_000, example = 100)]
    limit: Option<usize>,
    /// Only ids after this one. For the next page, pass `next` of the previous page.
    #[param(example = "BOOKS-7")]
    after: Option<String>,
}

/// One page of order ids, sorted by their UTF-8 bytes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderIds {
    /// The topic of the order events.
    #[schema(example = "order-events")]
    topic: String,
    /// The order ids.
    #[schema(example = json!(["BOOKS-7", "ORD-1001"]))]
    order_ids: Vec<String>,
    /// Number of ids on this page.
    #[schema(example = 2)]
    count: usize,
    /// Value of `after` for the next page; null on the last page.
    #[schema(example = "ORD-1001")]
    next: Option<String>,
}

/// Returns a page of order ids.
#[utoipa::path(
    get, path = "/getAllOrderIdsFromTopic", tag = "orders", params(Parameters),
    summary = "List the ids of all orders",
    description = "Returns the ids of all orders in the topic, page by page, sorted by their UTF-8 bytes.",
    responses(
        (status = 200, description = "One page of ids.", body = OrderIds),
        (status = 404, description = "`/problems/unknown-topic`: this service reads another topic; `detail` names it."),
    )
)]
pub async fn order_ids(state: web::Data<State>, Query(query): Query<Parameters>) -> Result<Reply<OrderIds>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if query.topic.is_empty() {
        return Err(Problem::invalid_field("topic", "must not be empty"));
    }
    if query.topic != state.topic {
        return Err(Problem::new(
            ProblemKind::UnknownTopic,
            format!("this service does not read that topic; it reads {}", state.topic),
        ));
    }
    ready(&state).await?;
    // One more than the page shows whether there is a next page.
    let ids = state.view.store().order_ids(query.after.as_deref(), limit + 1).await;
    let ids = ids.map_err(Problem::internal)?;
    Ok(Reply::ok("Order ids found", page(query.topic, ids, limit)))
}

fn page(topic: String, mut order_ids: Vec<String>, limit: usize) -> OrderIds {
    let more = order_ids.len() > limit;
    order_ids.truncate(limit);
    let next = order_ids.last().filter(|_| more).cloned();
    OrderIds {
        topic,
        count: order_ids.len(),
        order_ids,
        next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_that_is_not_the_last_has_a_next() {
        let page = |ids: &[&str], limit| {
            let page = page("t".into(), ids.iter().map(ToString::to_string).collect(), limit);
            (page.count, page.next)
        };
        assert_eq!(page(&["a", "b", "c"], 2), (2, Some("b".into())));
        assert_eq!(page(&["a", "b"], 2), (2, None));
        assert_eq!(page(&[], 2), (0, None));
    }

    #[test]
    fn the_topic_has_three_names_and_is_given_once() {
        let parse = |query| orderlog_web::query::parse::<Parameters>(query).map(|query| query.topic);
        for query in ["topic=t", "topicName=t", "topic_name=t"] {
            assert_eq!(parse(query).expect("a topic"), "t");
        }
        let problem = parse("topic=t&limit=0").expect_err("no page");
        assert_eq!(problem.summary(), "limit: must be a whole number from 1 to 10000");
        for query in ["", "topic=t&topicName=t"] {
            assert_eq!(parse(query).expect_err(query).errors()[0].field, "topic");
        }
    }
}
