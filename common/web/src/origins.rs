//! Cross-origin requests: which origins may call the service (CORS); writes from any other are rejected.
//!
//! Not actix-cors: it has no guard against cross-origin writes, so most of this would stay, and it answers preflights with
//! 200 or 400 where we promise 204.

use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Request headers that pages of allowed origins may send.
const ALLOWED_HEADERS: &str = "Content-Type, Idempotency-Key, If-Match, If-None-Match, traceparent";
/// Methods that they may use.
const ALLOWED_METHODS: &str = "GET, HEAD, POST, PUT";
/// Response headers that they may read beyond the safelisted ones.
const EXPOSED_HEADERS: &str = "ETag, Location, Idempotency-Replayed, Retry-After";
/// How long browsers may cache a preflight, in seconds.
const MAX_AGE: &str = "3600";
/// Fetch Metadata: set by the browser; pages cannot forge it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Origins of web pages, as in `CORS_ORIGINS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsOrigins {
    any: bool,
    origins: Vec<String>,
}

/// The setting is not a list of origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be origins, scheme://host[:port], separated by commas, such as https://shop.example,http://localhost:3000; * allows any"
)]
pub struct InvalidOrigins;

impl FromStr for CorsOrigins {
    type Err = InvalidOrigins;

    fn from_str(text: &str) -> Result<Self, InvalidOrigins> {
        let mut origins = Self::default();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            match origin {
                "*" => origins.any = true,
                origin => origins.origins.push(normalized(origin).ok_or(InvalidOrigins)?),
            }
        }
        Ok(origins)
    }
}

/// An origin as browsers write it: lower case, without the scheme's default port.
fn normalized(origin: &str) -> Option<String> {
    let url = url::Url::parse(origin).ok()?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    bare.then(|| url.origin().ascii_serialization())
}

impl CorsOrigins {
    /// Allows one more origin.
    ///
    /// # Errors
    /// If it is not an origin.
    pub fn allow(&mut self, origin: &str) -> Result<(), InvalidOrigins> {
        self.origins.push(normalized(origin).ok_or(InvalidOrigins)?);
        Ok(())
    }

    /// The answer to a CORS preflight; `None` for any other request, and when no origin is allowed.
    pub(super) fn preflight(&self, head: &RequestHead) -> Option<HttpResponse> {
        let asks = head.method == Method::OPTIONS
            && head.headers().contains_key(header::ORIGIN)
            && head.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || !self.is_on() {
            return None;
        }
        let mut answer = HttpResponse::NoContent();
        if self.allowed(head.headers()).is_some() {
            answer
                .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS))
                .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS))
                .insert_header((header::ACCESS_CONTROL_MAX_AGE, MAX_AGE));
        }
        Some(answer.finish())
    }

    /// The `Access-Control-Allow-Origin` of the response to this request.
    pub(super) fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(header::ORIGIN)?;
        if self.any {
            return Some(HeaderValue::from_static("*"));
        }
        self.origins
            .iter()
            .any(|allowed| allowed.as_bytes() == origin.as_bytes())
            .then(|| origin.clone())
    }

    /// Adds the headers that say which pages may read a response.
    pub(super) fn expose(&self, allowed: Option<HeaderValue>, answer: &mut HeaderMap) {
        if self.is_on() && !self.any {
            // For caches: the response depends on the Origin.
            answer.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = allowed {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(EXPOSED_HEADERS),
            );
        }
    }

    /// Whether this is a write by a page of an origin that is not allowed. Some requests need no preflight: the page could
    /// not read the response, but the write would be carried out.
    ///
    pub(super) fn is_foreign_write(&self, head: &RequestHead) -> bool {
        if matches!(
            head.method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
        ) {
            return false;
        }
        !is_own(head.headers()) && self.allowed(head.headers()).is_none()
    }

    fn is_on(&self) -> bool {
        self.any || !self.origins.is_empty()
    }
}

/// Whether a request comes from one of the service's own pages, or not from a page at all.
///
/// Fetch Metadata decides where the browser sends it (behind a proxy, `Host` may differ from the page's), else `Origin`.
/// A request with neither does not come from a browser.
pub fn is_own(headers: &HeaderMap) -> bool {
    match (headers.get(&SEC_FETCH_SITE), headers.get(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => is_at(origin, headers.get(header::HOST)),
        (None, None) => true,
    }
}

/// Whether an origin is the host that the request was sent to. A proxy in between may terminate TLS, so the scheme is not
/// compared.
fn is_at(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), host.map(HeaderValue::to_str)) else {
        return false;
    };
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(own_port).unwrap_or(host);
    matches!(scheme, "http" | "https") && authority.eq_ignore_ascii_case(host)
}

#[cfg(test)]
#[path = "origins_tests.rs"]
mod tests;
