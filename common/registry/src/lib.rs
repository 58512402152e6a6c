//! The schema registry, seen over Confluent's REST API. The one question that matters here is whether a failure is a
//! definite answer ("there is no such id") or an outage: an outage is never taken for poison.
//!
//! What is asked, from the outside in:
//!
//! - this file: the client, and what its callers are told;
//! - `lookup` and `references`: the schema of an id or GUID, and those that it refers to;
//! - `register` and `verify`: our lineage, written or only looked up;
//! - `level` and `mode`: what a subject lets in, and whether the registry takes schemas at all;
//! - `standing` and `reasons`: what would become of a schema, and why not;
//! - `question`, `outage`: what is asked, and why there may be no answer;
//! - `heard`: waiting until there is one again;
//! - `exchange`: one question, to the registry's addresses in turn, within bounds;
//! - `access`: as whom; `proxies`: which way; `clients`: with what;
//! - `answer`: what an answer is worth (pure).
//!
//! Nothing is cached here.
//!
//! The shapes of the answers are those of `schema_registry_converter`. Its calls are not used: they tell no status, read
//! answers of any length, and cannot be given another token.

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
    /// The subject of the records whose schemas are asked for, if that is told.
    subject: Option<String>,
    /// An id that it has told a schema of; 0: none yet.
    known_id: AtomicU32,
    /// Whether it finds ids for any subject, as far as that is known.
    any_subject: AtomicU8,
    reachability: AtomicU8,
    heard: Heard,
}

/// Why there is no schema for an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The registry answered, and has no schema of that id, or not all that it refers to.
    #[error("{0}")]
    Unknown(String),
    /// No usable answer: ask again later.
    #[error("{0}")]
    Outage(String),
}

/// Why the lineage is not registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The registry answered that it will not have it, or, where nothing may be written, that it does not have it.
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
    /// A client of that registry. Nothing is sent yet.
    ///
    /// # Errors
    /// Settings contradict each other, or a file cannot be read or holds nothing of use; the error names the variables
    /// and says what to do, and shows no secret. Or no HTTP client can be built.
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

    /// A client of the registry at those addresses, as nobody.
    ///
    /// # Errors
    /// When it is no value of `SCHEMA_REGISTRY_URL`, or no HTTP client can be built.
    pub fn at(urls: &str) -> anyhow::Result<Self> {
        Self::new(&RegistryConfig::at(urls)?)
    }

    /// The same, for reading records of that subject: schemas are asked for as Confluent's clients ask for them, so that
    /// ids are found that a registry keeps in another context than its default one.
    pub fn reading(mut self, subject: String) -> Self {
        self.subject = Some(subject);
        self
    }

    /// The registry's addresses, without credentials, with commas between.
    pub fn url(&self) -> String {
        self.exchange.addresses()
    }

    /// Whether it answered when it was last asked.
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
            // It may be another one when it is back.
            self.any_subject.store(0, Ordering::Relaxed);
        }
    }
}
