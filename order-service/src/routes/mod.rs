//! The HTTP API: one file per route or group of routes. Orders are not changed here: responses are read from the projection's
//! view, the history and the index of dead letters. What can be changed, with an [`Admin`](crate::admin::Admin): dead letters
//! are replayed and discarded, and partitions resumed.

mod asyncapi;
mod breaker;
mod console_json;
mod dead_letter_headers;
mod dlq;
mod dlq_item;
mod dlq_message;
mod dlq_messages;
mod fields;
mod history;
mod openapi;
mod order_details;
mod order_ids;
mod orders;
mod read_your_writes;
mod replay;
mod resume;
mod schemas;
mod sse;
mod stats;

use actix_web::web::{self, ServiceConfig};
pub(crate) use console_json::ConsoleFacts;
use orderlog_web::index::About;
use orderlog_web::{Problem, ProblemKind, pages, routes};
pub(crate) use read_your_writes::wait_slots;
pub(crate) use sse::{EventStreams, watch_for_clients};
use url::Url;

use crate::health::not_ready;
use crate::state::State;
use crate::{SERVICE, console};

/// Registers every path. `cart_service` is where clients reach cart-service.
pub fn configure(config: &mut ServiceConfig, state: &web::Data<State>, cart_service: &Url) {
    config
        .app_data(state.clone())
        .app_data(web::Data::new(state.admin.clone()))
        .app_data(web::Data::new(state.metrics.clone()))
        .service(routes::get("/order-details", order_details::order_details))
        .service(routes::get("/getAllOrderIdsFromTopic", order_ids::order_ids))
        .service(routes::get("/orders", orders::orders))
        .service(routes::get("/orders/{id}/history", history::history))
        .service(routes::get("/stats", stats::stats))
        .service(routes::get("/events", sse::events))
        .service(routes::get("/schemas", schemas::schemas))
        .service(routes::get("/console.json", console_json::console_json))
        .service(routes::get("/dlq/info", dlq::info))
        .service(routes::get("/dlq/messages", dlq_messages::messages))
        .service(routes::get(
            "/dlq/messages/{partition}/{offset}",
            dlq_message::dlq_message,
        ))
        .service(routes::post("/dlq/resume", resume::resume))
        .service(routes::post("/dlq/replay", replay::replay))
        .service(routes::get("/dlq/replays", replay::replays))
        .service(routes::get("/dlq/replays/{job}", replay::replay_job))
        .service(routes::post("/dlq/replays/{job}/stop", replay::stop))
        .service(routes::post("/dlq/discard", replay::discard))
        .service(routes::get("/asyncapi.json", asyncapi::asyncapi))
        .configure(|config| console::configure(config, cart_service))
        .configure(|config| pages::configure::<State>(config, about(state, cart_service), openapi::document()));
}

fn about(state: &State, cart_service: &Url) -> About {
    About {
        service: SERVICE,
        path: "/about",
        html: include_str!("about.html").replace("{topic}", &state.topic),
        other_service: cart_service.to_string(),
    }
}

/// Refuses requests until the service has caught up for the first time: until then, an answer would be a guess.
async fn ready(state: &State) -> Result<(), Problem> {
    match not_ready(state).await {
        None => Ok(()),
        Some(reason) => Err(Problem::new(ProblemKind::NotReady, reason)),
    }
}
