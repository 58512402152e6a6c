//! The client: its state, and waiting until the registry responds again. What it can do with schemas is in `lookup`,
//! `register`, `verify` and `registration_status`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::config::RegistryConfig;
use crate::error::{RegisterError, RegistryError};
use crate::outage::Outage;
use crate::reachability::{Change, FailedProbe, Reachability, ReachabilityState};
use crate::recovery::{Probe, Recovery};
use crate::request::Request;
use crate::response::parse_json;
use crate::transport::Transport;

/// Interval between two probes of [`Registry::watch`], from the end of one to the next.
const WATCH_INTERVAL: Duration = Duration::from_millis(2_500);
/// For one of its probes.
const WATCH_TIMEOUT: Duration = Duration::from_secs(2);

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
    reachability: ReachabilityState,
    /// An id that the registry has returned a schema for.
    pub id: Option<u32>,
    /// The id of our own newest schema, as the registry has it.
    own_id: Option<u32>,
    /// Whether it finds an id whatever subject is named.
    pub ignores_subject: Option<bool>,
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
        self.known().reachability.get()
    }

    /// That the registry does not respond, and why; `None` while it does, and before the first request.
    pub fn unreachable(&self) -> Option<String> {
        let known = self.known();
        known.reachability.reason().map(describe)
    }

    /// Notes whether a call got a usable response.
    pub(crate) fn note(&self, outage: Option<&Outage>) {
        if outage.is_none() {
            self.recovery.on_response();
        }
        self.changed(|reachability| reachability.on_call(outage));
    }

    /// Notes the result of registering or looking up a lineage.
    pub(crate) fn note_lineage(&self, newest: &Result<u32, RegisterError>) {
        if let Ok(id) = newest {
            self.known().own_id = Some(*id);
        }
        self.note(newest.as_ref().err().and_then(RegisterError::outage));
    }

    /// Probes the registry until the last other handle is dropped, so that an outage is known before somebody needs the
    /// registry, and is logged once, like its end. Run it in a task of its own.
    pub async fn watch(self: Arc<Self>) {
        let registry = Arc::downgrade(&self);
        drop(self);
        loop {
            let Some(registry) = registry.upgrade() else { return };
            registry.check_reachability().await;
            drop(registry);
            sleep(WATCH_INTERVAL).await;
        }
    }

    async fn check_reachability(&self) {
        let calls = self.known().reachability.calls();
        let probed = match timeout(WATCH_TIMEOUT, self.send_probe()).await {
            Ok(Ok(())) => Ok(()),
            // An older registry, or an account that may not ask for this, and no id is known yet.
            Ok(Err(ProbeError::Inconclusive(_))) => {
                self.known().reachability.on_inconclusive_probe();
                return;
            }
            Ok(Err(ProbeError::Failed(outage))) => Err(FailedProbe {
                got_response: outage.got_http_response(),
                reason: outage.to_string(),
            }),
            Err(_) => Err(FailedProbe {
                got_response: false,
                reason: format!(
                    "{}: no response within {} seconds",
                    self.urls(),
                    WATCH_TIMEOUT.as_secs()
                ),
            }),
        };
        self.changed(|reachability| reachability.on_probe(probed, calls));
    }

    /// Takes in what is known now, and logs what has changed.
    fn changed(&self, note: impl FnOnce(&mut ReachabilityState) -> Option<Change>) {
        let mut known = self.known();
        let change = note(&mut known.reachability);
        match change {
            None => {}
            Some(Change::Lost) => {
                // A different registry may come back.
                known.ignores_subject = None;
                let reason = known.reachability.reason().map(describe);
                tracing::warn!(reason, "schema registry unreachable");
            }
            Some(Change::Back) => {
                self.recovery.on_response();
                tracing::info!(url = self.urls(), "schema registry reachable again");
            }
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

    async fn probe(&self) -> Probe {
        match self.send_probe().await {
            Ok(()) => Probe::Available,
            Err(ProbeError::Failed(outage) | ProbeError::Inconclusive(outage)) if outage.got_http_response() => {
                Probe::Busy(outage.retry_after())
            }
            Err(_) => Probe::Silent,
        }
    }

    /// Looks up our own schema, or another known one: a registry that fails at this is of no use, whatever else it answers.
    /// Before one is known, sends a small request that most registries can answer.
    async fn send_probe(&self) -> Result<(), ProbeError> {
        let id = {
            let known = self.known();
            known.own_id.or(known.id)
        };
        let Some(id) = id else {
            let request = Request::get("/schemas/types".to_owned(), &[]);
            let types = self.transport.send(&request, parse_json::<Vec<String>>).await;
            return types.map(drop).map_err(|outage| {
                if outage.is_unknown_path() || outage.is_forbidden() {
                    ProbeError::Inconclusive(outage)
                } else {
                    ProbeError::Failed(outage)
                }
            });
        };
        match self.find_id(id).await {
            // That it does not have the id is an answer.
            Ok(_) | Err(RegistryError::Unknown(_)) => Ok(()),
            Err(RegistryError::Outage(outage)) => Err(ProbeError::Failed(outage)),
        }
    }
}

/// Why a probe got no usable response.
enum ProbeError {
    /// The registry does not respond as it should.
    Failed(Outage),
    /// Perhaps only to this request: calls show whether it responds.
    Inconclusive(Outage),
}

fn describe(reason: &str) -> String {
    format!("the schema registry (SCHEMA_REGISTRY_URL) does not respond as it should: {reason}")
}
