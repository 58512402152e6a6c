//! The schema registry, seen over Confluent's REST API. The one question that matters here is whether a failure is a
//! definite answer ("there is no such id") or an outage: an outage is never taken for poison.
//!
//! What is remembered of its answers lives in [`crate::projection`] and [`crate::store`]; nothing is cached here.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use anyhow::Context;
use reqwest::{Client, Response, StatusCode};
use schema_registry_converter::async_impl::schema_registry::{SrSettings, post_schema};
use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::{RawError, SchemaType, SuppliedSchema};
use serde::Deserialize;
use serde_json::json;

use crate::schemas::{self, SchemaText};

/// Largest answer that is read, in bytes: a schema of the largest size that is parsed, escaped as JSON, fits well.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// "Schema not found", the only answer that means that an id does not exist (Confluent API reference, error codes).
const SCHEMA_NOT_FOUND: u32 = 40403;

/// A client of one registry.
pub struct Registry {
    http: Client,
    base: String,
    settings: SrSettings,
    reachability: AtomicU8,
}

/// The answer to a question for a schema.
#[derive(Deserialize)]
struct Registered {
    schema: String,
    /// AVRO, PROTOBUF or JSON. A registry leaves it out for AVRO.
    #[serde(rename = "schemaType", default = "avro")]
    schema_type: String,
}

/// Why there is no schema for an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The registry answered, and has no schema of that id.
    #[error("{0}")]
    Unknown(String),
    /// No usable answer: ask again later.
    #[error("{0}")]
    Outage(String),
}

/// Why the lineage could not be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The registry answered that it will not have it.
    #[error("{0}")]
    Refused(String),
    /// No usable answer: try again later.
    #[error("{0}")]
    Outage(String),
}

/// Whether the registry answered when it was last asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// Not asked yet.
    Unknown,
    /// It answered.
    Connected,
    /// It did not.
    Disconnected,
}

impl Registry {
    /// A client of the registry at that URL, which may have a path.
    ///
    /// # Errors
    /// When no HTTP client can be built.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let base = url.trim_end_matches('/').to_owned();
        let builder = || {
            Client::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(REQUEST_TIMEOUT)
        };
        let http = builder().build().context("building the registry's HTTP client")?;
        let settings = SrSettings::new_builder(base.clone())
            .set_timeout(REQUEST_TIMEOUT)
            .build_with(builder())
            .map_err(|e| anyhow::anyhow!("building the registry's HTTP client: {}", e.error))?;
        Ok(Self {
            http,
            base,
            settings,
            reachability: AtomicU8::new(Reachability::Unknown as u8),
        })
    }

    /// The registry's URL, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Whether it answered when it was last asked.
    pub fn reachability(&self) -> Reachability {
        match self.reachability.load(Ordering::Relaxed) {
            1 => Reachability::Connected,
            2 => Reachability::Disconnected,
            _ => Reachability::Unknown,
        }
    }

    /// The schema of that id.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`] only for 404 with error code 40403; whatever else goes wrong is an outage.
    pub async fn schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        let answer = self.ask_schema(id).await;
        self.note(!matches!(answer, Err(RegistryError::Outage(_))));
        answer
    }

    async fn ask_schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        let url = format!("{}/schemas/ids/{id}", self.base);
        let outage = |e: reqwest::Error| RegistryError::Outage(format!("GET {url}: {}", innermost(&e)));
        let response = self.http.get(&url).send().await.map_err(outage)?;
        let status = response.status();
        let body = read(response)
            .await
            .map_err(|e| RegistryError::Outage(format!("GET {url}: {e}")))?;
        if status == StatusCode::OK {
            let registered: Registered = serde_json::from_slice(&body)
                .map_err(|_| RegistryError::Outage(format!("GET {url}: 200, but no registry's answer")))?;
            return Ok(SchemaText {
                schema_type: registered.schema_type,
                text: registered.schema,
                references: Vec::new(),
            });
        }
        match serde_json::from_slice::<RawError>(&body) {
            Ok(error) if status == StatusCode::NOT_FOUND && error.error_code == SCHEMA_NOT_FOUND => Err(
                RegistryError::Unknown(format!("the registry knows no schema with id {id}")),
            ),
            _ => Err(RegistryError::Outage(format!("GET {url}: status {status}"))),
        }
    }

    /// Sets the subject to FULL_TRANSITIVE and registers every version of the lineage in order.
    /// Returns the id of the newest.
    ///
    /// # Errors
    /// [`RegisterError::Refused`] when a version is incompatible with what the subject holds, with the registry's
    /// reasons; [`RegisterError::Outage`] for everything that may pass.
    pub async fn register_lineage(&self, subject: &str) -> Result<u32, RegisterError> {
        let answer = self.try_register(subject).await;
        self.note(!matches!(answer, Err(RegisterError::Outage(_))));
        answer
    }

    async fn try_register(&self, subject: &str) -> Result<u32, RegisterError> {
        self.set_compatibility(subject).await?;
        let mut newest = None;
        for (version, text) in (1..).zip(schemas::LINEAGE) {
            let supplied = SuppliedSchema::new(None, SchemaType::Avro, (*text).to_owned());
            let registered = post_schema(&self.settings, subject.to_owned(), supplied)
                .await
                .map_err(|e| self.refused_or_outage(subject, version, &e))?;
            newest = Some(registered.id);
        }
        newest.ok_or_else(|| RegisterError::Refused("there is no schema to register".to_owned()))
    }

    async fn set_compatibility(&self, subject: &str) -> Result<(), RegisterError> {
        let url = format!("{}/config/{subject}", self.base);
        let request = self.http.put(&url).json(&json!({"compatibility": "FULL_TRANSITIVE"}));
        let response = request
            .send()
            .await
            .map_err(|e| RegisterError::Outage(format!("PUT {url}: {}", innermost(&e))))?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        Err(RegisterError::Outage(format!("PUT {url}: status {status}")))
    }

    fn refused_or_outage(&self, subject: &str, version: usize, error: &SRCError) -> RegisterError {
        let answer = std::error::Error::source(error).and_then(|source| source.downcast_ref::<RawError>());
        match answer {
            // Confluent's 409 carries error code 409 or 40901, by version of the server; 422xx: not a valid schema.
            Some(raw) if matches!(raw.error_code, 409 | 40901 | 42201) => RegisterError::Refused(format!(
                "the registry at {} refuses v{version}.avsc for subject {subject}: {}",
                self.base, raw.message
            )),
            _ => RegisterError::Outage(format!(
                "POST {}/subjects/{subject}/versions: {} ({})",
                self.base,
                error.error,
                error.cause.as_deref().unwrap_or("no cause given")
            )),
        }
    }

    fn note(&self, answered: bool) {
        let now = if answered {
            Reachability::Connected
        } else {
            Reachability::Disconnected
        };
        self.reachability.store(now as u8, Ordering::Relaxed);
    }
}

fn avro() -> String {
    "AVRO".to_owned()
}

/// Reads an answer, up to the limit: a body that never ends must not fill the memory.
async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| innermost(&e))? {
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
