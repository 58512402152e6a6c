//! The registry client against a registry with every fault there is.

mod access;
mod addresses;
mod fake;
mod faults;
mod lineage;
mod names;
mod other_makes;
mod redirects;
mod references;
mod secrets;
mod tls;
mod watch;

use orderlog_registry::config::RegistryConfig;
use orderlog_registry::{Registry, RegistryError};

const TEXT: &str = r#"{"type":"record","name":"R","fields":[]}"#;

/// A lineage of one version, as a service registers it. These tests do not depend on how many versions there are by now.
const LINEAGE: &[&str] = &[V1];
const V1: &str = include_str!("../../../../schemas/order-event/v1.avsc");

/// A client of the registry at these addresses.
fn client(urls: &str) -> Registry {
    client_with(&config(urls))
}

fn client_with(config: &RegistryConfig) -> Registry {
    // Tests of one process share the provider; the first one installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Registry::new(config).expect("a client")
}

/// The settings for these addresses.
fn config(urls: &str) -> RegistryConfig {
    RegistryConfig::at(urls).expect("addresses")
}

/// Why there is no client with these settings.
fn no_client(config: &RegistryConfig) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    format!("{:#}", Registry::new(config).expect_err("no client"))
}

/// The text of an outage; anything else fails the test.
async fn outage(registry: &Registry) -> String {
    match registry.schema(5).await {
        Err(RegistryError::Outage(outage)) => outage.to_string(),
        other => panic!("an outage, not {other:?}"),
    }
}
