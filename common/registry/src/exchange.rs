//! One question to the registry: sent to its addresses in turn, signed, and bounded in time and length. What an answer
//! means to who asked is not known here.

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

/// Largest answer that is read, in bytes: whether a schema is too large is not judged here, and the largest that is
/// worth judging, escaped as JSON, fits well.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
/// Longest that an address can ask not to be asked.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);
/// So long an address that has shown to be a registry's counts as one. Not longer: what stands before a registry that has
/// gone answers in its place.
const PROOF_HOLDS: Duration = Duration::from_secs(1);
/// What the API's clients send and accept (Confluent API reference, "Content types").
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";
const ACCEPTED: &str = "application/vnd.schemaregistry.v1+json, application/vnd.schemaregistry+json, application/json";

/// Asks a registry that has one or more addresses.
#[derive(Debug)]
pub(super) struct Exchange {
    addresses: Vec<Address>,
    /// The address that answered last, which is asked first.
    first: AtomicUsize,
}

#[derive(Debug)]
struct Address {
    base: String,
    access: Arc<Access>,
    http: Clients,
    /// The proxy that it is asked through, if any.
    proxy: Option<String>,
    /// When it last showed to be a registry's.
    proven: Mutex<Option<Instant>>,
}

/// What came back.
struct Reply {
    status: StatusCode,
    body: Vec<u8>,
    retry_after: Option<Duration>,
    /// Where the answer is to be asked for, if that was not done.
    redirect: Option<String>,
}

impl Exchange {
    /// As the settings say. Nothing is sent yet.
    ///
    /// # Errors
    /// Settings contradict each other, a file cannot be used, or no HTTP client can be built.
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
                        "SCHEMA_REGISTRY_URL holds a user and a password, and another user or token is set; keep one of the two"
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

    /// The addresses, with commas between.
    pub fn addresses(&self) -> String {
        let bases: Vec<_> = self.addresses.iter().map(|address| address.base.as_str()).collect();
        bases.join(",")
    }

    /// Asks the addresses in turn, beginning with the one that answered last, until one answers. `read` reads the body of
    /// a success, and gives nothing for what is no registry's answer.
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

    /// The refusal that a failure means, which is that of a registry of another make.
    async fn absence(&self, address: &Address, question: &Question, failure: &Failure) -> Option<RawError> {
        let (message, code) = (failure.not_there.as_ref()?, question.absent?);
        let absence = answer::refusal(code, message)?;
        self.is_registrys(address).await.then_some(absence)
    }

    /// Whether a registry answers there, and not something in its place: it answers what every registry can.
    async fn is_registrys(&self, address: &Address) -> bool {
        let proven = *address.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if proven.is_some_and(|at| at.elapsed() < PROOF_HOLDS) {
            return true;
        }
        // Older ones have no types.
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
        tracing::debug!(method = %question.method, url, status = status.as_u16(), "the registry was asked");
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
        // One that is no number is a date: it is not worth reading for so short a time.
        let retry_after =
            header(RETRY_AFTER).map(|after| after.trim().parse().map_or(MAX_RETRY_AFTER, Duration::from_secs));
        let redirect = header(LOCATION)
            .filter(|_| response.status().is_redirection())
            .and_then(|target| response.url().join(target).ok());
        Ok(Reply {
            status: response.status(),
            retry_after: retry_after.map(|after| after.min(MAX_RETRY_AFTER)),
            redirect: redirect.map(|mut target| {
                // What is shown may hold no secret.
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
    /// What a failure says of the way to it: one that came from a proxy is looked for there.
    fn way(&self) -> String {
        self.proxy.as_ref().map_or_else(String::new, |proxy| {
            format!(
                " (asked through the proxy {proxy} of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY; NO_PROXY names hosts to ask directly)"
            )
        })
    }
}

/// Reads an answer, up to the limit: a body that never ends must not fill the memory.
async fn read_all(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| innermost(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(format!("the answer is longer than {MAX_ANSWER_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The last cause in the chain: reqwest's own text stops at "error sending request".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
