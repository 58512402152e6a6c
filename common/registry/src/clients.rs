//! What questions are sent with: trusted certificates, time limits, and which redirects are followed.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, StatusCode};

use super::answer::one_line;
use crate::config::RegistryConfig;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest that one address may take for one question, to the last byte of the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Cheap to share and dear to make: each holds the system's certificates.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    /// For GET; follows redirects.
    asking: Client,
    /// For the other methods; follows no redirect that would make another question of it.
    sending: Client,
}

impl Clients {
    /// As the settings say. Nothing is sent yet.
    ///
    /// # Errors
    /// The file of SCHEMA_REGISTRY_CA_FILE cannot be used, or no client can be built.
    pub fn new(config: &RegistryConfig, through_proxies: bool) -> anyhow::Result<Self> {
        let faithful = Policy::custom(|attempt| match attempt.status() {
            // HTTP clients put a GET in the place of a POST then.
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => attempt.stop(),
            _ => Policy::default().redirect(attempt),
        });
        Ok(Self {
            asking: client(config, through_proxies, Policy::default())?,
            sending: client(config, through_proxies, faithful)?,
        })
    }

    /// The client for questions of that method.
    pub fn of(&self, method: &Method) -> &Client {
        if *method == Method::GET {
            &self.asking
        } else {
            &self.sending
        }
    }
}

/// Why a redirect was not followed, and where the registry is.
pub(super) fn redirected(status: StatusCode, target: &str, path: &str) -> String {
    let status = status.as_u16();
    let path = path.split('?').next().unwrap_or_default();
    match target.strip_suffix(path) {
        Some(base) => format!(
            "redirects ({status}) to {}; set SCHEMA_REGISTRY_URL to that",
            one_line(base)
        ),
        None => format!(
            "redirects ({status}) to {}; set SCHEMA_REGISTRY_URL to the registry's own address",
            one_line(target)
        ),
    }
}

fn client(config: &RegistryConfig, through_proxies: bool, redirects: Policy) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .redirect(redirects)
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
