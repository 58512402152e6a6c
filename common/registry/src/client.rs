//! The client: its state, and waiting until the registry responds again. What it can do with schemas is in `lookup`,
//! `register`, `verify` and `registration_status`.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::sleep;

use crate::config::RegistryConfig;
use crate::recovery::{Probe, Recovery};
use crate::request::Request;
use crate::response::parse_json;
use crate::transport::Transport;

/// How long a request may hang before the registry is probed.
const HUNG_AFTER: Duration = Duration::from_secs(1);

/// A client of one registry, which may have several addresses.
#[derive(Debug)]
pub struct Registry {
    pub(crate) transport: Transport,
    /// The subject of the records whose schemas are looked up, if known.
    pub(crate) subject: Option<String>,
    known: Mutex<Known>,
    recovery: Recovery,
}

/// What responses have shown so far.
#[derive(Debug, Default)]
pub(crate) struct Known {
    reachability: Reachability,
    /// An id that the registry has returned a schema for.
    pub id: Option<u32>,
    /// Whether it finds an id whatever subject is named.
    pub ignores_subject: Option<bool>,
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
    pub(crate) fn note(&self, responded: bool) {
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

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits before a retry: for `longest` at most, and about a second at most once the registry is back; where something
    /// responded in its place, about as long as its `Retry-After`.
    pub async fn back_off(&self, longest: Duration) {
        self.recovery.wait(longest, || self.probe()).await;
    }

    /// Waits beside a request that hangs, until it is worth repeating: the registry was away and is back, which the
    /// request's connection may not notice.
    pub async fn recovered(&self) {
        sleep(HUNG_AFTER).await;
        self.recovery.recovered(|| self.probe()).await;
    }

    /// Whether a registry responds.
    pub(crate) async fn is_available(&self) -> bool {
        self.probe().await == Probe::Available
    }

    /// Sends a small request that every registry can answer.
    async fn probe(&self) -> Probe {
        let request = Request::get("/schemas/types".to_owned(), &[]);
        match self.transport.send(&request, parse_json::<Vec<String>>).await {
            Ok(_) => Probe::Available,
            Err(outage) if outage.got_http_response() => Probe::Busy(outage.retry_after()),
            Err(_) => Probe::Silent,
        }
    }
}
