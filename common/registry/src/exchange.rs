//! One request to the registry: sent to its addresses in turn, with credentials, limited in time and length. What a
//! response means to the caller is not known here.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::ensure;
use orderlog_runtime::secret::Secret;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use schema_registry_converter::schema_registry_common::RawError;

use super::access::Access;
use super::answer::{self, Answer, parsed};
use super::clients::{Clients, redirected};
use super::outage::{Failure, Outage};
use super::proxies::Proxies;
use super::question::Question;
use crate::config::RegistryConfig;

/// Largest response that is read, in bytes. Whether a schema is too large is decided elsewhere; the largest allowed one,
/// escaped as JSON, fits easily.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// Longest `Retry-After` that is respected.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
/// How long an address counts as a registry's once it has shown to be one. Not longer: when a registry goes away, the
/// gateway in front of it responds in its place.
const PROOF_HOLDS: Duration = Duration::from_secs(1);
/// Content types of the API (Confluent API reference, "Content types").
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";
const ACCEPTED: &str = "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json";

/// Sends requests to a registry with one or more addresses.
#[derive(Debug)]
pub(super) struct Exchange {
    addresses: Vec<Address>,
    /// The address that responded last, which is tried first.
    first: AtomicUsize,
}

#[derive(Debug)]
struct Address {
    base: String,
    access: Arc<Access>,
    http: Clients,
    /// The proxy on the way, if any.
    proxy: Option<String>,
    /// When it last proved to be a registry.
    proven: Mutex<Option<Instant>>,
}

/// An HTTP response.
struct Reply {
    status: StatusCode,
    body: Vec<u8>,
    retry_after: Option<Duration>,
    /// The target of a redirect that was not followed.
    redirect: Option<String>,
}

impl Exchange {
    /// With these settings. Sends nothing yet.
    ///
    /// # Errors
    /// Settings contradict each other, a file is not what it should be, or no HTTP client can be built.
    pub fn new(config: &RegistryConfig) -> anyhow::Result<Self> {
        let common = Arc::new(Access::of(config)?);
        let proxies = Proxies::of_environment();
        let mut made = [None, None];
        let mut addresses = Vec::new();
        for url in config.urls.as_slice() {
            let access = match &url.credentials {
                None => common.clone(),
                Some((user, password)) => {
                    ensure!(
                        !common.is_somebody(),
                        "SCHEMA_REGISTRY_URL holds a user and a password, and another user or token is set; keep only one"
                    );
                    Arc::new(Access::of_address(user, password))
                }
            };
            let proxy = proxies.of(&url.base);
            let clients = &mut made[usize::from(proxy.is_some())];
            let http = match clients {
                Some(clients) => Clients::clone(clients),
                None => clients.insert(Clients::new(config, proxy.is_some())?).clone(),
            };
            addresses.push(Address {
                base: url.base.clone(),
                access,
                http,
                proxy,
                proven: Mutex::default(),
            });
        }
        Ok(Self {
            addresses,
            first: AtomicUsize::new(0),
        })
    }

    /// The addresses, comma-separated.
    pub fn addresses(&self) -> String {
        let bases: Vec<_> = self.addresses.iter().map(|address| address.base.as_str()).collect();
        bases.join(",")
    }

    /// Tries the addresses in turn, starting with the one that responded last, until one gives a definite response. `read`
    /// parses the body of a success; `None` means that no registry sent it.
    pub async fn ask<T>(&self, question: &Question, read: fn(&[u8]) -> Option<T>) -> Result<Answer<T>, Outage> {
        let first = self.first.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        for n in (first..self.addresses.len()).chain(0..first) {
            let address = &self.addresses[n];
            let answer = match self.ask_one(address, question, read).await {
                Ok(answer) => answer,
                Err(failure) => match self.absence(address, question, &failure).await {
                    Some(absence) => Answer::Refused(absence),
                    None => {
                        failures.push(failure);
                        continue;
                    }
                },
            };
            self.first.store(n, Ordering::Relaxed);
            return Ok(answer);
        }
        Err(Outage(failures))
    }

    /// The "not found" that a failure means when another vendor's registry sent it.
    async fn absence(&self, address: &Address, question: &Question, failure: &Failure) -> Option<RawError> {
        let (message, code) = (failure.not_there.as_ref()?, question.absent?);
        let absence = answer::refusal(code, message)?;
        self.is_registrys(address).await.then_some(absence)
    }

