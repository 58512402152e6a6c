//! The HTTP API: which path leads where, and how what became of a command is said in HTTP. Nothing is decided here.

pub mod answer;
mod conditions;
pub mod create_order;
mod create_order_schema;
mod docs;
mod id;
mod index;
mod order_id;
pub mod update_order;

use actix_web::web::{self, ServiceConfig};
use orderlog_web::{docs as pages, metrics, routes};

use crate::app::State;
use crate::{SERVICE, health};

/// Registers every path.
pub fn configure(config: &mut ServiceConfig, state: &web::Data<State>) {
    config
        .app_data(state.clone())
        .app_data(web::Data::new(state.metrics.clone()))
        .service(routes::post("/create-order", create_order::create_order))
        .service(routes::put("/update-order", update_order::update_order))
        .service(routes::get("/health", health::health))
        .service(routes::get("/health/live", health::live))
        .service(routes::get("/health/ready", health::ready))
        .service(routes::get("/metrics", |handle| async {
            metrics::page(handle, SERVICE)
        }))
        .service(routes::get("/", index::index))
        .configure(|config| pages::configure(config, docs::openapi()));
}
