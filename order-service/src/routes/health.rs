//! `/health`, `/health/live` and `/health/ready`. The report itself comes from [`crate::health`].

use actix_web::web;
use orderlog_web::Reply;
use orderlog_web::health::{HealthReport, respond, respond_live, respond_ready};

use crate::app::State;
use crate::health::report;

/// Health of the service; always 200.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, description = "The report", body = HealthReport)))]
pub async fn health(state: web::Data<State>) -> Reply<HealthReport> {
    respond(report(&state).await)
}

/// Whether the process answers.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "It does", body = HealthReport)))]
pub async fn live(state: web::Data<State>) -> Reply<HealthReport> {
    respond_live(report(&state).await)
}

/// Whether the service can answer requests for orders.
#[utoipa::path(
    get, path = "/health/ready", tag = "health",
    responses((status = 200, description = "It can", body = HealthReport), (status = 503, description = "Not yet; see the reasons", body = HealthReport))
)]
pub async fn ready(state: web::Data<State>) -> Reply<HealthReport> {
    respond_ready(report(&state).await)
}
