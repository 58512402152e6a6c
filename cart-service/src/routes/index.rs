//! `GET /`: what the service is, with links.

use actix_web::{HttpRequest, HttpResponse};

/// A page for people who open the service in a browser.
pub async fn index(request: HttpRequest) -> HttpResponse {
    orderlog_web::index::page(&request, include_str!("index.html"))
}
