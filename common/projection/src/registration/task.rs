//! The background task of a registration: register, then confirm periodically.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use orderlog_contract::lineage;
use orderlog_registry::config::SchemasMode;
use orderlog_registry::{self, FULL_TRANSITIVE, RegisterError};
use orderlog_runtime::crash_point::{self, Point};
use tokio::sync::watch;

use super::RegistrationState;
use crate::schema_id_audit::{AuditError, SchemaIdAudit, Verdict};
use crate::store::{LearnError, Schemas, Store};

/// Longest delay between two attempts, so that a registry that is back is noticed soon.
const MAX_DELAY: Duration = Duration::from_secs(5);

/// The background task.
pub(super) struct Task {
    pub audit: SchemaIdAudit,
    pub verdicts: watch::Receiver<Verdict>,
    pub subject: String,
    pub store: Store,
    pub mode: SchemasMode,
    pub topic: String,
    /// Whether the topic exists, or need not.
    pub topic_found: watch::Receiver<bool>,
    /// Whether the registry has confirmed the schema since the start.
    pub confirmed: bool,
    /// Whether a problem was logged since it was last confirmed.
    pub has_warned: bool,
    pub accepted: Arc<AtomicBool>,
    pub state: watch::Sender<RegistrationState>,
}

/// Why there is no id of our newest schema.
enum NotRegistered {
    /// It is not the registry that the store knows; nothing is written until it is.
    RegistryConflict(String),
    /// The registry rejects it.
    Refused(String),
    /// No usable answer.
    Outage(String),
}

impl Task {
    /// Registers, and then confirms periodically. Ends only when the registry refuses at the start.
    pub async fn run(&mut self, check_every: Duration) {
        // A lineage that our own checks reject must not reach the registry.
        let conflicts = lineage::conflicts(lineage::LINEAGE);
        if !conflicts.is_empty() {
            let reasons = conflicts.join("\n    ");
            let reason = format!("this release's schema versions are incompatible with each other:\n    {reasons}");
            self.state.send_replace(RegistrationState::Refused(reason));
            return;
        }
        self.await_topic().await;
        let mut backoff = orderlog_registry::backoff(MAX_DELAY);
        loop {
            crash_point::reached(Point::RegistrationTurn);
            self.verdicts.mark_unchanged();
            let answer = self.turn().await;
            let outage = matches!(answer, Err(NotRegistered::Outage(_)));
            match answer {
                Ok((id, level)) => self.registered(id, level).await,
                Err(NotRegistered::Refused(reason)) if !self.confirmed => {
                    self.state.send_replace(RegistrationState::Refused(reason));
                    return;
                }
                // A running service continues: whoever has its schema can read what it writes.
                Err(NotRegistered::Refused(reason) | NotRegistered::Outage(reason)) => self.unconfirmed(reason),
                Err(NotRegistered::RegistryConflict(reason)) => self.pending(reason),
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

    /// Waits until the topic was found, where a missing one is not created: a subject must not be left behind by a mistyped
    /// name.
    async fn await_topic(&mut self) {
        if *self.topic_found.borrow() {
            return;
        }
        self.state.send_replace(RegistrationState::Pending(format!(
            "the schema is not registered before topic {} is found",
            self.topic
        )));
        // An error means that all handles were dropped: then this task is dropped, too.
        let _ = self.topic_found.wait_for(|found| *found).await;
        self.state
            .send_replace(RegistrationState::Pending("the schema is being registered".to_owned()));
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

    async fn ask(&self) -> Result<u32, NotRegistered> {
        let registry = self.audit.registry();
        let is_known = self.mode == SchemasMode::Verify || self.confirmed;
        if is_known {
            match registry.verify_lineage(&self.subject, lineage::LINEAGE).await {
                // The subject was deleted; or it is another registry by now, where nothing of ours may be left behind.
                Err(RegisterError::Refused(_)) if self.mode == SchemasMode::Register => self.audit.confirm().await?,
                confirmed => return Ok(confirmed?),
            }
        }
        Ok(registry.register_lineage(&self.subject, lineage::LINEAGE).await?)
    }

    /// What is wrong with the subject's compatibility level. It is set at the start only: somebody who lowers it afterwards has a
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

    async fn registered(&mut self, id: u32, level: Option<String>) {
        crash_point::reached(Point::SchemaRegistered);
        let subject = self.subject.clone();
        let learn = move |schemas: &Schemas| schemas.learn_own(&subject, id);
        match self.store.with_schemas(learn).await {
            Ok(()) => {}
            // Nothing may be written under an id that existing records use for another schema.
            Err(error @ LearnError::SchemaIdReassigned(_)) => {
                self.audit.report_conflict(id);
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
        let state = RegistrationState::Registered { id, unconfirmed: level };
        let is_first = !std::mem::replace(&mut self.confirmed, true);
        let has_warned = std::mem::take(&mut self.has_warned);
        if is_first || has_warned || !is_of(&self.state.borrow(), id) {
            tracing::info!(subject = self.subject, schema.id = id, "schema found in the registry");
        }
        self.set_state(state);
    }

    fn unconfirmed(&mut self, reason: String) {
        let id = match &*self.state.borrow() {
            RegistrationState::Registered { id, .. } => Some(*id),
            RegistrationState::Pending(_) | RegistrationState::Refused(_) => None,
        };
        match id {
            Some(id) => self.set_state(RegistrationState::Registered {
                id,
                unconfirmed: Some(format!("the schema registration is not confirmed: {reason}")),
            }),
            None => self.pending(format!("the schema is not registered yet: {reason}")),
        }
    }

    fn pending(&mut self, reason: String) {
        self.set_state(RegistrationState::Pending(reason));
    }

    fn set_state(&mut self, state: RegistrationState) {
        if *self.state.borrow() == state {
            return;
        }
        self.log_problem(&state);
        self.state.send_replace(state);
    }

    fn log_problem(&mut self, state: &RegistrationState) {
        // That was logged with its reason.
        if self.audit.registry().unreachable().is_some() {
            return;
        }
        match state {
            RegistrationState::Registered { unconfirmed: None, .. } => return,
            RegistrationState::Registered {
                unconfirmed: Some(reason),
                ..
            } => tracing::warn!(subject = self.subject, reason, "schema registration not confirmed"),
            RegistrationState::Pending(reason) => {
                tracing::warn!(subject = self.subject, reason, "schema registration pending");
            }
            RegistrationState::Refused(reason) => {
                tracing::warn!(subject = self.subject, reason, "schema rejected");
            }
        }
        self.has_warned = true;
    }
}

fn is_of(state: &RegistrationState, id: u32) -> bool {
    matches!(state, RegistrationState::Registered { id: known, .. } if *known == id)
}

impl From<AuditError> for NotRegistered {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Conflict(reason) => Self::RegistryConflict(reason),
            AuditError::Outage(_) | AuditError::Store(_) => Self::Outage(error.to_string()),
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
