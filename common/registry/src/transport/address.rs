//! One address of the registry.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::StatusCode;

use super::clients::Clients;
use super::http::{self, HttpResponse};
use super::redirects;
use crate::auth::Auth;
use crate::outage::{AddressFailure, FailureReason};
use crate::request::Request;
use crate::response::{self, Response, UnexpectedResponse, interpret, parse_json, vendor_not_found};

/// How long an address counts as a registry's once it has proved to be one. Not longer: when a registry goes away, the
/// gateway in front of it responds in its place.
const PROOF_LASTS: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Address {
    base: String,
    auth: Arc<Auth>,
    clients: Clients,
    /// The proxy on the way, if any.
    proxy: Option<String>,
    /// When it last proved to be a registry.
    proved: Mutex<Option<Instant>>,
}

impl Address {
    pub fn new(base: String, auth: Arc<Auth>, clients: Clients, proxy: Option<String>) -> Self {
        Self {
            base,
            auth,
            clients,
            proxy,
            proved: Mutex::default(),
        }
    }

    /// The address, without credentials.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request, and interprets the response, also that of another vendor's registry.
    pub async fn send<T>(
        &self,
        request: &Request,
        parse: fn(&[u8]) -> Option<T>,
    ) -> Result<Response<T>, AddressFailure> {
        let failure = match self.send_once(request, parse).await {
            Ok(response) => return Ok(response),
            Err(failure) => failure,
        };
        let FailureReason::Unexpected {
            vendor_not_found: Some(message),
            ..
        } = &failure.reason
        else {
            return Err(failure);
        };
        let not_found = request.not_found_code.and_then(|code| response::error(code, message));
        match not_found {
            Some(not_found) if self.is_registry().await => Ok(Response::Refused(not_found)),
            _ => Err(failure),
        }
    }

    /// Whether a registry responds at this address, and not something in its place: it can do what every registry can.
    async fn is_registry(&self) -> bool {
        let proved = *self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        if proved.is_some_and(|at| at.elapsed() < PROOF_LASTS) {
            return true;
        }
        // Older registries have no /schemas/types.
        for path in ["/schemas/types", "/subjects"] {
            let request = Request::get(path.to_owned(), &[]);
            if self.send_once(&request, parse_json::<Vec<String>>).await.is_ok() {
                *self.proved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                return true;
            }
        }
        false
    }

    async fn send_once<T>(
        &self,
        request: &Request,
        parse: fn(&[u8]) -> Option<T>,
    ) -> Result<Response<T>, AddressFailure> {
        let url = format!("{}{}", self.base, request.path);
        let (exchanged, redirected_to) = redirects::traced(self.exchange(request, &url)).await;
        let failure = |reason| AddressFailure {
            request: format!("{} {url}", request.method),
            redirected_to,
            reason,
            proxy: self.proxy.clone(),
        };
        let response = match exchanged {
            Ok(response) => response,
            Err(reason) => return Err(failure(reason)),
        };
        let status = response.status;
        tracing::debug!(method = %request.method, url, status = status.as_u16(), "registry responded");
        interpret(status, &response.body, request.expected_errors, parse)
            .map_err(|error| failure(self.unexpected(request, response, error)))
    }

    /// Sends the request, and again with a new secret when the registry rejects the old one.
    async fn exchange(&self, request: &Request, url: &str) -> Result<HttpResponse, FailureReason> {
        let client = self.clients.for_method(&request.method);
        let secret = self.auth.secret();
        let response = http::send(client, request, url, &self.auth, secret.as_ref()).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        match self.auth.reload(secret.as_ref()).map_err(FailureReason::Secret)? {
            Some(secret) => http::send(client, request, url, &self.auth, Some(&secret)).await,
            None => Ok(response),
        }
    }

    fn unexpected(&self, request: &Request, response: HttpResponse, error: UnexpectedResponse) -> FailureReason {
        let status = response.status;
        let is_denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        FailureReason::Unexpected {
            status,
            error: match &response.redirect {
                Some(target) => redirect(status, target, &request.path),
                None => error,
            },
            hint: is_denied.then(|| self.auth.hint()),
            retry_after: response.retry_after,
            vendor_not_found: vendor_not_found(status, &response.body),
        }
    }
}

/// Says where an unfollowed redirect points, and what to set.
fn redirect(status: StatusCode, target: &str, path: &str) -> UnexpectedResponse {
    let path = path.split('?').next().unwrap_or_default();
    let (target, set_to) = match target.strip_suffix(path) {
        Some(base) => (base, "that"),
        None => (target, "the registry's own address"),
    };
    UnexpectedResponse::Redirect {
        status,
        target: target.to_owned(),
        set_to,
    }
}
