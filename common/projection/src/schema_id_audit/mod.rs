//! Whether the schema registry that answers is the one that the store knows. A registry that was wiped, or another one
//! at the same address, assigns ids again from the start: records would be decoded with the wrong schema, and written
//! in a way that others cannot read.
//!
//! So no answer about an id is trusted, and nothing is registered, unless the registry agrees with the store:
//! [`SchemaIdAudit`] fetches schemas, and checks known ids before and after. Its result ([`Verdict`]) is for the
//! projection, the registration and operators; it clears by itself when the right registry is back.
//!
//! - `verdict`: the result, and why the registry is not trusted;
//! - `round`: one check: which ids it compares, and what it publishes;
//! - `comparison`: what known ids mean at the registry, and what follows from it;
//! - `repair`: ids that may be forgotten, because nothing depends on them or an operator says so.

mod comparison;
mod repair;
mod round;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use orderlog_avro::SchemaText;
use orderlog_registry::{Outage, Registry, RegistryError};
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use crate::store::{LearnError, Store};
use round::{History, Scope};
pub use verdict::{AuditError, Verdict};

/// A registry client that trusts the registry only while it agrees with the store. Clones share their state.
#[derive(Clone, Debug)]
pub struct SchemaIdAudit(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    store: Store,
    verdict: watch::Sender<Verdict>,
    /// Whether all ids were compared since startup and since the last outage.
    compared_all: AtomicBool,
    /// How many conflicts were reported. A comparison that began before the last of them proves nothing.
    conflicts: AtomicU64,
    /// Held during a comparison.
    history: Mutex<History>,
}

impl SchemaIdAudit {
    /// An audit of that registry against that store. `accept`: the operator accepts the loss of what the registry lacks
    /// when it first answers.
    pub fn new(registry: Arc<Registry>, store: Store, accept: bool) -> Self {
        Self(Arc::new(Inner {
            registry,
            store,
            verdict: watch::Sender::default(),
            compared_all: AtomicBool::default(),
            conflicts: AtomicU64::default(),
            history: Mutex::new(History::new(accept)),
        }))
    }

    /// The registry itself, unaudited.
    pub fn registry(&self) -> &Arc<Registry> {
        &self.0.registry
    }

    /// The verdict, and its changes.
    pub fn watch(&self) -> watch::Receiver<Verdict> {
        self.0.verdict.subscribe()
    }

    /// The schema with that id. An untrusted registry counts as an outage, until the right one is back.
    ///
    /// # Errors
    /// As [`Registry::schema`].
    pub async fn schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        self.verified(self.0.registry.schema(id)).await
    }

    /// The schema with that GUID, in the same way; `None` when the registry does not support lookups by GUID.
    ///
    /// # Errors
    /// As [`Registry::schema_of_guid`].
    pub async fn schema_of_guid(&self, guid: Uuid) -> Result<Option<SchemaText>, RegistryError> {
        self.verified(self.0.registry.schema_of_guid(guid)).await
    }

    async fn verified<T>(&self, answer: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
        let outage = |error: AuditError| RegistryError::Outage(Outage::untrusted(error.to_string()));
        self.check_verdict().map_err(outage)?;
        let answer = answer.await;
        let scope = match answer {
            Ok(_) => Scope::Few,
            Err(RegistryError::Unknown(_)) => Scope::One,
            Err(RegistryError::Outage(_)) => return answer,
        };
        // Checked after the answer, which may have come from a different registry than the one checked before.
        self.confirm_with(scope).await.map_err(outage)?;
        answer
    }

    /// Compares some known ids, all of them the first time. Call it before registering anything, and again before storing
    /// the result.
    ///
    /// # Errors
    /// Why the registry is not trusted.
    pub async fn confirm(&self) -> Result<(), AuditError> {
        self.confirm_with(Scope::Few).await
    }

    /// Compares many known ids; all of them the first time, after an outage, and when a mismatch is found.
    ///
    /// # Errors
    /// The registry does not answer, or the disk fails. A conflict is a [`Verdict`].
    pub async fn run(&self) -> Result<(), AuditError> {
        let mut history = self.0.history.lock().await;
        let done = self.check(&mut history, Scope::Many).await;
        if done.is_err() {
            self.0.compared_all.store(false, Ordering::Relaxed);
        }
        done
    }

    /// Reports that the registry returned a different schema for that id. It is trusted again once all ids match.
    pub fn report_conflict(&self, id: u32) {
        self.0.conflicts.fetch_add(1, Ordering::Relaxed);
        self.0.compared_all.store(false, Ordering::Relaxed);
        let reason = LearnError::SchemaIdReassigned(id).to_string();
        self.0.verdict.send_replace(Verdict::Conflicts { reason });
    }

    async fn confirm_with(&self, scope: Scope) -> Result<(), AuditError> {
        let requested = Instant::now();
        let mut history = self.0.history.lock().await;
        // A concurrent comparison is enough if it began after the answer that is to be confirmed.
        if !history.has_since(scope, requested) {
            let begun = Instant::now();
            if let Err(error) = self.check(&mut history, scope).await {
                // An earlier verdict stands until it is disproved.
                self.check_verdict()?;
                return Err(error);
            }
            history.note(scope, begun);
        }
        self.check_verdict()
    }

    async fn check(&self, history: &mut History, scope: Scope) -> Result<(), AuditError> {
        let checked = self.compare(history, scope).await;
        if let Err(AuditError::Store(error)) = &checked {
            tracing::error!(error = format!("{error:#}"), "comparing schema ids failed");
        }
        checked
    }

    fn check_verdict(&self) -> Result<(), AuditError> {
        match self.0.verdict.borrow().conflict() {
            Some(reason) => Err(AuditError::Conflict(reason.to_owned())),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchemaIdAudit")
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}
