//! The HTTP clients: trusted certificates, timeouts.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method};

use super::redirects;
use crate::config::RegistryConfig;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// For one request to one address, to the last byte of the response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Cheap to clone, expensive to build: each holds the system's certificates.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    /// Follows redirects.
    get: Client,
    /// Follows no redirect that would change the method.
    other: Client,
}

impl Clients {
    /// Clients with these settings.
    ///
    /// # Errors
    /// SCHEMA_REGISTRY_CA_FILE is not a file of certificates, or no client can be built.
    pub fn new(config: &RegistryConfig, through_proxies: bool) -> anyhow::Result<Self> {
        Ok(Self {
            get: client(config, through_proxies, redirects::all())?,
            other: client(config, through_proxies, redirects::keeping_the_method())?,
        })
    }

    /// The client for this method.
    pub fn for_method(&self, method: &Method) -> &Client {
        if *method == Method::GET { &self.get } else { &self.other }
    }
}

fn client(config: &RegistryConfig, through_proxies: bool, policy: Policy) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .redirect(policy)
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
            .with_context(|| format!("the file of SCHEMA_REGISTRY_CA_FILE, {name}, is not a PEM file"))?;
        ensure!(
            !certificates.is_empty(),
            "the file of SCHEMA_REGISTRY_CA_FILE, {name}, holds no certificate; it needs one in PEM format, beginning with -----BEGIN CERTIFICATE-----"
        );
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().context("building the registry's HTTP client")
}
