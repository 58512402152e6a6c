//! `/health`, `/health/live` and `/health/ready`. The service makes the report; nothing is measured here.

use std::collections::HashSet;
use std::future::Future;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use serde::Serialize;
use utoipa::ToSchema;

use super::envelope::Reply;
use super::routes;

/// Overall health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// No known problem.
    Healthy,
    /// The service answers, but has a problem: see `reasons`.
    Degraded,
}

/// Whether the service is connected to a server that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// It responds.
    Connected,
    /// It does not respond.
    Disconnected,
    /// It has not been asked yet.
    Unknown,
}

impl Connection {
    /// What is known about a server: whether it answered, or that it has not been asked yet.
    pub fn of(answered: Option<bool>) -> Self {
        match answered {
            Some(true) => Self::Connected,
            Some(false) => Self::Disconnected,
            None => Self::Unknown,
        }
    }
}

/// Health of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthReport {
    /// Overall health.
    pub status: Status,
    /// Name of the service.
    #[schema(example = "cart-service")]
    pub service: &'static str,
    /// Version of the service.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// Connection to the Kafka brokers.
    pub kafka: Connection,
    /// Connection to the schema registry.
    pub registry: Connection,
    /// Whether the service can serve requests.
    pub ready: bool,
    /// The problems, one sentence each; empty when healthy.
    pub reasons: Vec<String>,
}

impl HealthReport {
    /// A report. It is healthy when the service is ready, nothing is disconnected and there are no reasons against it.
    pub fn new(
        service: &'static str,
        version: &'static str,
        kafka: Connection,
        registry: Connection,
        ready: bool,
        mut reasons: Vec<String>,
    ) -> Self {
        // Two parts of a service may report the same cause.
        let mut seen = HashSet::new();
        reasons.retain(|reason| seen.insert(reason.clone()));
        let connected = [kafka, registry]
            .iter()
            .all(|server| *server != Connection::Disconnected);
        let status = if ready && connected && reasons.is_empty() {
            Status::Healthy
        } else {
            Status::Degraded
        };
        Self {
            status,
            service,
            version,
            kafka,
            registry,
            ready,
            reasons,
        }
    }
}

/// A service that reports its health.
pub trait Reporter: 'static {
    /// The report, as of now.
    fn report(&self) -> impl Future<Output = HealthReport>;
}

/// Registers `/health`, `/health/live` and `/health/ready` of the service in `web::Data<R>`.
pub fn configure<R: Reporter>(config: &mut ServiceConfig) {
    config
        .service(routes::get("/health", health::<R>))
        .service(routes::get("/health/live", live::<R>))
        .service(routes::get("/health/ready", ready::<R>));
}

/// Health of the service
///
/// For people and dashboards; always 200.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, description = "The report.", body = HealthReport)))]
pub(super) async fn health<R: Reporter>(service: web::Data<R>) -> Reply<HealthReport> {
    reply(StatusCode::OK, "Health", service.report().await)
}

/// Whether the process responds
///
/// Independent of Kafka and the schema registry: a restart would not fix those.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "The report.", body = HealthReport)))]
pub(super) async fn live<R: Reporter>(service: web::Data<R>) -> Reply<HealthReport> {
    reply(StatusCode::OK, "Alive", service.report().await)
}

/// Whether the service can serve requests
///
/// For load balancers and orchestrators: 200 when requests may be sent, 503 otherwise.
#[utoipa::path(
    get, path = "/health/ready", tag = "health",
    responses(
        (status = 200, description = "Ready.", body = HealthReport),
        (status = 503, description = "Not ready; `reasons` says why.", body = HealthReport),
    )
)]
pub(super) async fn ready<R: Reporter>(service: web::Data<R>) -> Reply<HealthReport> {
    let report = service.report().await;
    if report.ready {
        reply(StatusCode::OK, "Ready", report)
    } else {
        reply(StatusCode::SERVICE_UNAVAILABLE, "Not ready", report)
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

fn reply(status: StatusCode, message: &'static str, report: HealthReport) -> Reply<HealthReport> {
    // A cached report would be out of date.
    Reply::new(status, message, report).header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

#[cfg(test)]
mod tests {
    use actix_web::Responder;
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::*;

    fn report(kafka: Connection, ready: bool, reasons: &[&str]) -> HealthReport {
        let reasons = reasons.iter().map(ToString::to_string).collect();
        HealthReport::new("cart-service", "0.1.0", kafka, Connection::Unknown, ready, reasons)
    }

    #[test]
    fn the_report_is_healthy_only_without_problems() {
        assert_eq!(report(Connection::Connected, true, &[]).status, Status::Healthy);
        assert_eq!(report(Connection::Disconnected, true, &[]).status, Status::Degraded);
        assert_eq!(report(Connection::Connected, false, &[]).status, Status::Degraded);
        let told_twice = report(Connection::Connected, true, &["partition 0 is paused"; 2]);
        assert_eq!((told_twice.status, told_twice.reasons.len()), (Status::Degraded, 1));
    }

    #[test]
    fn the_json_is_as_documented() {
        assert_eq!(
            serde_json::to_value(report(Connection::Disconnected, false, &["no broker answers"])).expect("JSON"),
            json!({
                "status": "degraded", "service": "cart-service", "version": "0.1.0", "kafka": "disconnected",
                "registry": "unknown", "ready": false, "reasons": ["no broker answers"],
            })
        );
    }

    struct Fixed(HealthReport);

    impl Reporter for Fixed {
        async fn report(&self) -> HealthReport {
            self.0.clone()
        }
    }

    #[actix_web::test]
    async fn only_ready_answers_503() {
        let request = TestRequest::default().to_http_request();
        let not_ready = web::Data::new(Fixed(report(Connection::Connected, false, &[])));
        assert_eq!(health(not_ready.clone()).await.respond_to(&request).status(), 200);
        assert_eq!(live(not_ready.clone()).await.respond_to(&request).status(), 200);
        let refused = ready(not_ready).await.respond_to(&request);
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        let is_ready = web::Data::new(Fixed(report(Connection::Connected, true, &[])));
        assert_eq!(ready(is_ready).await.respond_to(&request).status(), 200);
    }
}
