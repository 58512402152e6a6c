//! Registers the schema lineage in the background: an outage of the registry does not stop a start, and what the
//! registry refuses is told to whoever must end the service. What is registered, and how, says [`crate::registry`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::check_schemas;
use crate::config::{PipelineConfig, SchemasMode};
use crate::crash_point::{self, Point};
use crate::life::Life;
use crate::registry::{RegisterError, Registry};
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
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Registration {
    /// Begins to register the lineage under that subject, or only to look it up, as `SCHEMAS` says, and tries until the
    /// registry answers; from then on it is looked at again and again, in case the registry has lost it. The id of the
    /// newest version is remembered in the store: it is there at the next start, whether the registry is or not, and our
    /// own records never wait for it. Call it within a tokio runtime.
    pub fn spawn(registry: Arc<Registry>, subject: String, store: Store, config: &PipelineConfig, life: &Life) -> Self {
        let known = store.own_schema_id(&subject).unwrap_or_else(|error| {
            tracing::error!(error = format!("{error:#}"), "the own schema's id could not be read");
            None
        });
        let begin = match known {
            Some(id) => RegistrationState::Registered { id, trouble: None },
            None => RegistrationState::Pending("the schema is being registered".to_owned()),
        };
        let (sender, state) = watch::channel(begin);
        let mut task = Task {
            registry,
            subject,
            store,
            mode: config.registry.schemas,
            confirmed: false,
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
            task: Arc::new(Mutex::new(Some(task))),
        }
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
    registry: Arc<Registry>,
    subject: String,
    store: Store,
    mode: SchemasMode,
    /// Whether the registry has answered since the start.
    confirmed: bool,
    state: watch::Sender<RegistrationState>,
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
        let mut backoff = backoff();
        loop {
            crash_point::reached(Point::RegistrationTurn);
            let answer = self.ask().await;
            let outage = matches!(answer, Err(RegisterError::Outage(_)));
            match answer {
                Ok(id) => self.registered(id),
                Err(RegisterError::Refused(reason)) if !self.confirmed => {
                    self.state.send_replace(RegistrationState::Refused(reason));
                    return;
                }
                // A service that runs goes on: what it writes can be read by those who have its schema.
                Err(RegisterError::Refused(reason) | RegisterError::Outage(reason)) => self.unconfirmed(reason),
            }
            if outage {
                let wait = backoff.next().unwrap_or(MAX_DELAY);
                self.registry.back_off(wait).await;
            } else {
                backoff = self::backoff();
                tokio::time::sleep(check_every).await;
            }
        }
    }

    async fn ask(&self) -> Result<u32, RegisterError> {
        match self.mode {
            SchemasMode::Verify => self.registry.verify_lineage(&self.subject).await,
            SchemasMode::Register if self.confirmed => match self.registry.verify_lineage(&self.subject).await {
                // The registry was wiped, or the subject deleted.
                Err(RegisterError::Refused(_)) => self.registry.register_lineage(&self.subject).await,
                confirmed => confirmed,
            },
            SchemasMode::Register => self.registry.register_lineage(&self.subject).await,
        }
    }

    fn registered(&mut self, id: u32) {
        crash_point::reached(Point::SchemaRegistered);
        let state = match self.store.learn_own_schema(&self.subject, id) {
            Ok(()) => RegistrationState::Registered { id, trouble: None },
            // Nothing may be written under an id that records use for something else.
            Err(error @ LearnError::AnotherMeaning(_)) => RegistrationState::Pending(error.to_string()),
            Err(LearnError::Disk(error)) => {
                // The registry is asked for it then, like for any other.
                tracing::error!(
                    error = format!("{error:#}"),
                    schema.id = id,
                    "the schema's id could not be stored"
                );
                RegistrationState::Registered { id, trouble: None }
            }
        };
        let is_news = !std::mem::replace(&mut self.confirmed, true) || *self.state.borrow() != state;
        match &state {
            RegistrationState::Pending(reason) if is_news => {
                tracing::error!(subject = self.subject, schema.id = id, reason, "nothing is written");
            }
            _ if is_news => tracing::info!(subject = self.subject, schema.id = id, "the schema is registered"),
            _ => {}
        }
        self.state.send_replace(state);
    }

    fn unconfirmed(&self, reason: String) {
        let state = match &*self.state.borrow() {
            RegistrationState::Registered { id, .. } => RegistrationState::Registered {
                id: *id,
                trouble: Some(format!("the schema's registration is not confirmed: {reason}")),
            },
            _ => RegistrationState::Pending(format!("the schema is not registered yet: {reason}")),
        };
        if *self.state.borrow() != state {
            tracing::warn!(subject = self.subject, reason, "trying again");
            self.state.send_replace(state);
        }
    }
}

/// Longest wait between two tries: a registry that is back is noticed soon.
const MAX_DELAY: Duration = Duration::from_secs(5);

fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(MAX_DELAY)
        .with_jitter()
        .without_max_times()
        .build()
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
