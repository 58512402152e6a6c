//! One request to the registry: sent to its addresses in turn, with credentials, limited in time and length. What a
//! response means to the caller is not known here.
//!
//! - `address`: one of the addresses;
//! - `http`: one HTTP exchange; `clients`: the HTTP clients; `proxies`: HTTP proxies;
//! - `redirects`: which ones are followed, and where to.

mod address;
mod clients;
mod http;
mod proxies;
mod redirects;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::ensure;

use crate::auth::Auth;
use crate::config::RegistryConfig;
use crate::outage::Outage;
use crate::request::Request;
use crate::response::Response;
use address::Address;
use clients::Clients;
use proxies::Proxies;

pub use proxies::proxy_for;

/// Sends requests to a registry with one or more addresses.
#[derive(Debug)]
pub(crate) struct Transport {
    addresses: Vec<Address>,
    /// The address that responded last, which is tried first.
    first: AtomicUsize,
}

impl Transport {
    /// With these settings. Sends nothing yet.
    ///
    /// # Errors
    /// Settings contradict each other, a file is not what it should be, or no HTTP client can be built.
    pub fn new(config: &RegistryConfig) -> anyhow::Result<Self> {
        let shared = Arc::new(Auth::from_config(config)?);
        let proxies = Proxies::from_env();
        // With and without a proxy: clients are expensive, so addresses share them.
        let mut built = [None, None];
        let mut addresses = Vec::new();
        for url in config.urls.as_slice() {
            let auth = match &url.credentials {
                None => shared.clone(),
                Some((user, password)) => {
                    ensure!(
                        !shared.is_configured(),
                        "SCHEMA_REGISTRY_URL holds a user and a password, and another user or token is set; keep only one"
                    );
                    Arc::new(Auth::from_url(user, password))
                }
            };
            let proxy = proxies.for_url(&url.base);
            let clients: &mut Option<Clients> = &mut built[usize::from(proxy.is_some())];
            let clients = match clients {
                Some(clients) => clients.clone(),
                None => clients.insert(Clients::new(config, proxy.is_some())?).clone(),
            };
            addresses.push(Address::new(url.base.clone(), auth, clients, proxy));
        }
        Ok(Self {
            addresses,
            first: AtomicUsize::new(0),
        })
    }

    /// The addresses, comma-separated.
    pub fn urls(&self) -> String {
        let bases: Vec<_> = self.addresses.iter().map(Address::base).collect();
        bases.join(",")
    }

    /// Tries the addresses in turn, starting with the one that responded last, until one gives a definite response. `parse`
    /// reads the body of a success; `None` means that no registry sent it.
    pub async fn send<T>(&self, request: &Request, parse: fn(&[u8]) -> Option<T>) -> Result<Response<T>, Outage> {
        let first = self.first.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        for n in (first..self.addresses.len()).chain(0..first) {
            match self.addresses[n].send(request, parse).await {
                Ok(response) => {
                    self.first.store(n, Ordering::Relaxed);
                    return Ok(response);
                }
                Err(failure) => failures.push(failure),
            }
        }
        Err(Outage::of_addresses(failures))
    }
}
