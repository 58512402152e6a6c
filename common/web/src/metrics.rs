//! Request metrics and the `/metrics` page. The recorder itself is installed by main ([`orderlog_runtime::telemetry`]); the
//! metrics are listed in [`orderlog_runtime::metrics`].

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpResponse, web};
use metrics::{Counter, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusHandle;
use orderlog_runtime::metrics::{BUILD_INFO, HTTP_DURATION, HTTP_REQUESTS, KAFKA_CONNECTED, READY, REGISTRY_CONNECTED};
use orderlog_runtime::telemetry;

use crate::health::{Connection, HealthReport, Reporter};

/// The route label of unknown paths: with the raw path, clients could create any number of time series.
const UNMATCHED: &str = "unmatched";

/// A service whose gauges are set on every scrape, so that none is out of date.
pub trait Gauges: 'static {
    /// Sets them as they are now.
    fn set_gauges(&self) -> impl Future<Output = ()>;
}

/// Middleware that counts and times every request.
pub fn measure<S, B>(
    service: &'static str,
) -> impl Transform<S, ServiceRequest, Response = ServiceResponse<B>, Error = Error, InitError = ()>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    from_fn(move |request: ServiceRequest, next: Next<B>| async move {
        let started = Instant::now();
        let method = known(request.method());
        let route = request.match_pattern();
        let result = next.call(request).await;
        let (status, route) = match &result {
            Ok(response) => (response.status(), response.request().match_pattern().or(route)),
            Err(error) => (error.as_response_error().status_code(), route),
        };
        let route = route.as_deref().map_or(Cow::Borrowed(UNMATCHED), shown);
        record(service, method, &route, status.as_u16(), started);
        result
    })
}

/// The pattern as a label: one that takes any rest of a path ends in an asterisk, as no reader knows the router's syntax.
fn shown(pattern: &str) -> Cow<'_, str> {
    match pattern.strip_suffix("{_:.*}") {
        Some(folder) => Cow::Owned(format!("{folder}*")),
        None => Cow::Borrowed(pattern),
    }
}

/// Sets the gauges of that service and of its process.
pub async fn refresh<R: Reporter + Gauges>(service: &R) {
    set_health(&service.report().await);
    service.set_gauges().await;
    telemetry::collect_process_metrics();
}

fn set_health(report: &HealthReport) {
    let service = report.service;
    let set = |name: &'static str, is_so: bool| gauge!(name, "service" => service).set(f64::from(u8::from(is_so)));
    set(READY, report.ready);
    set(KAFKA_CONNECTED, report.kafka == Connection::Connected);
    set(REGISTRY_CONNECTED, report.registry != Connection::Disconnected);
    gauge!(BUILD_INFO, "service" => service, "version" => report.version).set(1.0);
}

/// The `/metrics` page of that service, in Prometheus text format; a 404 without a recorder.
pub fn page(handle: Option<web::Data<PrometheusHandle>>, service: &str) -> HttpResponse {
    match handle {
        Some(handle) => HttpResponse::Ok()
            .content_type("text/plain; version=0.0.4; charset=utf-8")
            .body(of_service(&handle.render(), service)),
        None => HttpResponse::NotFound().finish(),
    }
}

/// The samples without those of other services, each metric with its comments: the recorder belongs to the process, which
/// may run several services.
fn of_service(text: &str, service: &str) -> String {
    let own = format!("service=\"{service}\"");
    let (mut kept, mut comments) = (String::with_capacity(text.len()), String::new());
    let mut metric_ended = false;
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            if metric_ended {
                comments.clear();
            }
            comments.extend([line, "\n"]);
        } else if line.contains(&own) || !line.contains("service=\"") {
            kept.extend([comments.as_str(), line, "\n"]);
            comments.clear();
        }
        metric_ended = !line.starts_with('#');
    }
    kept
}

/// The metrics of requests that have the same labels.
struct Handles {
    requests: Counter,
    duration: Histogram,
}

impl Handles {
    fn new(service: &'static str, method: &'static str, route: &str, status: u16) -> Self {
        let labels = [
            ("service", service.to_owned()),
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        Self {
            requests: counter!(HTTP_REQUESTS, &labels),
            duration: histogram!(HTTP_DURATION, &labels),
        }
    }

    fn count(&self, started: Instant) {
        self.requests.increment(1);
        self.duration.record(started.elapsed());
    }
}

/// Service, method and status: what is known without formatting anything.
type Fixed = (&'static str, &'static str, u16);

thread_local! {
    /// By the fixed labels, and then by route. There are no more entries than time series: no client can add a route.
    static HANDLES: RefCell<HashMap<Fixed, HashMap<String, Handles>>> = RefCell::default();
}

fn record(service: &'static str, method: &'static str, route: &str, status: u16, started: Instant) {
    HANDLES.with_borrow_mut(|all| {
        let by_route = all.entry((service, method, status)).or_default();
        match by_route.get(route) {
            Some(handles) => handles.count(started),
            None => {
                let handles = Handles::new(service, method, route, status);
                handles.count(started);
                by_route.insert(route.to_owned(), handles);
            }
        }
    });
}

/// The method label; one for all unknown methods, because clients can invent those, too.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
