//! Registers the schema lineage in the background: a registry outage does not prevent a start, and a refusal ends the
//! service. How schemas are registered is in [`orderlog_registry`]. Nothing is registered at a registry that conflicts with
//! the store, and none of its ids are kept ([`crate::schema_id_audit`]); nor for a topic that is missing and that we may not
//! create, whose name may be mistyped.

mod task;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orderlog_registry::Registry;
use orderlog_registry::config::SchemasMode;
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::PipelineConfig;
use crate::schema_id_audit::SchemaIdAudit;
use crate::store::{Store, StoreError};
use task::Task;

/// The state of the registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// Not registered yet, and why; it will be retried.
    Pending(String),
    /// Registered, as of the registry's last answer.
    Registered {
        /// The id of the newest version, which is the one that is written.
        id: u32,
        /// Why the registry could not confirm it the last time.
        unconfirmed: Option<String>,
    },
    /// Rejected by the registry, and why; final.
    Refused(String),
}

/// What an outage of the registry means once our schema is registered.
const MEANWHILE: &str = "known schemas are in the store, so once the service is ready, reads and writes continue, except in a partition in which a record with a new schema id waits for the registry";
/// The same before.
const UNTIL_THEN: &str = "the schema is not registered yet: until it is, cart-service writes no order, and records with an unknown schema id wait";

/// A registration in progress or done. Clones share it; it ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Registration {
    state: watch::Receiver<RegistrationState>,
    /// Whether a registry has ever accepted it.
    accepted: Arc<AtomicBool>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
    registry: Arc<Registry>,
    topic_found: watch::Sender<bool>,
}

impl Registration {
    /// Registers the lineage under that subject, or only looks it up, depending on `SCHEMAS`, retrying until the registry
    /// answers; from then on it is checked periodically, in case the registry has lost it. The id of the newest version is
    /// kept in the store, so that at the next start our own records need not wait for the registry. Call it within a tokio
    /// runtime.
    pub async fn spawn(
        audit: SchemaIdAudit,
        subject: String,
        store: Store,
        config: &PipelineConfig,
        supervisor: &Supervisor,
    ) -> Self {
        let asked = subject.clone();
        let known = store.with_schemas(move |schemas| schemas.own_id(&asked)).await;
        let known = known.unwrap_or_else(|error: StoreError| {
            tracing::error!(error = format!("{error:#}"), "reading our schema id failed");
            None
        });
        let begin = match known {
            Some(id) => RegistrationState::Registered { id, unconfirmed: None },
            None => RegistrationState::Pending("the schema is being registered".to_owned()),
        };
        // A subject that was registered before had a topic; looking up writes nothing.
        let must_wait =
            known.is_none() && config.registry.schemas == SchemasMode::Register && !config.kafka.create_topics;
        let topic_found = watch::Sender::new(!must_wait);
        let registry = audit.registry().clone();
        let accepted = Arc::new(AtomicBool::new(known.is_some()));
        let (sender, state) = watch::channel(begin);
        let mut task = Task {
            verdicts: audit.watch(),
            audit,
            subject,
            store,
            mode: config.registry.schemas,
            topic: config.kafka.topic.to_string(),
            topic_found: topic_found.subscribe(),
            confirmed: false,
            has_warned: false,
            accepted: accepted.clone(),
            state: sender.clone(),
        };
        let check_every = Duration::from_secs(config.schema_check_seconds);
        let task = supervisor.spawn("registering the schema", async move {
            tokio::select! {
                () = task.run(check_every) => {}
                // All handles were dropped.
                () = sender.closed() => {}
            }
        });
        Self {
            state,
            accepted,
            task: Arc::new(Mutex::new(Some(task))),
            registry,
            topic_found,
        }
    }

    /// Notes that the topic exists, so that its name is not mistyped.
    pub(crate) fn topic_found(&self) {
        self.topic_found
            .send_if_modified(|found| !std::mem::replace(found, true));
    }

    /// Waits that long for the registry to accept our schema, unless one has done so before. Nothing that a refusal would
    /// leave behind is created until then.
    /// Returns whether one has.
    pub async fn accepted_within(&self, timeout: Duration) -> bool {
        let mut state = self.state.clone();
        let is_decided = |state: &RegistrationState| !matches!(state, RegistrationState::Pending(_));
        // A timeout, or the end of the task, adds nothing to the state.
        if !self.accepted.load(Ordering::Relaxed) {
            let _ = tokio::time::timeout(timeout, state.wait_for(is_decided)).await;
        }
        self.accepted.load(Ordering::Relaxed)
    }

    /// Stops it, so that it no longer holds the store.
    pub async fn end(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // An aborted task ends with an error.
            let _ = task.await;
        }
    }

    /// The state now.
    pub fn state(&self) -> RegistrationState {
        self.state.borrow().clone()
    }

    /// The id of the newest version, once it is registered.
    pub fn schema_id(&self) -> Option<u32> {
        match &*self.state.borrow() {
            RegistrationState::Registered { id, .. } => Some(*id),
            RegistrationState::Pending(_) | RegistrationState::Refused(_) => None,
        }
    }

    /// Why it is not registered or not confirmed, or that the registry does not respond, and what follows from that.
    pub fn problem(&self) -> Option<String> {
        let unreachable = self.registry.unreachable();
        match (&*self.state.borrow(), unreachable) {
            (RegistrationState::Refused(reason), _) => Some(reason.clone()),
            (RegistrationState::Registered { .. }, Some(unreachable)) => Some(format!("{unreachable}; {MEANWHILE}")),
            (RegistrationState::Registered { unconfirmed, .. }, None) => unconfirmed.clone(),
            (RegistrationState::Pending(_), Some(unreachable)) => Some(format!("{unreachable}; {UNTIL_THEN}")),
            (RegistrationState::Pending(reason), None) => Some(reason.clone()),
        }
    }

    /// The state, and its changes.
    pub fn watch(&self) -> watch::Receiver<RegistrationState> {
        self.state.clone()
    }

    /// Waits until the registry refuses, and returns why. Without a refusal it never resolves.
    pub async fn refused(&self) -> String {
        let mut state = self.state.clone();
        // The guard of wait_for is dropped at once: this future must be `Send`.
        let refused = state
            .wait_for(|state| matches!(state, RegistrationState::Refused(_)))
            .await
            .map(|state| state.clone());
        if let Ok(RegistrationState::Refused(reason)) = refused {
            return reason;
        }
        // The task has ended without a refusal.
        std::future::pending().await
    }
}
