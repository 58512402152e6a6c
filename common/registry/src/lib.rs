//! A client of the schema registry, over Confluent's REST API. It tells a definite answer ("there is no such id") from an
//! outage, and never takes an outage for an answer: records would be rejected for good because a registry was restarting.
//! Nothing is cached here, and nothing is known here of Kafka, orders or HTTP servers.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use orderlog_registry::{Registry, RegistryError};
//!
//! let registry = Registry::at("http://localhost:8081")?.for_subject("order-events-value".to_owned());
//! match registry.schema(42).await {
//!     Ok(schema) => println!("{}", schema.text),
//!     Err(RegistryError::Unknown(reason)) => println!("no such schema: {reason}"),
//!     Err(RegistryError::Outage(outage)) => println!("retry later: {outage}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! From the outside in:
//!
//! - `lookup` and `references`: the schema of an id or GUID, with the schemas that it refers to;
//! - `register`, `verify`, `registration_status`: the lineage of a subject, registered, looked up, or only checked;
//! - `subject`: what these three ask about a subject: its versions, compatibility, level and mode;
//! - `recovery`: waiting until the registry responds again;
//! - `request`, `response`, `outage`: a request as data, what a response means, and why there may be none (pure);
//! - `transport`: one request, sent to the registry's addresses in turn, within limits; `auth`: credentials;
//! - [`config`]: the settings.
//!
//! Responses are read into the types of `schema_registry_converter`. Its calls are not used: they hide the status, read
//! responses of any length, and cannot change the token.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod auth;
pub mod config;
mod lookup;
mod outage;
mod recovery;
mod references;
mod register;
mod registration_status;
mod request;
mod response;
mod subject;
mod transport;
mod urls;
mod verify;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::config::RegistryConfig;
use crate::recovery::Recovery;
use crate::transport::Transport;

pub use outage::Outage;
pub use recovery::backoff;
pub use registration_status::RegistrationStatus;
pub use subject::FULL_TRANSITIVE;
pub use transport::proxy_for;

/// A client of one registry, which may have several addresses.
#[derive(Debug)]
pub struct Registry {
    transport: Transport,
    /// The subject of the records whose schemas are looked up, if known.
    subject: Option<String>,
    known: Mutex<Known>,
    recovery: Recovery,
}

/// What responses have shown so far.
#[derive(Debug, Default)]
struct Known {
    reachability: Reachability,
    /// An id that the registry has returned a schema for.
    id: Option<u32>,
    /// Whether it finds an id whatever subject is named.
    ignores_subject: Option<bool>,
}

/// Why there is no schema for an id.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry responded: it has no such schema, or not every schema that it refers to.
    #[error("{0}")]
    Unknown(String),
    /// No usable response; retry later.
    #[error(transparent)]
    Outage(#[from] Outage),
}

/// Why the lineage is not registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The registry responded: it rejects a version, or, where nothing may be written, does not have it.
    #[error("{0}")]
    Refused(String),
    /// No usable response; retry later.
    #[error(transparent)]
    Outage(#[from] Outage),
}

/// Whether the registry responded to the last request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reachability {
    /// No request yet.
    #[default]
    Unknown,
    /// It responded.
    Connected,
    /// It did not respond.
    Disconnected,
}

impl Reachability {
    /// Whether it responded; `None` before the first request.
    pub fn answered(self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Connected => Some(true),
            Self::Disconnected => Some(false),
        }
    }
}

impl Registry {
    /// A client with these settings. Sends nothing yet.
    ///
    /// # Errors
    /// Settings contradict each other, a file cannot be read or is not what it should be, or no HTTP client can be built.
    /// The error names the variables, says what to do and shows no secret.
    pub fn new(config: &RegistryConfig) -> anyhow::Result<Self> {
        Ok(Self {
            transport: Transport::new(config)?,
            subject: None,
            known: Mutex::default(),
            recovery: Recovery::default(),
        })
    }

    /// A client of the registry at these addresses, without credentials.
    ///
    /// # Errors
    /// When `urls` is not a valid `SCHEMA_REGISTRY_URL`, or no HTTP client can be built.
    pub fn at(urls: &str) -> anyhow::Result<Self> {
        Self::new(&RegistryConfig::at(urls)?)
    }

    /// The same client, naming this subject when it looks up ids, as Confluent's clients do: so ids are found that the
    /// registry keeps in a context other than the default one.
    pub fn for_subject(mut self, subject: String) -> Self {
        self.subject = Some(subject);
        self
    }

    /// The registry's addresses, comma-separated, without credentials.
    pub fn urls(&self) -> String {
        self.transport.urls()
    }

    /// Whether the registry responded to the last request.
    pub fn reachability(&self) -> Reachability {
        self.known().reachability
    }

    /// Notes whether a call got a response.
    fn note(&self, responded: bool) {
        let mut known = self.known();
        if responded {
            known.reachability = Reachability::Connected;
            self.recovery.on_response();
        } else {
            known.reachability = Reachability::Disconnected;
            // A different registry may come back.
            known.ignores_subject = None;
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
