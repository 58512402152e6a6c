//! The pages about a service itself: its overview, `/health`, `/health/live`, `/health/ready`, `/metrics`, `/problems/`,
//! `/openapi.json`, `/docs/`.

use actix_web::HttpRequest;
use actix_web::web::{self, ServiceConfig};
use utoipa::openapi::OpenApi;

use super::health::{self, Reporter};
use super::index::{self, About};
use super::metrics::Gauges;
use super::{docs, metrics, problem_pages, routes};

/// Registers them for the service in `web::Data<R>`.
pub fn configure<R: Reporter + Gauges>(config: &mut ServiceConfig, about: About, document: OpenApi) {
    let service = about.service;
    config
        .app_data(web::Data::new(routes::KnownPaths::of(&document)))
        .configure(health::configure::<R>)
        .service(routes::get("/metrics", move |handle, state: web::Data<R>| async move {
            metrics::refresh(&**state).await;
            metrics::page(handle, service)
        }))
        .service(routes::get(about.path, move |request: HttpRequest| {
            let page = index::page(&request, &about);
            async move { page }
        }))
        .configure(|config| problem_pages::configure(config, service))
        .configure(|config| docs::configure(config, document));
}
