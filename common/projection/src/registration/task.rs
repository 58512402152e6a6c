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
use crate::store::{LearnError, Store};

/// Longest delay between two attempts, so that a registry that is back is noticed soon.
const MAX_DELAY: Duration = Duration::from_secs(5);

/// The background task.
pub(super) struct Task {
    pub audit: SchemaIdAudit,
    pub verdicts: watch::Receiver<Verdict>,
    pub subject: String,
    pub store: Store,
    pub mode: SchemasMode,
    /// Whether the registry has confirmed the schema since the start.
    pub confirmed: bool,
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

    fn registered(&mut self, id: u32, level: Option<String>) {
        crash_point::reached(Point::SchemaRegistered);
        match self.store.schemas().learn_own(&self.subject, id) {
            Ok(()) => {}
            // Nothing may be written under an id that existing records use for another schema.
            Err(error @ LearnError::AnotherMeaning(_)) => {
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
        let state = RegistrationState::Registered { id, trouble: level };
        if !std::mem::replace(&mut self.confirmed, true) || *self.state.borrow() != state {
            tracing::info!(subject = self.subject, schema.id = id, "schema registered");
        }
        self.set_state(state);
    }

    fn unconfirmed(&self, reason: String) {
        let id = match &*self.state.borrow() {
            RegistrationState::Registered { id, .. } => Some(*id),
            RegistrationState::Pending(_) | RegistrationState::Refused(_) => None,
        };
        match id {
            Some(id) => self.set_state(RegistrationState::Registered {
                id,
                trouble: Some(format!("the schema registration is not confirmed: {reason}")),
            }),
            None => self.pending(format!("the schema is not registered yet: {reason}")),
        }
    }

    fn pending(&self, reason: String) {
        self.set_state(RegistrationState::Pending(reason));
    }

    fn set_state(&self, state: RegistrationState) {
        if *self.state.borrow() == state {
            return;
        }
        match &state {
            RegistrationState::Registered { trouble: None, .. } => {}
            RegistrationState::Registered {
                trouble: Some(reason), ..
            } => tracing::warn!(subject = self.subject, reason, "schema registration not confirmed"),
            RegistrationState::Pending(reason) => {
                tracing::warn!(subject = self.subject, reason, "schema registration pending");
            }
            RegistrationState::Refused(reason) => {
                tracing::warn!(subject = self.subject, reason, "schema rejected");
            }
        }
        self.state.send_replace(state);
    }
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
