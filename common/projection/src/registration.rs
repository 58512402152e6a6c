//! Registers the schema lineage in the background: an outage of the registry does not stop a start, and what the
//! registry refuses is told to whoever must end the service. What is registered, and how, says [`orderlog_registry`].
//! Nothing is registered at a registry that contradicts the store, and no id of such a one is kept
//! ([`crate::schema_id_audit`]).

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

/// How far the registration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// Not registered yet, and why; it is tried again.
    Pending(String),
    /// Registered, now or when the registry was last heard.
    Registered {
        /// The id of the newest version, which is the one that is written.
        id: u32,
        /// Why the registry could not confirm it when it was last asked.
        trouble: Option<String>,
    },
    /// The registry will not have it, and why; final.
    Refused(String),
}

/// A registration that is under way or done. Clones see the same one; when the last is dropped, it is tried no more.
#[derive(Clone, Debug)]
pub struct Registration {
    state: watch::Receiver<RegistrationState>,
    /// Whether a registry has ever taken it.
    accepted: Arc<AtomicBool>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Registration {
    /// Begins to register the lineage under that subject, or only to look it up, as `SCHEMAS` says, and tries until the
    /// registry answers; from then on it is looked at again and again, in case the registry has lost it. The id of the
    /// newest version is remembered in the store: it is there at the next start, whether the registry is or not, and our
    /// own records never wait for it. Call it within a tokio runtime.
    pub fn spawn(
        audit: SchemaIdAudit,
        subject: String,
        store: Store,
        config: &PipelineConfig,
        life: &Supervisor,
    ) -> Self {
        let known = store.own_schema_id(&subject).unwrap_or_else(|error| {
            tracing::error!(error = format!("{error:#}"), "the own schema's id could not be read");
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
        let task = life.task("registering the schema", async move {
            tokio::select! {
                () = task.run(check_every) => {}
                // Nobody is interested any more.
                () = sender.closed() => {}
            }
        });
        Self {
            state,
            accepted,
            task: Arc::new(Mutex::new(Some(task))),
        }
    }

    /// Waits so long for the registry to take our schema, unless one has done so before. Nothing that a refusal would leave
    /// behind is made until then.
    ///
    /// # Errors
    /// Why it has not.
    pub async fn accepted_within(&self, patience: Duration) -> Result<(), String> {
        let mut state = self.state.clone();
        let is_decided = |state: &RegistrationState| !matches!(state, RegistrationState::Pending(_));
        // Neither the time's end nor the task's says more than the state does.
        if !self.accepted.load(Ordering::Relaxed) {
            let _ = tokio::time::timeout(patience, state.wait_for(is_decided)).await;
        }
        if self.accepted.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(self.trouble().unwrap_or_default())
    }

    /// Ends it. Then it holds the store no more.
    pub async fn end(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // An error is what aborting gives.
            let _ = task.await;
        }
    }

    /// How far it is now.
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

    /// What an operator should know: why it is not registered, or not confirmed.
    pub fn trouble(&self) -> Option<String> {
        match &*self.state.borrow() {
            RegistrationState::Registered { trouble, .. } => trouble.clone(),
            RegistrationState::Pending(reason) | RegistrationState::Refused(reason) => Some(reason.clone()),
        }
    }

    /// How far it is, for those who wait for a change.
    pub fn watch(&self) -> watch::Receiver<RegistrationState> {
        self.state.clone()
    }

    /// Waits until the registry refuses, and tells why. Without a refusal it waits for ever.
    pub async fn refused(&self) -> String {
        let mut state = self.state.clone();
        // The guard that wait_for gives is dropped at once: this future must be able to move between threads.
        let refused = state
            .wait_for(|state| matches!(state, RegistrationState::Refused(_)))
            .await
            .map(|state| state.clone());
        if let Ok(RegistrationState::Refused(reason)) = refused {
            return reason;
        }
        // Nothing was refused, and nothing is asked any more.
        std::future::pending().await
    }
}

/// What the background does it with.
struct Task {
    audit: SchemaIdAudit,
    verdicts: watch::Receiver<Verdict>,
    subject: String,
    store: Store,
    mode: SchemasMode,
    /// Whether the registry has answered since the start.
    confirmed: bool,
    accepted: Arc<AtomicBool>,
    state: watch::Sender<RegistrationState>,
}

/// Why there is no id of our newest schema.
enum NotRegistered {
    /// It is not the registry that the store knows; until it is, nothing is written.
    Withheld(String),
    /// The registry will not have it.
    Refused(String),
    /// No usable answer.
    Outage(String),
}

impl Task {
    /// Registers, and then confirms every so often. Ends only when the registry refuses at the start.
    async fn run(&mut self, check_every: Duration) {
        // Nothing that a test should have refused comes into the registry.
        let contradictions = check_schemas::own_contradictions();
        if !contradictions.is_empty() {
            let reasons = contradictions.join("\n    ");
            let reason = format!("the versions of this release's schema do not go together:\n    {reasons}");
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
                // A service that runs goes on: what it writes can be read by those who have its schema.
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
                // The registry is another one than before.
                Ok(()) = self.verdicts.changed() => {}
            }
        }
    }

    /// The id of our newest schema at a registry that agrees with the store, and what is amiss with the subject's level.
    async fn turn(&self) -> Result<(u32, Option<String>), NotRegistered> {
        self.audit.confirm().await?;
        let asked = self.ask().await;
        let level = self.level().await;
        // It may be another registry by now, and then its refusal is worth no more than its consent.
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

    /// What is amiss with the subject's compatibility level. It is set at the start only: whoever lowers it afterwards has a
    /// reason, and is to see what it means.
    async fn level(&self) -> Option<String> {
        let level = self.audit.registry().level(&self.subject).await?;
        let is_fine = match self.mode {
            SchemasMode::Register => level == FULL_TRANSITIVE,
            // Which level the subject has is for whoever registers there to say.
            SchemasMode::Verify => level != "NONE",
        };
        (!is_fine).then(|| {
            format!(
                "subject {} has the compatibility level {level}, not {FULL_TRANSITIVE}: schemas may be registered whose records cannot be read here. Set it in the registry; with SCHEMAS=register a start does so where it may, and SCHEMAS=verify leaves it to others",
                self.subject
            )
        })
    }

    fn registered(&mut self, id: u32, level: Option<String>) {
        crash_point::reached(Point::SchemaRegistered);
        match self.store.learn_own_schema(&self.subject, id) {
            Ok(()) => {}
            // Nothing may be written under an id that records use for something else.
            Err(error @ LearnError::AnotherMeaning(_)) => {
                self.audit.contradicted(id);
                return self.pending(error.to_string());
            }
            // The registry is asked for it then, like for any other.
            Err(LearnError::Disk(error)) => tracing::error!(
                error = format!("{error:#}"),
                schema.id = id,
                "the schema's id could not be stored"
            ),
        }
        self.accepted.store(true, Ordering::Relaxed);
        let state = RegistrationState::Registered { id, trouble: level };
        if !std::mem::replace(&mut self.confirmed, true) || *self.state.borrow() != state {
            tracing::info!(subject = self.subject, schema.id = id, "the schema is registered");
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
                trouble: Some(format!("the schema's registration is not confirmed: {reason}")),
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
            RegisterError::Outage(reason) => Self::Outage(reason),
        }
    }
}

/// Longest wait between two tries: a registry that is back is noticed soon.
const MAX_DELAY: Duration = Duration::from_secs(5);

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
