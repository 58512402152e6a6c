//! `GET /`: says what the service is and links on.

use actix_web::{HttpRequest, HttpResponse};

/// A plain page for whoever opens the service in a browser.
pub async fn index(request: HttpRequest) -> HttpResponse {
    orderlog_web::index::page(&request, include_str!("index.html"))
}
