//! Who may change something: replay and discard dead letters, resume a partition. With an admin key, whoever sends it;
//! without one, only clients on the service's own machine. A web page of another origin may not in either case, not even one
//! that `CORS_ORIGINS` lets write orders.

mod key;

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpRequest, web};
use anyhow::Context;
use orderlog_runtime::secret::Secret;
use orderlog_web::openapi::USER_HEADER;
use orderlog_web::{Json, Problem, ProblemKind, hosts, origins};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::dead_letter::marks::MAX_BY_CHARS;
use crate::hidden::is_printable;
pub use key::{AdminAccess, AdminConfig};

/// Headers by which proxies name their clients and themselves. A request with one of them has come through a proxy, so its
/// peer's address says nothing about who sent it.
const OF_PROXIES: [&str; 6] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
];
/// The beginnings of the names of others.
const OF_PROXIES_BEGIN: [&str; 2] = ["x-forwarded-", "x-envoy-"];

/// Somebody who may change something. As a parameter of a handler it refuses everybody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// Who it is: the request's `X-Orderlog-User`, or else the client's address. For people, not for decisions.
    pub by: String,
}

impl FromRequest for Admin {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let access = request.app_data::<web::Data<AdminAccess>>().cloned();
        let (headers, peer) = (request.headers().clone(), request.peer_addr());
        // A request in absolute form names the host a second time.
        let authority = request.uri().authority().map(ToString::to_string);
        Box::pin(async move {
            let access = access.context("this server has no AdminAccess")?;
            let key = access.as_ref().clone().key().await.map_err(|error| {
                tracing::error!(error = format!("{error:#}"), "admin key not readable");
                Problem::new(
                    ProblemKind::Unavailable,
                    "nobody is let in now: the file of ADMIN_API_KEY_FILE (--admin-api-key-file) holds no key that can be read; the service's log says why",
                )
            })?;
            admit(key.as_ref(), &headers, authority.as_deref(), peer)
        })
    }
}

/// The body of a request by somebody who may change something. Nothing is said about the body to anybody else.
#[derive(Clone, Debug)]
pub struct AdminJson<T> {
    /// Who it is.
    pub admin: Admin,
    /// The parsed body.
    pub value: T,
}

impl<T: DeserializeOwned + 'static> FromRequest for AdminJson<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let admin = Admin::from_request(request, payload);
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let admin = admin.await?;
            let Json { value, .. } = Json::from_request(&request, &mut payload).await?;
            Ok(Self { admin, value })
        })
    }
}

/// Decides whether a request may change something.
fn admit(
    key: Option<&Secret>,
    headers: &HeaderMap,
    authority: Option<&str>,
    peer: Option<SocketAddr>,
) -> Result<Admin, Problem> {
    if !origins::is_own(headers) {
        return Err(Problem::new(
            ProblemKind::CrossOrigin,
            "pages of other origins may not do this, whatever CORS_ORIGINS allows; use the service's own console, or a client that is not a browser",
        ));
    }
    let address = peer.map(|peer| peer.ip().to_canonical());
    match key {
        Some(key) => check_key(key, headers)?,
        None => check_loopback(headers, authority, address)?,
    }
    let by = user(headers)?;
    let address = || address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
    Ok(Admin {
        by: by.unwrap_or_else(address),
    })
}

fn check_key(key: &Secret, headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| bearer(value.as_bytes()));
    let found = match sent {
        Some(sent) if is_same(sent, key.expose().as_bytes()) => return Ok(()),
        Some(_) => "another key",
        None => "none",
    };
    Err(Problem::new(
        ProblemKind::AdminKeyRequired,
        format!("send the service's admin key (ADMIN_API_KEY) as Authorization: Bearer <key>; the request has {found}"),
    ))
}

fn check_loopback(headers: &HeaderMap, authority: Option<&str>, peer: Option<IpAddr>) -> Result<(), Problem> {
    // A name that is not this machine's own may be a web page's that resolves to it (DNS rebinding).
    let host = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    let mut names = host.into_iter().chain(authority).peekable();
    // Only HTTP/1.0 may name none, which proxies speak that do not pass the name on.
    let is_local = names.peek().is_some() && names.all(hosts::is_local);
    let proxied = headers.keys().map(HeaderName::as_str).find(|name| is_of_proxies(name));
    let why = match (peer, proxied) {
        (Some(peer), None) if peer.is_loopback() && is_local => return Ok(()),
        (_, Some(header)) => format!("came through a proxy (it has the header {header})"),
        (Some(peer), None) if peer.is_loopback() => "was not sent to localhost".to_owned(),
        (Some(peer), None) => format!("comes from {peer}"),
        (None, None) => "comes from an unknown address".to_owned(),
    };
    Err(Problem::new(
        ProblemKind::AdminLoopbackOnly,
        format!(
            "the service has no admin key, so it accepts this only from its own machine, and the request {why}; set ADMIN_API_KEY or ADMIN_API_KEY_FILE (--admin-api-key-file), then send the key"
        ),
    ))
}

fn is_of_proxies(name: &str) -> bool {
    OF_PROXIES.contains(&name) || OF_PROXIES_BEGIN.iter().any(|beginning| name.starts_with(beginning))
}

/// The token of `Authorization: Bearer <token>`; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty()).then_some(token)
}

/// Compares digests, in constant time: how long it takes shows neither where the key differs nor how long it is.
fn is_same(sent: &[u8], key: &[u8]) -> bool {
    Sha256::digest(sent).ct_eq(&Sha256::digest(key)).into()
}

fn user(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(HeaderName::from_static("x-orderlog-user")) else {
        return Ok(None);
    };
    let user = std::str::from_utf8(value.as_bytes()).map(str::trim).ok();
    let user = user.filter(|user| user.chars().count() <= MAX_BY_CHARS && user.chars().all(is_printable));
    let user = user.ok_or_else(|| {
        Problem::invalid_field(
            USER_HEADER,
            format!("must be at most {MAX_BY_CHARS} printable characters, in UTF-8"),
        )
    })?;
    Ok((!user.is_empty()).then(|| user.to_owned()))
}

#[cfg(test)]
#[path = "admin_tests.rs"]
mod tests;
