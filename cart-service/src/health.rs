//! `/health`, `/health/live`, `/health/ready`: how the service is. It is ready when it can write.

use actix_web::web;
use orderlog_web::Reply;
use orderlog_web::health::{Connection, HealthReport, add_forbidden, respond, respond_live, respond_ready};

use crate::SERVICE;
use crate::app::State;

/// How the service is; always 200.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = HealthReport)))]
pub async fn health(state: web::Data<State>) -> Reply<HealthReport> {
    respond(report(&state))
}

/// Whether the process answers.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = HealthReport)))]
pub async fn live(state: web::Data<State>) -> Reply<HealthReport> {
    respond_live(report(&state))
}

/// Whether the service can write.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses((status = 200, body = HealthReport), (status = 503, body = HealthReport)))]
pub async fn ready(state: web::Data<State>) -> Reply<HealthReport> {
    respond_ready(report(&state))
}

fn report(state: &State) -> HealthReport {
    let progress = state.view.progress();
    let link = state.view.link();
    let mut reasons = progress.reasons();
    if !progress.is_caught_up() && progress.starting.is_none() && progress.stopped().is_none() {
        reasons.push("the topic is still being read after the start".to_owned());
    }
    add_forbidden(&mut reasons, state.view.rights().reasons());
    reasons.extend(link.silence().or_else(|| link.minority()));
    reasons.extend(state.view.open_transactions().iter().map(ToString::to_string));
    reasons.extend(state.writer.trouble());
    let trouble = state.life.trouble();
    reasons.extend(trouble.clone());
    reasons.extend(state.registration.trouble());
    reasons.extend(state.doubts.trouble());
    let registry = Connection::of(state.registry.reachability().answered());
    let ready = trouble.is_none()
        && progress.is_caught_up()
        && progress.starting.is_none()
        && progress.stopped().is_none()
        && progress.unwritable.is_none()
        && state.view.forbidden().is_none()
        && link.is_connected()
        // What was read may be heard of a moment later: a client that waits for readiness is not to be refused then.
        && link.has_met(progress.partitions.len())
        && state.registration.schema_id().is_some();
    HealthReport::new(
        SERVICE,
        env!("CARGO_PKG_VERSION"),
        Connection::of(Some(link.is_connected())),
        registry,
        ready,
        reasons,
    )
}
