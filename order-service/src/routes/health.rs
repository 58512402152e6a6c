//! `/health`, `/health/live`, `/health/ready`. What they say is [`crate::health`]'s business.

use actix_web::web;
use orderlog_web::Reply;
use orderlog_web::health::{HealthReport, respond, respond_live, respond_ready};

use crate::app::State;
use crate::health::report;

/// How the service is; always 200.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, description = "The report", body = HealthReport)))]
pub async fn health(state: web::Data<State>) -> Reply<HealthReport> {
    respond(report(&state))
}

/// Whether the process answers.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "It does", body = HealthReport)))]
pub async fn live(state: web::Data<State>) -> Reply<HealthReport> {
    respond_live(report(&state))
}

/// Whether the service can answer for orders.
#[utoipa::path(
    get, path = "/health/ready", tag = "health",
    responses((status = 200, description = "It can", body = HealthReport), (status = 503, description = "Not yet; see the reasons", body = HealthReport))
)]
pub async fn ready(state: web::Data<State>) -> Reply<HealthReport> {
    respond_ready(report(&state))
}
