//! The broker and the registry that a service under test runs on.

use orderlog_projection::config::PipelineConfig;
use orderlog_registry::config::RegistryConfig;
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::registry::{Contents, Registry};
use crate::third_party;

/// A broker and a registry.
pub struct Outside {
    /// The broker.
    pub broker: Broker,
    /// The registry's URL, also while it is down.
    pub registry_url: String,
    registry: Option<Registry>,
    registry_port: u16,
}

impl Outside {
    /// Starts a cluster of that many brokers, without topics, and an empty registry.
    ///
    /// # Panics
    /// If one does not start.
    pub fn start(brokers: i32) -> Self {
        // Tests share the process's crypto provider; the first one installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let broker = Broker::start_with(brokers).expect("a broker");
        let registry = Registry::start(("127.0.0.1", 0)).expect("a registry");
        Self {
            broker,
            registry_url: registry.url(),
            registry_port: registry.port(),
            registry: Some(registry),
        }
    }

    /// Makes a service use this broker and this registry.
    ///
    /// # Panics
    /// If the registry has no valid URL.
    pub fn configure(&self, pipeline: &mut PipelineConfig) {
        pipeline.registry = RegistryConfig::at(&self.registry_url).expect("an address");
        pipeline.kafka.bootstrap_servers = self.broker.bootstrap_servers();
        pipeline.kafka.has_admin_api = false;
        // New records do not wake a waiting fetch of the mock broker.
        pipeline.kafka.kafka_extra = vec![("fetch.wait.max.ms".into(), "3".into())];
    }

    /// Stops the registry, and returns its contents.
    ///
    /// # Panics
    /// If it is stopped already.
    pub async fn registry_down(&mut self) -> Contents {
        self.registry.take().expect("a running registry").stop().await
    }

    /// Starts a registry with those contents at the same address.
    ///
    /// # Panics
    /// If the port is in use.
    pub fn registry_up(&mut self, contents: Contents) {
        let registry = Registry::start_with(("127.0.0.1", self.registry_port), contents);
        self.registry = Some(registry.expect("the port is free again"));
    }

    /// Replaces the registry with another one at the same address. Returns the contents of the previous one.
    ///
    /// # Panics
    /// If the registry is down.
    pub async fn swap_registry(&mut self, contents: Contents) -> Contents {
        let before = self.registry_down().await;
        self.registry_up(contents);
        before
    }

    /// Registers a schema. Returns its id.
    ///
    /// # Panics
    /// If the registry refuses it.
    pub async fn register(&self, subject: &str, schema: &str) -> u32 {
        self.register_with(subject, schema, &json!([])).await
    }

    /// Registers a schema with references. Returns its id.
    ///
    /// # Panics
    /// If the registry refuses it.
    pub async fn register_with(&self, subject: &str, schema: &str, references: &Value) -> u32 {
        let id = third_party::register(&self.registry_url, subject, schema, references).await;
        id.expect("registers")
    }
}

/// The contents of a registry in which others were first, so that the ids of ours mean something else.
///
/// # Panics
/// If that registry does not start or refuses a schema.
pub async fn contents_of_others() -> Contents {
    let registry = Registry::start(("127.0.0.1", 0)).expect("a registry");
    for size in 1..=3 {
        let fixed = format!(r#"{{"type":"fixed","name":"F","size":{size}}}"#);
        let id = third_party::register(&registry.url(), &format!("others-{size}"), &fixed, &json!([])).await;
        id.expect("registers");
    }
    registry.stop().await
}
