//! One question to the registry: sent to its addresses in turn, signed, and bounded in time and length. What an answer
//! means to who asked is not known here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Certificate, Client, Response, StatusCode};

use super::access::Access;
use super::answer::{self, Answer};
use super::outage::{Failure, Outage};
use super::proxies::Proxies;
use super::question::Question;
use crate::config::{RegistryConfig, Secret};

/// Largest answer that is read, in bytes: whether a schema is too large is not judged here, and the largest that is
/// worth judging, escaped as JSON, fits well.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest that one address may take for one question, to the last byte of the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
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
    http: Client,
    /// The proxy that it is asked through, if any.
    proxy: Option<String>,
}

impl Exchange {
    /// As the settings say. Nothing is sent yet.
    ///
    /// # Errors
    /// Settings contradict each other, a file cannot be used, or no HTTP client can be built.
    pub fn new(config: &RegistryConfig) -> anyhow::Result<Self> {
        let common = Arc::new(Access::of(config)?);
        let proxies = Proxies::of_environment();
        // Clients are cheap to share and dear to make: each holds the system's certificates.
        let (direct, proxied) = (client(config, false)?, client(config, true)?);
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
            addresses.push(Address {
                base: url.base.clone(),
                access,
                http: if proxy.is_some() { &proxied } else { &direct }.clone(),
                proxy,
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
            match self.ask_one(&self.addresses[n], question, read).await {
                Ok(answer) => {
                    self.first.store(n, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(failure) => failures.push(failure),
            }
        }
        Err(Outage(failures))
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
        };
        let secret = address.access.secret();
        let (mut status, mut body) = self
            .send(address, &url, question, secret.as_ref())
            .await
            .map_err(|reason| failure(None, reason))?;
        if status == StatusCode::UNAUTHORIZED {
            let renewed = address.access.renewed(secret.as_ref());
            let renewed = renewed.map_err(|error| failure(Some(status), format!("status {status}, and {error:#}")))?;
            if let Some(renewed) = renewed {
                (status, body) = self
                    .send(address, &url, question, Some(&renewed))
                    .await
                    .map_err(|reason| failure(None, reason))?;
            }
        }
        tracing::debug!(method = %question.method, url, status = status.as_u16(), "the registry was asked");
        answer::judge(status, &body, question.refusals, read).map_err(|reason| match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                failure(Some(status), format!("{reason}; {}", address.access.hint()))
            }
            _ => failure(Some(status), reason),
        })
    }

    async fn send(
        &self,
        address: &Address,
        url: &str,
        question: &Question,
        secret: Option<&Secret>,
    ) -> Result<(StatusCode, Vec<u8>), String> {
        let mut request = address
            .http
            .request(question.method.clone(), url)
            .header(ACCEPT, ACCEPTED);
        if let Some(body) = &question.body {
            request = request.header(CONTENT_TYPE, MEDIA_TYPE).body(body.to_string());
        }
        let request = address.access.sign(request, secret);
        let response = request.send().await.map_err(|error| innermost(&error))?;
        Ok((response.status(), read_all(response).await?))
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

fn client(config: &RegistryConfig, through_proxies: bool) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT);
    if !through_proxies {
        builder = builder.no_proxy();
    }
    if let Some(path) = config.ca_file.as_deref().filter(|path| !path.as_os_str().is_empty()) {
        let name = path.display();
        let pem =
            std::fs::read(path).with_context(|| format!("cannot read the file of SCHEMA_REGISTRY_CA_FILE, {name}"))?;
        let certificates = Certificate::from_pem_bundle(&pem)
            .with_context(|| format!("the file of SCHEMA_REGISTRY_CA_FILE, {name}, is no PEM file"))?;
        ensure!(
            !certificates.is_empty(),
            "the file of SCHEMA_REGISTRY_CA_FILE, {name}, holds no certificate; it must hold one in PEM, beginning with -----BEGIN CERTIFICATE-----"
        );
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().context("building the registry's HTTP client")
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
