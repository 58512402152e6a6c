//! Web pages of other origins: which may call the service (CORS), and that no other one writes. What a page may do at its
//! own origin is no business of this file.

use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::dev::RequestHead;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// What pages of allowed origins may send.
const ALLOWED_HEADERS: &str = "Content-Type, Idempotency-Key, If-Match, If-None-Match, traceparent";
/// With which methods.
const ALLOWED_METHODS: &str = "GET, HEAD, POST, PUT";
/// What they may read of an answer besides the headers that every page may.
const EXPOSED_HEADERS: &str = "ETag, Location, Idempotency-Replayed, Retry-After";
/// How long a browser need not ask again, in seconds.
const MAX_AGE: &str = "3600";
/// Fetch Metadata, which pages cannot set themselves.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Origins of web pages, as `CORS_ORIGINS` gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsOrigins {
    any: bool,
    origins: Vec<String>,
}

impl FromStr for CorsOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut origins = Self::default();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            match origin {
                "*" => origins.any = true,
                origin => origins.origins.push(normalised(origin).ok_or(
                    "write origins as browsers do, scheme://host[:port] with commas between, such as https://shop.example,http://localhost:3000; * for every origin",
                )?),
            }
        }
        Ok(origins)
    }
}

/// An origin as browsers write it: lower case, without the scheme's own port.
fn normalised(origin: &str) -> Option<String> {
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
    /// The answer to a browser that asks whether a page may send its request; `None` for every other request, and where
    /// no origin is allowed.
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

    /// The origin that an answer to this request is for: `Access-Control-Allow-Origin`.
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

    /// Says in an answer's headers which pages may read it.
    pub(super) fn expose(&self, allowed: Option<HeaderValue>, answer: &mut HeaderMap) {
        if self.is_on() && !self.any {
            // For caches: with another Origin the answer would be another.
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

    /// Whether a page of an origin that is not allowed wants to write. A page can send some requests without asking first;
    /// it cannot read their answers, but they would be carried out.
    ///
    /// Fetch Metadata decides where the browser sends it (behind a proxy `Host` may be another than the page's), else
    /// `Origin`; a request that has neither comes from no browser.
    pub(super) fn is_foreign_write(&self, head: &RequestHead) -> bool {
        if matches!(
            head.method,
            Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE
        ) {
            return false;
        }
        let headers = head.headers();
        let own = match (headers.get(&SEC_FETCH_SITE), headers.get(header::ORIGIN)) {
            (Some(site), _) => site == "same-origin" || site == "none",
            (None, Some(origin)) => is_at(origin, headers.get(header::HOST)),
            (None, None) => true,
        };
        !own && self.allowed(headers).is_none()
    }

    fn is_on(&self) -> bool {
        self.any || !self.origins.is_empty()
    }
}

/// Whether an origin is the host that the request is for. A proxy in between may have taken off the TLS, so the scheme is
/// not compared.
fn is_at(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), host.map(HeaderValue::to_str)) else {
        return false;
    };
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    let host = host.strip_suffix(own_port).unwrap_or(host);
    authority.eq_ignore_ascii_case(host)
}

#[cfg(test)]
#[path = "origins_tests.rs"]
mod tests;
