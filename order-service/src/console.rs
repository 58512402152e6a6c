//! The console: the page at `/` that shows the pipeline, and its files below `/console/`, which are compiled in. What it shows
//! it gets from the API like any other client; nothing is decided here.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, EntityTag, Header, IfNoneMatch, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::{Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use orderlog_web::{Problem, routes};
use sha2::{Digest, Sha256};
use url::Url;

/// Lists files of `order-service/console/` with their content.
macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(File { name: $name, content: include_bytes!(concat!("../console/", $name)) }),*]
    };
}

/// A file of the console.
struct File {
    name: &'static str,
    content: &'static [u8],
}

/// Every file in `order-service/console/`; a test compares the two.
const FILES: &[File] = embedded![
    "accounting.js",
    "ages.js",
    "api.js",
    "attention.js",
    "base.css",
    "bus.js",
    "cart.js",
    "chart.js",
    "command.js",
    "diff.js",
    "discard.js",
    "dom.js",
    "evidence.js",
    "fate.js",
    "filters.js",
    "format.js",
    "head.js",
    "hex.js",
    "icon.svg",
    "index.html",
    "job.js",
    "jobs.js",
    "key.js",
    "letter.js",
    "letters.js",
    "list.js",
    "live.js",
    "main.js",
    "order.js",
    "orders.js",
    "overview.js",
    "pages.css",
    "partitions.js",
    "parts.css",
    "pipeline.js",
    "replay.js",
    "router.js",
    "sandbox.js",
    "schemas.js",
    "selection.js",
    "series.js",
    "stream.js",
];

/// Registers `/` and `/console/{file}`. The page may also talk to cart-service at `cart_service`, where clients reach it.
pub fn configure(config: &mut ServiceConfig, cart_service: &Url) {
    let policy = policy(cart_service);
    let for_files = policy.clone();
    config
        .service(routes::get("/", move |request: HttpRequest| {
            let answer = answer(&request, "index.html", &policy);
            async move { answer }
        }))
        .service(routes::get(
            "/console/{file}",
            move |request: HttpRequest, name: Path<String>| {
                let answer = answer(&request, &name, &for_files);
                async move { answer }
            },
        ));
}

/// Nothing but the console's own files and the two services' APIs: even a record that got into the page as markup could not
/// run or send anything.
fn policy(cart_service: &Url) -> String {
    let cart_service = cart_service.origin().ascii_serialization();
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {cart_service}; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// Browsers may keep a file, but ask each time whether it is still the same: a page never runs with modules of two releases.
fn answer(request: &HttpRequest, name: &str, policy: &str) -> Result<HttpResponse, Problem> {
    let Some(file) = FILES.iter().find(|file| file.name == name) else {
        return Err(routes::unknown_path(request));
    };
    let tag = EntityTag::new_strong(format!("{:x}", Sha256::digest(file.content)));
    let mut response = match is_cached(request, &tag) {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    response
        .insert_header((ETAG, tag.to_string()))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .content_type(content_type(name));
    match is_cached(request, &tag) {
        true => Ok(response.finish()),
        false => Ok(response.body(file.content)),
    }
}

fn is_cached(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        Ok(IfNoneMatch::Any) | Err(_) => false,
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    }
}

#[cfg(test)]
#[path = "console_tests.rs"]
mod tests;
