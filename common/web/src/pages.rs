//! The pages about a service itself: `/`, `/health`, `/health/live`, `/health/ready`, `/metrics`, `/openapi.json`, `/docs/`.

use actix_web::HttpRequest;
use actix_web::web::{self, ServiceConfig};
use utoipa::openapi::OpenApi;

use super::health::{self, Reporter};
use super::metrics::Gauges;
use super::{docs, index, metrics, routes};

/// Registers them for the service in `web::Data<R>`. `about` is the HTML of the page at `/` below its heading.
pub fn configure<R: Reporter + Gauges>(
    config: &mut ServiceConfig,
    service: &'static str,
    about: &'static str,
    document: OpenApi,
) {
    config
        .configure(health::configure::<R>)
        .service(routes::get("/metrics", move |handle, state: web::Data<R>| async move {
            metrics::refresh(&**state).await;
            metrics::page(handle, service)
        }))
        .service(routes::get("/", move |request: HttpRequest| async move {
            index::page(&request, service, about)
        }))
        .configure(|config| docs::configure(config, document));
}
