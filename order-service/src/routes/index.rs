//! `GET /`: says what the service is and links on.

use actix_web::HttpResponse;

/// A plain page for whoever opens the service in a browser.
pub async fn index() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(include_str!("index.html"))
}
