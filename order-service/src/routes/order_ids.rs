//! `GET /getAllOrderIdsFromTopic`: the ids of all orders, page by page.

use actix_web::web;
use orderlog_web::{Kind, Problem, Query, Reply};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{limit, read, ready};
use crate::app::State;

const DEFAULT_LIMIT: usize = 1_000;
const MAX_LIMIT: usize = 10_000;

/// Which page of which topic.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Parameters {
    /// The topic of the events; `topicName` and `topic_name` are names of this parameter, too.
    #[serde(alias = "topicName", alias = "topic_name")]
    #[param(example = "order-events", min_length = 1)]
    topic: String,
    /// Most ids of the page; 1,000 when not given.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<u32>,
    /// Only ids behind this one: `next` of the page before.
    after: Option<String>,
}

/// One page of order ids, in the order of their bytes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderIds {
    /// The topic.
    #[schema(example = "order-events")]
    topic: String,
    /// The ids.
    order_ids: Vec<String>,
    /// How many ids this page has.
    count: usize,
    /// What to give as `after` for the next page; null on the last.
    next: Option<String>,
}

/// The ids of all orders that the topic tells of, page by page.
///
/// # Errors
/// 400, 404 or 503, each as a [`Problem`].
#[utoipa::path(
    get, path = "/getAllOrderIdsFromTopic", tag = "orders", params(Parameters),
    responses(
        (status = 200, description = "One page of ids", body = OrderIds),
        (status = 400, description = "Not valid; errors names the parameters", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not the topic that this service reads", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The topic is still being read", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn order_ids(state: web::Data<State>, Query(query): Query<Parameters>) -> Result<Reply<OrderIds>, Problem> {
    let limit = limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    if query.topic.is_empty() {
        return Err(Problem::invalid_field("topic", "must not be empty"));
    }
    if query.topic != state.topic {
        return Err(Problem::new(
            Kind::UnknownTopic,
            format!("this service reads topic {}", state.topic),
        ));
    }
    ready(&state)?;
    let store = state.view.store().clone();
    // One more than is shown tells whether there is another page.
    let ids = read(move || store.order_ids(query.after.as_deref(), limit + 1)).await?;
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
        for query in ["", "topic=t&topicName=t"] {
            assert_eq!(parse(query).expect_err(query).errors()[0].field, "topic");
        }
    }
}
