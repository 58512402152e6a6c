//! What a service says about itself: `/health`, `/health/live`, `/health/ready`. The service fills the report; nothing is
//! measured here.

use std::collections::HashSet;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;

use super::envelope::Reply;

/// Whether all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing is amiss.
    Healthy,
    /// The service answers, but something is amiss: see the reasons.
    Degraded,
}

/// Whether a server that the service needs answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// It answered when last asked.
    Connected,
    /// It did not answer when last asked.
    Disconnected,
    /// It was not asked yet.
    Unknown,
}

impl Connection {
    /// What is known of a server: whether it answered, or that it was not asked yet.
    pub fn of(answered: Option<bool>) -> Self {
        match answered {
            Some(true) => Self::Connected,
            Some(false) => Self::Disconnected,
            None => Self::Unknown,
        }
    }
}

/// How a service is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthReport {
    /// Whether all is well.
    pub status: Status,
    /// The service's name.
    #[schema(example = "cart-service")]
    pub service: &'static str,
    /// The service's version.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// The Kafka brokers.
    pub kafka: Connection,
    /// The schema registry.
    pub registry: Connection,
    /// Whether the service can do its work.
    pub ready: bool,
    /// What is amiss, one sentence each; empty when healthy.
    pub reasons: Vec<String>,
}

impl HealthReport {
    /// A report. It is healthy when the service is ready, nothing is disconnected and there is no reason to worry.
    pub fn new(
        service: &'static str,
        version: &'static str,
        kafka: Connection,
        registry: Connection,
        ready: bool,
        mut reasons: Vec<String>,
    ) -> Self {
        // What stops two parts of a service is told once.
        let mut told = HashSet::new();
        reasons.retain(|reason| told.insert(reason.clone()));
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

/// Adds what the account may not do, where that is not a reason already.
pub fn add_forbidden(reasons: &mut Vec<String>, forbidden: impl IntoIterator<Item = String>) {
    for reason in forbidden {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
}

/// `/health`: always 200, for people and dashboards.
pub fn respond(report: HealthReport) -> Reply<HealthReport> {
    reply(StatusCode::OK, "Health", report)
}

/// `/health/live`: 200 as long as the process answers. Never tied to Kafka or the registry: a restart does not mend them.
pub fn respond_live(report: HealthReport) -> Reply<HealthReport> {
    reply(StatusCode::OK, "Alive", report)
}

/// `/health/ready`: 200 when the service can do its work, else 503.
pub fn respond_ready(report: HealthReport) -> Reply<HealthReport> {
    if report.ready {
        reply(StatusCode::OK, "Ready", report)
    } else {
        reply(StatusCode::SERVICE_UNAVAILABLE, "Not ready", report)
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

fn reply(status: StatusCode, message: &'static str, report: HealthReport) -> Reply<HealthReport> {
    // An answer from a cache would tell how the service was.
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
    fn the_report_is_healthy_only_when_nothing_is_amiss() {
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

    #[test]
    fn only_ready_answers_503() {
        let request = TestRequest::default().to_http_request();
        let not_ready = report(Connection::Connected, false, &[]);
        assert_eq!(respond(not_ready.clone()).respond_to(&request).status(), 200);
        assert_eq!(respond_live(not_ready.clone()).respond_to(&request).status(), 200);
        let refused = respond_ready(not_ready).respond_to(&request);
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(
            respond_ready(report(Connection::Connected, true, &[]))
                .respond_to(&request)
                .status(),
            200
        );
    }
}
