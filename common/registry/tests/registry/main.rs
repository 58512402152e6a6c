//! The client of the registry against one that has every fault there is.

mod access;
mod addresses;
mod check;
mod fake;
mod faults;
mod lineage;
mod names;
mod other_makes;
mod redirects;
mod references;
mod secrets;
mod tls;

use orderlog_registry::config::RegistryConfig;
use orderlog_registry::{Registry, RegistryError};

const TEXT: &str = r#"{"type":"record","name":"R","fields":[]}"#;

/// A client of the registry at those addresses.
fn client(urls: &str) -> Registry {
    client_with(&config(urls))
}

fn client_with(config: &RegistryConfig) -> Registry {
    // Tests of one process share the provider; the first one installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registry::new(config).expect("a client")
}

/// The settings for those addresses.
fn config(urls: &str) -> RegistryConfig {
    RegistryConfig::at(urls).expect("addresses")
}

/// Why there is no client with those settings.
fn no_client(config: &RegistryConfig) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    format!("{:#}", Registry::new(config).expect_err("no client"))
}

/// The text of an outage; everything else fails the test.
async fn outage(registry: &Registry) -> String {
    match registry.schema(5).await {
        Err(RegistryError::Outage(reason)) => reason,
        other => panic!("an outage, not {other:?}"),
    }
}
