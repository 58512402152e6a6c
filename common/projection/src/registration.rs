//! Registers the schema lineage in the background: a registry outage does not prevent a start, and a refusal ends the
//! service. How schemas are registered is in [`crate::registry`]. Nothing is registered at a registry that conflicts with
//! the store, and none of its ids are kept ([`crate::schema_id_audit`]).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use orderlog_contract::lineage;
use orderlog_registry::config::SchemasMode;
use orderlog_registry::{self, FULL_TRANSITIVE, RegisterError};
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::check_schemas;
use crate::config::PipelineConfig;
use crate::schema_id_audit::{Disbelief, SchemaIdAudit, Verdict};
use crate::store::{LearnError, Store};

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
        trouble: Option<String>,
    },
    /// Rejected by the registry, and why; final.
    Refused(String),
}

/// A registration in progress or done. Clones share it; it ends when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Registration {
    state: watch::Receiver<RegistrationState>,
    /// Whether a registry has ever accepted it.
    accepted: Arc<AtomicBool>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Registration {
    /// Registers the lineage under that subject, or only looks it up, depending on `SCHEMAS`, retrying until the registry
    /// answers; from then on it is checked periodically, in case the registry has lost it. The id of the newest version is
    /// kept in the store, so that at the next start our own records need not wait for the registry. Call it within a tokio
    /// runtime.
    pub fn spawn(
        audit: SchemaIdAudit,
        subject: String,
        store: Store,
        config: &PipelineConfig,
        life: &Supervisor,
    ) -> Self {
        let known = store.schemas().own_id(&subject).unwrap_or_else(|error| {
            tracing::error!(error = format!("{error:#}"), "reading our schema id failed");
            None
        });
        let begin = match known {
            Some(id) => RegistrationState::Registered { id, trouble: None },
            None => RegistrationState::Pending("the schema is being registered".to_owned()),
        };
        let accepted = Arc::new(AtomicBool::new(known.is_some()));
        let (sender, state) = watch::channel(begin);
        let mut task = Task {
            verdicts: audit.watch(),
            audit,
            subject,
            store,
            mode: config.registry.schemas,
            confirmed: false,
            accepted: accepted.clone(),
            state: sender.clone(),
        };
        let check_every = Duration::from_secs(config.schema_check_seconds);
        let task = life.spawn("registering the schema", async move {
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
        }
    }

    /// Waits that long for the registry to accept our schema, unless one has done so before. Nothing that a refusal would
    /// leave behind is created until then.
    ///
    /// # Errors
    /// Why it was not accepted.
    pub async fn accepted_within(&self, patience: Duration) -> Result<(), String> {
        let mut state = self.state.clone();
        let is_decided = |state: &RegistrationState| !matches!(state, RegistrationState::Pending(_));
        // A timeout, or the end of the task, adds nothing to the state.
        if !self.accepted.load(Ordering::Relaxed) {
            let _ = tokio::time::timeout(patience, state.wait_for(is_decided)).await;
        }
        if self.accepted.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(self.trouble().unwrap_or_default())
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

    /// Why it is not registered or not confirmed, for operators.
    pub fn trouble(&self) -> Option<String> {
        match &*self.state.borrow() {
            RegistrationState::Registered { trouble, .. } => trouble.clone(),
            RegistrationState::Pending(reason) | RegistrationState::Refused(reason) => Some(reason.clone()),
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

/// The background task.
struct Task {
    audit: SchemaIdAudit,
    verdicts: watch::Receiver<Verdict>,
    subject: String,
    store: Store,
    mode: SchemasMode,
    /// Whether the registry has confirmed the schema since the start.
    confirmed: bool,
    accepted: Arc<AtomicBool>,
    state: watch::Sender<RegistrationState>,
}

/// Why there is no id of our newest schema.
enum NotRegistered {
    /// It is not the registry that the store knows; nothing is written until it is.
    Withheld(String),
    /// The registry rejects it.
    Refused(String),
    /// No usable answer.
    Outage(String),
}

impl Task {
    /// Registers, and then confirms periodically. Ends only when the registry refuses at the start.
    async fn run(&mut self, check_every: Duration) {
        // A lineage that our own checks reject must not reach the registry.
        let contradictions = check_schemas::own_contradictions();
        if !contradictions.is_empty() {
            let reasons = contradictions.join("\n    ");
            let reason = format!("this release's schema versions are incompatible with each other:\n    {reasons}");
            self.state.send_replace(RegistrationState::Refused(reason));
            return;
        }
        let mut backoff = orderlog_registry::backoff(MAX_DELAY);
        loop {
            crash_point::reached(Point::RegistrationTurn);
            self.verdicts.mark_unchanged();
            let answer = self.turn().await;
            let outage = matches!(answer, Err(NotRegistered::Outage(_)));
            match answer {
                Ok((id, level)) => self.registered(id, level),
                Err(NotRegistered::Refused(reason)) if !self.confirmed => {
                    self.state.send_replace(RegistrationState::Refused(reason));
                    return;
                }
                // A running service continues: whoever has its schema can read what it writes.
                Err(NotRegistered::Refused(reason) | NotRegistered::Outage(reason)) => self.unconfirmed(reason),
                Err(NotRegistered::Withheld(reason)) => self.pending(reason),
            }
            let wait = if outage {
                backoff.next().unwrap_or(MAX_DELAY)
            } else {
                backoff = orderlog_registry::backoff(MAX_DELAY);
                check_every
            };
            let registry = self.audit.registry();
            tokio::select! {
                () = registry.back_off(wait), if outage => {}
                () = tokio::time::sleep(wait), if !outage => {}
                // It may be another registry than before.
                Ok(()) = self.verdicts.changed() => {}
            }
        }
    }

    /// The id of our newest schema at a registry that agrees with the store, and what is wrong with the subject's level.
    async fn turn(&self) -> Result<(u32, Option<String>), NotRegistered> {
        self.audit.confirm().await?;
        let asked = self.ask().await;
        let level = self.level().await;
        // It may be another registry by now, whose refusal means no more than its consent.
        self.audit.confirm().await?;
        Ok((asked?, level))
    }

    async fn ask(&self) -> Result<u32, RegisterError> {
        let registry = self.audit.registry();
        match self.mode {
            SchemasMode::Verify => registry.verify_lineage(&self.subject, lineage::LINEAGE).await,
            SchemasMode::Register if self.confirmed => {
                match registry.verify_lineage(&self.subject, lineage::LINEAGE).await {
                    // The subject was deleted.
                    Err(RegisterError::Refused(_)) => registry.register_lineage(&self.subject, lineage::LINEAGE).await,
                    confirmed => confirmed,
                }
            }
            SchemasMode::Register => registry.register_lineage(&self.subject, lineage::LINEAGE).await,
        }
    }

    /// What is wrong with the subject's compatibility level. It is set at the start only: whoever lowers it afterwards has a
    /// reason, and should see the consequence.
    async fn level(&self) -> Option<String> {
        let level = self.audit.registry().compatibility_level(&self.subject).await?;
        let is_fine = match self.mode {
            SchemasMode::Register => level == FULL_TRANSITIVE,
            // The level is up to whoever registers there.
            SchemasMode::Verify => level != "NONE",
        };
        (!is_fine).then(|| {
            format!(
                "subject {} has compatibility level {level}, not {FULL_TRANSITIVE}: schemas may be registered whose records cannot be read here. Set it in the registry; with SCHEMAS=register a start sets it if permitted, with SCHEMAS=verify it does not",
                self.subject
            )
        })
    }

    fn registered(&mut self, id: u32, level: Option<String>) {
        crash_point::reached(Point::SchemaRegistered);
        match self.store.schemas().learn_own(&self.subject, id) {
            Ok(()) => {}
            // Nothing may be written under an id that existing records use for another schema.
            Err(error @ LearnError::AnotherMeaning(_)) => {
                self.audit.contradicted(id);
                return self.pending(error.to_string());
            }
            // It is then fetched from the registry like any other.
            Err(LearnError::Store(error)) => tracing::error!(
                error = format!("{error:#}"),
                schema.id = id,
                "storing our schema id failed"
            ),
        }
        self.accepted.store(true, Ordering::Relaxed);
        let state = RegistrationState::Registered { id, trouble: level };
        if !std::mem::replace(&mut self.confirmed, true) || *self.state.borrow() != state {
            tracing::info!(subject = self.subject, schema.id = id, "schema registered");
        }
        self.tell(state);
    }

    fn unconfirmed(&self, reason: String) {
        let id = match &*self.state.borrow() {
            RegistrationState::Registered { id, .. } => Some(*id),
            RegistrationState::Pending(_) | RegistrationState::Refused(_) => None,
        };
        match id {
            Some(id) => self.tell(RegistrationState::Registered {
                id,
                trouble: Some(format!("the schema registration is not confirmed: {reason}")),
            }),
            None => self.pending(format!("the schema is not registered yet: {reason}")),
        }
    }

    fn pending(&self, reason: String) {
        self.tell(RegistrationState::Pending(reason));
    }

    fn tell(&self, state: RegistrationState) {
        if *self.state.borrow() == state {
            return;
        }
        match &state {
            RegistrationState::Registered { trouble: None, .. } => {}
            RegistrationState::Registered {
                trouble: Some(reason), ..
            }
            | RegistrationState::Pending(reason)
            | RegistrationState::Refused(reason) => {
                tracing::warn!(subject = self.subject, reason, "schema registration");
            }
        }
        self.state.send_replace(state);
    }
}

impl From<Disbelief> for NotRegistered {
    fn from(disbelief: Disbelief) -> Self {
        match disbelief {
            Disbelief::Objection(reason) => Self::Withheld(reason),
            Disbelief::NoAnswer(reason) => Self::Outage(reason),
        }
    }
}

impl From<RegisterError> for NotRegistered {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Refused(reason) => Self::Refused(reason),
            RegisterError::Outage(outage) => Self::Outage(outage.to_string()),
        }
    }
}

/// Longest delay between two attempts, so that a registry that is back is noticed soon.
const MAX_DELAY: Duration = Duration::from_secs(5);

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
