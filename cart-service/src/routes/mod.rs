//! The HTTP API: the paths, and how the outcome of a command is expressed in HTTP. Nothing is decided here.

pub mod answer;
mod conditions;
pub mod create_order;
mod id;
mod new_order;
mod new_order_schema;
mod openapi;
mod order_id;
pub mod update_order;

use actix_web::web::{self, ServiceConfig};
use orderlog_web::index::About;
use orderlog_web::{pages, routes};

use crate::SERVICE;
use crate::state::State;

/// Registers every path.
pub fn configure(config: &mut ServiceConfig, state: &web::Data<State>) {
    config
        .app_data(state.clone())
        .app_data(web::Data::new(state.metrics.clone()))
        .service(routes::post("/create-order", create_order::create_order))
        .service(routes::put("/update-order", update_order::update_order))
        .configure(|config| pages::configure::<State>(config, about(state), openapi::document()));
}

fn about(state: &State) -> About {
    About {
        path: "/",
        service: SERVICE,
        html: include_str!("about.html").to_owned(),
        other_service: state.order_service.to_string(),
    }
}
