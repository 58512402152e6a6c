//! A client of the schema registry, over Confluent's REST API. It tells a definite answer ("there is no such id") from an
//! outage, and never takes an outage for an answer: records would be rejected for good because a registry was restarting.
//!
//! From the outside in:
//!
//! - this file: the client and its errors;
//! - `lookup` and `references`: the schema of an id or GUID, with the schemas that it refers to;
//! - `register` and `verify`: the lineage of a subject, registered or only looked up;
//! - `level` and `mode`: a subject's compatibility level, and whether the registry accepts schemas at all;
//! - `standing` and `reasons`: whether a schema is or could be registered, and why not;
//! - `question`, `outage`: a request as data, and why there may be no usable response;
//! - `heard`: waiting until the registry responds again;
//! - `exchange`: one request, sent to the registry's addresses in turn, within limits;
//! - `access`: credentials; `proxies`: HTTP proxies; `clients`: HTTP clients;
//! - `answer`: what a response means (pure).
//!
//! Nothing is cached here.
//!
//! Responses are read into the types of `schema_registry_converter`. Its calls are not used: they hide the status, read
//! responses of any length, and cannot change the token.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

mod access;
mod answer;
mod clients;
pub mod config;
mod exchange;
mod heard;
mod level;
mod lookup;
mod mode;
mod outage;
mod proxies;
mod question;
mod reasons;
mod references;
mod register;
mod standing;
mod urls;
mod verify;

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use exchange::Exchange;
use heard::Heard;
pub use heard::backoff;
pub use level::FULL_TRANSITIVE;
pub use proxies::proxy_of;
pub use standing::Standing;

use crate::config::RegistryConfig;

/// A client of one registry, which may have several addresses.
#[derive(Debug)]
pub struct Registry {
    exchange: Exchange,
    /// The subject of the records whose schemas are looked up, if known.
    subject: Option<String>,
    /// An id that the registry has returned a schema for; 0: none yet.
    known_id: AtomicU32,
    /// Whether it finds an id whatever subject is named, as far as known.
    any_subject: AtomicU8,
    reachability: AtomicU8,
    heard: Heard,
}

/// Why there is no schema for an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The registry responded: it has no such schema, or not every schema that it refers to.
    #[error("{0}")]
    Unknown(String),
    /// No usable response; retry later.
    #[error("{0}")]
    Outage(String),
}

/// Why the lineage is not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The registry responded: it rejects a version, or, where nothing may be written, does not have it.
    #[error("{0}")]
    Refused(String),
    /// No usable response; retry later.
    #[error("{0}")]
    Outage(String),
}

/// Whether the registry responded to the last request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// No request yet.
    Unknown,
    /// It responded.
    Connected,
    /// It did not respond.
    Disconnected,
}

impl Reachability {
    /// Whether it answered when it was last asked; `None` where it was not asked yet.
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
            exchange: Exchange::new(config)?,
            subject: None,
            known_id: AtomicU32::default(),
            any_subject: AtomicU8::default(),
            heard: Heard::default(),
            reachability: AtomicU8::new(Reachability::Unknown as u8),
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
    pub fn reading(mut self, subject: String) -> Self {
        self.subject = Some(subject);
        self
    }

    /// The registry's addresses, comma-separated, without credentials.
    pub fn url(&self) -> String {
        self.exchange.addresses()
    }

    /// Whether the registry responded to the last request.
    pub fn reachability(&self) -> Reachability {
        match self.reachability.load(Ordering::Relaxed) {
            1 => Reachability::Connected,
            2 => Reachability::Disconnected,
            _ => Reachability::Unknown,
        }
    }

    fn note(&self, answered: bool) {
        let now = if answered {
            Reachability::Connected
        } else {
            Reachability::Disconnected
        };
        self.reachability.store(now as u8, Ordering::Relaxed);
        if answered {
            self.heard.answered();
        } else {
            // A different registry may come back.
            self.any_subject.store(0, Ordering::Relaxed);
        }
    }
}
