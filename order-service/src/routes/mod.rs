//! The HTTP API: one file per route or group of routes. Nothing is changed here; every response is read from the projection's
//! view or the index of dead letters.

mod asyncapi;
mod dead_letter_headers;
mod dlq;
mod openapi;
mod order_details;
mod order_ids;
mod read_your_writes;
mod stats;

use actix_web::web::{self, ServiceConfig};
use orderlog_web::{Problem, ProblemKind, pages, routes};
pub(crate) use read_your_writes::wait_slots;

use crate::SERVICE;
use crate::health::not_ready;
use crate::state::State;

/// Registers every path.
pub fn configure(config: &mut ServiceConfig, state: &web::Data<State>) {
    config
        .app_data(state.clone())
        .app_data(web::Data::new(state.metrics.clone()))
        .service(routes::get("/order-details", order_details::order_details))
        .service(routes::get("/getAllOrderIdsFromTopic", order_ids::order_ids))
        .service(routes::get("/stats", stats::stats))
        .service(routes::get("/dlq/info", dlq::info))
        .service(routes::get("/dlq/messages", dlq::messages))
        .service(routes::get("/asyncapi.json", asyncapi::asyncapi))
        .configure(|config| {
            pages::configure::<State>(config, SERVICE, include_str!("about.html"), openapi::document())
        });
}

/// Refuses requests until the first catch-up: before, an answer would be a guess.
async fn ready(state: &State) -> Result<(), Problem> {
    match not_ready(state).await {
        None => Ok(()),
        Some(reason) => Err(Problem::new(ProblemKind::NotReady, reason)),
    }
}

/// The page size: from 1 to `max`, or the default.
fn limit(given: Option<u32>, default: usize, max: usize) -> Result<usize, Problem> {
    let limit = given.map_or(Some(default), |given| usize::try_from(given).ok());
    limit
        .filter(|limit| (1..=max).contains(limit))
        .ok_or_else(|| Problem::invalid_field("limit", format!("must be from 1 to {max}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_a_default_and_bounds() {
        assert_eq!(limit(None, 7, 9).expect("the default"), 7);
        assert_eq!(
            (limit(Some(1), 7, 9).expect("1"), limit(Some(9), 7, 9).expect("9")),
            (1, 9)
        );
        for bad in [0, 10, u32::MAX] {
            let problem = limit(Some(bad), 7, 9).expect_err("out of bounds");
            assert_eq!(problem.errors()[0].field, "limit");
        }
    }
}