    /// Whether a registry responds at this address, and not something in its place: it can do what every registry can.
    async fn is_registrys(&self, address: &Address) -> bool {
        let proven = *address.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if proven.is_some_and(|at| at.elapsed() < PROOF_HOLDS) {
            return true;
        }
        // Older registries have no /schemas/types.
        for path in ["/schemas/types", "/subjects"] {
            let question = Question::get(path.to_owned(), &[]);
            if self.ask_one(address, &question, parsed::<Vec<String>>).await.is_ok() {
                *address.proven.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                return true;
            }
        }
        false
    }

    async fn ask_one<T>(
        &self,
        address: &Address,
        question: &Question,
        read: fn(&[u8]) -> Option<T>,
    ) -> Result<Answer<T>, Failure> {
        let url = format!("{}{}", address.base, question.path);
        let failure = |status, reason: String| Failure {
            text: format!("{} {url}: {reason}{}", question.method, address.way()),
            status,
            ..Failure::default()
        };
        let secret = address.access.secret();
        let mut reply = self
            .send(address, &url, question, secret.as_ref())
            .await
            .map_err(|reason| failure(None, reason))?;
        if reply.status == StatusCode::UNAUTHORIZED {
            let status = reply.status;
            let renewed = address.access.renewed(secret.as_ref());
            let renewed = renewed.map_err(|error| failure(Some(status), format!("status {status}, and {error:#}")))?;
            if let Some(renewed) = renewed {
                reply = self
                    .send(address, &url, question, Some(&renewed))
                    .await
                    .map_err(|reason| failure(None, reason))?;
            }
        }
        let status = reply.status;
        tracing::debug!(method = %question.method, url, status = status.as_u16(), "registry responded");
        answer::judge(status, &reply.body, question.refusals, read).map_err(|reason| {
            let reason = match (status, &reply.redirect) {
                (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                    format!("{reason}; {}", address.access.hint())
                }
                (_, Some(target)) => redirected(status, target, &question.path),
                _ => reason,
            };
            Failure {
                retry_after: reply.retry_after,
                not_there: answer::not_there(status, &reply.body),
                ..failure(Some(status), reason)
            }
        })
    }

    async fn send(
        &self,
        address: &Address,
        url: &str,
        question: &Question,
        secret: Option<&Secret>,
    ) -> Result<Reply, String> {
        let client = address.http.of(&question.method);
        let mut request = client.request(question.method.clone(), url).header(ACCEPT, ACCEPTED);
        if let Some(body) = &question.body {
            request = request.header(CONTENT_TYPE, MEDIA_TYPE).body(body.to_string());
        }
        let request = address.access.sign(request, secret);
        let response = request.send().await.map_err(|error| innermost(&error))?;
        let header = |name: HeaderName| response.headers().get(name)?.to_str().ok();
        // If it is not a number it is a date, which is not worth parsing for so short a time.
        let retry_after =
            header(RETRY_AFTER).map(|after| after.trim().parse().map_or(MAX_RETRY_AFTER, Duration::from_secs));
        let redirect = header(LOCATION)
            .filter(|_| response.status().is_redirection())
            .and_then(|target| response.url().join(target).ok());
        Ok(Reply {
            status: response.status(),
            retry_after: retry_after.map(|after| after.min(MAX_RETRY_AFTER)),
            redirect: redirect.map(|mut target| {
                // It is shown in messages, so it may hold no secret.
                let _ = target.set_username("");
                let _ = target.set_password(None);
                target.set_query(None);
                target.into()
            }),
            body: read_all(response).await?,
        })
    }
}

impl Address {
    /// Names the proxy in a failure's message: the proxy may be its cause.
    fn way(&self) -> String {
        self.proxy.as_ref().map_or_else(String::new, |proxy| {
            format!(
                " (through the proxy {proxy}, set by HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; NO_PROXY lists hosts to reach directly)"
            )
        })
    }
}

/// Reads a response up to the limit: an endless body must not fill the memory.
async fn read_all(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| innermost(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(format!("the response is longer than {MAX_ANSWER_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The root cause: reqwest's own text stops at "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
