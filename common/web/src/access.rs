//! Checks before a request is routed: the connection limit, the host it was sent to, and the web page it comes from. The
//! rules are in `hosts` and [`origins`](super::origins).

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
use super::origins::CorsOrigins;
use super::problem::Problem;
use super::problem_kind::ProblemKind;

/// Who may call a service over HTTP.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessConfig {
    /// Host names that requests may use besides localhost, separated by commas; * allows any. Default: none when bound to
    /// loopback, any otherwise
    #[arg(
        long,
        env = "ALLOWED_HOSTS",
        value_name = "ALLOWED_HOSTS",
        default_value = "",
        hide_default_value = true
    )]
    pub allowed_hosts: AllowedHosts,

    /// Origins of web pages that may call the service (CORS), such as https://shop.example, separated by commas; * allows
    /// any. Default: none
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
pub struct AccessPolicy {
    hosts: Hosts,
    origins: CorsOrigins,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessDenied {
    /// That host is not allowed.
    Host(String),
    /// Cross-origin writes from it are not allowed.
    Origin(String),
    /// Nothing allows cross-origin administration, from whatever origin.
    Administration,
}

impl AccessPolicy {
    /// The policy of a server bound to `bound`. The default allows everything.
    pub fn new(config: &AccessConfig, bound: IpAddr) -> Self {
        Self {
            hosts: Hosts::of(&config.allowed_hosts, bound),
            origins: config.cors_origins.clone(),
        }
    }

    /// Checks a request's host and origin.
    ///
    /// # Errors
    /// Why the request is refused.
    pub fn check(&self, head: &RequestHead) -> Result<(), AccessDenied> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let host = head.headers().get(header::HOST).map(|host| text(host.as_bytes()));
        // A request in absolute form, as sent to proxies, names the host a second time.
        let authority = head.uri.authority().map(|authority| authority.as_str().to_owned());
        if let Some(host) = host.into_iter().chain(authority).find(|host| !self.hosts.allow(host)) {
            return Err(AccessDenied::Host(host));
        }
        if self.origins.is_foreign_write(head) {
            if is_administration(head.uri.path()) {
                return Err(AccessDenied::Administration);
            }
            let origin = head.headers().get(header::ORIGIN);
            return Err(AccessDenied::Origin(
                origin.map(|origin| text(origin.as_bytes())).unwrap_or_default(),
            ));
        }
        Ok(())
    }
}

impl From<AccessDenied> for Problem {
    fn from(refused: AccessDenied) -> Self {
        match refused {
            AccessDenied::Host(host) => Self::new(
                ProblemKind::MisdirectedRequest,
                format!(
                    "host {host:.100} is not allowed; if clients may use it, add it to ALLOWED_HOSTS (--allowed-hosts)"
                ),
            ),
            AccessDenied::Administration => Self::new(
                ProblemKind::CrossOrigin,
                "pages of other origins may not do this, whatever CORS_ORIGINS allows; use the service's own console, or a client that is not a browser",
            ),
            AccessDenied::Origin(origin) => {
                let page = if origin.is_empty() {
                    "another site".to_owned()
                } else {
                    format!("{origin:.100}")
                };
                Self::new(
                    ProblemKind::CrossOrigin,
                    format!(
                        "cross-origin writes from {page} are not allowed; if that page may write, add its origin to CORS_ORIGINS (--cors-origins)"
                    ),
                )
            }
        }
    }
}

/// Whether writes to that path take the admin key.
fn is_administration(path: &str) -> bool {
    let path = path.strip_prefix(ENVELOPE_PREFIX).unwrap_or(path);
    path.starts_with("/dlq/")
}

/// Whether that path is a health check, which is answered even under overload and during shutdown.
pub(super) fn is_health(path: &str) -> bool {
    let path = path.strip_prefix(ENVELOPE_PREFIX).unwrap_or(path);
    path == "/health" || path.starts_with("/health/")
}

/// Middleware for `actix_web::middleware::from_fn`: admits requests and answers CORS preflights.
///
/// # Errors
/// Only errors of the inner service; a refusal is a response.
pub async fn enforce<B: MessageBody + 'static>(
    access: AccessPolicy,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(refused) = access.check(request.head()) {
        return Ok(request.error_response(Problem::from(refused)));
    }
    let allowed = access.origins.allowed(request.headers());
    let mut response = if connections::is_over_limit(&request) && !is_health(request.path()) {
        let problem = Problem::new(
            ProblemKind::Unavailable,
            "too many requests in progress; retry in a moment",
        );
        request.error_response(problem)
    } else if let Some(answer) = access.origins.preflight(request.head()) {
        request.into_response(answer)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    access.origins.expose(allowed, response.headers_mut());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_foreign_page_is_told_of_a_setting_only_where_that_setting_helps() {
        let refused = |path: &str| {
            let request = TestRequest::post().uri(path);
            let request = request.insert_header((header::ORIGIN, "https://shop.example"));
            let refused = AccessPolicy::default().check(request.to_http_request().head());
            Problem::from(refused.expect_err("refused")).summary().to_owned()
        };
        for path in ["/create-order", "/api/create-order"] {
            assert!(
                refused(path).contains("add its origin to CORS_ORIGINS"),
                "{}",
                refused(path)
            );
        }
        for path in ["/dlq/replay", "/api/dlq/resume"] {
            assert!(
                refused(path).contains("whatever CORS_ORIGINS allows"),
                "{}",
                refused(path)
            );
        }
    }
}
