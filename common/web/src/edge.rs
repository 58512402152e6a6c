//! What is looked at before a request is routed: whether there is room for it, under which name the service is called, and
//! on behalf of which web page. No rule of its own: [`hosts`](super::hosts) and [`origins`](super::origins) have them.

use std::net::IpAddr;

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{RequestHead, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use clap::Args;

use super::connections;
use super::envelope::ENVELOPE_PREFIX;
use super::hosts::{AllowedHosts, Hosts};
use super::kind::Kind;
use super::origins::CorsOrigins;
use super::problem::Problem;

/// Who may call a service over HTTP.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct EdgeConfig {
    /// Names under which the service may be called (Host) besides localhost, with commas between; * for every name. When
    /// not given: on loopback no other, on another address every name
    #[arg(
        long,
        env = "ALLOWED_HOSTS",
        value_name = "ALLOWED_HOSTS",
        default_value = "",
        hide_default_value = true
    )]
    pub allowed_hosts: AllowedHosts,

    /// Origins of web pages that may call the service (CORS), such as https://shop.example, with commas between; * for
    /// every origin. When not given: none
    #[arg(
        long,
        env = "CORS_ORIGINS",
        value_name = "CORS_ORIGINS",
        default_value = "",
        hide_default_value = true
    )]
    pub cors_origins: CorsOrigins,
}

/// Who may call one server.
#[derive(Clone, Debug, Default)]
pub struct Edge {
    hosts: Hosts,
    origins: CorsOrigins,
}

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The service is not called so.
    Host(String),
    /// A web page of that origin may not write.
    Origin(String),
}

impl Edge {
    /// For a server that is bound to that address. The default lets everything in.
    pub fn new(config: &EdgeConfig, bound: IpAddr) -> Self {
        Self {
            hosts: Hosts::of(&config.allowed_hosts, bound),
            origins: config.cors_origins.clone(),
        }
    }

    /// Looks at a request's host and origin.
    ///
    /// # Errors
    /// Why it is not let in.
    pub fn check(&self, head: &RequestHead) -> Result<(), Refused> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let host = head.headers().get(header::HOST).map(|host| text(host.as_bytes()));
        // A request for a proxy names the host a second time.
        let authority = head.uri.authority().map(|authority| authority.as_str().to_owned());
        if let Some(host) = host.into_iter().chain(authority).find(|host| !self.hosts.allow(host)) {
            return Err(Refused::Host(host));
        }
        if self.origins.is_foreign_write(head) {
            let origin = head.headers().get(header::ORIGIN);
            return Err(Refused::Origin(
                origin.map(|origin| text(origin.as_bytes())).unwrap_or_default(),
            ));
        }
        Ok(())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Host(host) => Self::new(
                Kind::MisdirectedRequest,
                format!(
                    "this service is not called {host:.100}; ALLOWED_HOSTS (--allowed-hosts) names further hosts under which it is"
                ),
            ),
            Refused::Origin(origin) => {
                let page = if origin.is_empty() {
                    "of another site".to_owned()
                } else {
                    format!("of {origin:.100}")
                };
                Self::new(
                    Kind::CrossOrigin,
                    format!(
                        "a web page {page} may not write here; CORS_ORIGINS (--cors-origins) names the origins that may"
                    ),
                )
            }
        }
    }
}

/// Whether that path tells of the service's health: it is answered whatever else there is to do.
pub(super) fn is_health(path: &str) -> bool {
    let path = path.strip_prefix(ENVELOPE_PREFIX).unwrap_or(path);
    path == "/health" || path.starts_with("/health/")
}

/// Middleware for `actix_web::middleware::from_fn`: lets requests in, and answers browsers that ask whether a page may send
/// one.
///
/// # Errors
/// Only what an inner middleware fails with; a refusal is an answer.
pub async fn admit<B: MessageBody + 'static>(
    edge: Edge,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(refused) = edge.check(request.head()) {
        return Ok(request.error_response(Problem::from(refused)));
    }
    let allowed = edge.origins.allowed(request.headers());
    let mut response = if connections::is_spare(&request) && !is_health(request.path()) {
        let problem = Problem::new(
            Kind::Unavailable,
            "too many requests are being answered; come again in a moment",
        );
        request.error_response(problem)
    } else if let Some(answer) = edge.origins.preflight(request.head()) {
        request.into_response(answer)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    edge.origins.expose(allowed, response.headers_mut());
    Ok(response)
}
