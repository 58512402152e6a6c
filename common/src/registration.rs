//! Registers the schema lineage in the background: an outage of the registry does not stop a start, and what the
//! registry refuses is told to whoever must end the service. What is registered, and how, says [`crate::registry`].

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::watch;

use crate::config::SchemasMode;
use crate::registry::{RegisterError, Registry};
use crate::schemas;
use crate::store::Store;

/// How far the registration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// Not registered yet, and why; it is tried again.
    Pending(String),
    /// Registered; the id of the newest version, which is the one that is written.
    Registered(u32),
    /// The registry will not have it, and why; final.
    Refused(String),
}

/// A registration that is under way or done. Clones see the same one; when the last is dropped, it is tried no more.
#[derive(Clone, Debug)]
pub struct Registration(watch::Receiver<RegistrationState>);

impl Registration {
    /// Begins to register the lineage under that subject, or only to look it up, as the mode says, and tries until the
    /// registry answers. The id of the newest version is remembered in the store, so that our own records never wait for
    /// the registry. Call it within a tokio runtime.
    pub fn spawn(registry: Arc<Registry>, subject: String, store: Store, mode: SchemasMode) -> Self {
        let (sender, state) = watch::channel(RegistrationState::Pending("the schema is being registered".to_owned()));
        tokio::spawn(async move {
            tokio::select! {
                () = register(&registry, &subject, &store, mode, &sender) => {}
                // Nobody is interested any more.
                () = sender.closed() => {}
            }
        });
        Self(state)
    }

    /// How far it is now.
    pub fn state(&self) -> RegistrationState {
        self.0.borrow().clone()
    }

    /// The id of the newest version, once it is registered.
    pub fn schema_id(&self) -> Option<u32> {
        match &*self.0.borrow() {
            RegistrationState::Registered(id) => Some(*id),
            RegistrationState::Pending(_) | RegistrationState::Refused(_) => None,
        }
    }

    /// What an operator should know: why it is not registered.
    pub fn trouble(&self) -> Option<String> {
        match &*self.0.borrow() {
            RegistrationState::Registered(_) => None,
            RegistrationState::Pending(reason) | RegistrationState::Refused(reason) => Some(reason.clone()),
        }
    }

    /// How far it is, for those who wait for a change.
    pub fn watch(&self) -> watch::Receiver<RegistrationState> {
        self.0.clone()
    }

    /// Waits until the registry refuses, and tells why. Without a refusal it waits for ever.
    pub async fn refused(&self) -> String {
        let mut state = self.0.clone();
        // The guard that wait_for gives is dropped at once: this future must be able to move between threads.
        let refused = state
            .wait_for(|state| matches!(state, RegistrationState::Refused(_)))
            .await
            .map(|state| state.clone());
        if let Ok(RegistrationState::Refused(reason)) = refused {
            return reason;
        }
        // Registered: the task has ended, and its sender is gone.
        std::future::pending().await
    }
}

async fn register(
    registry: &Registry,
    subject: &str,
    store: &Store,
    mode: SchemasMode,
    state: &watch::Sender<RegistrationState>,
) {
    let mut backoff = backoff();
    loop {
        let answer = match mode {
            SchemasMode::Register => registry.register_lineage(subject).await,
            SchemasMode::Verify => registry.verify_lineage(subject).await,
        };
        match answer {
            Ok(id) => {
                tracing::info!(subject, schema.id = id, "schema registered");
                let newest = schemas::LINEAGE.last().copied().unwrap_or_default();
                if let Err(error) = store.remember_schema(id, "AVRO", newest) {
                    // The registry is asked for it then, like for any other.
                    tracing::error!(%error, schema.id = id, "the schema's id could not be stored");
                }
                state.send_replace(RegistrationState::Registered(id));
                return;
            }
            Err(RegisterError::Refused(reason)) => {
                state.send_replace(RegistrationState::Refused(reason));
                return;
            }
            Err(RegisterError::Outage(reason)) => {
                let reason = format!("the schema is not registered yet: {reason}");
                let pending = RegistrationState::Pending(reason.clone());
                if *state.borrow() != pending {
                    tracing::warn!(subject, reason, "trying again");
                    state.send_replace(pending);
                }
                tokio::time::sleep(backoff.next().unwrap_or(MAX_DELAY)).await;
            }
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
mod tests {
    use super::*;

    fn registration(state: RegistrationState) -> Registration {
        Registration(watch::channel(state).1)
    }

    #[test]
    fn only_a_registered_schema_has_an_id_and_no_trouble() {
        let registered = registration(RegistrationState::Registered(7));
        assert_eq!((registered.schema_id(), registered.trouble()), (Some(7), None));
        for state in [
            RegistrationState::Pending("why".into()),
            RegistrationState::Refused("why".into()),
        ] {
            let registration = registration(state);
            assert_eq!(
                (registration.schema_id(), registration.trouble()),
                (None, Some("why".into()))
            );
        }
    }

    #[tokio::test]
    async fn a_refusal_is_told_and_its_absence_is_waited_for() {
        assert_eq!(
            registration(RegistrationState::Refused("why".into())).refused().await,
            "why"
        );
        let registered = registration(RegistrationState::Registered(7));
        let told = tokio::time::timeout(Duration::from_millis(10), registered.refused()).await;
        assert!(told.is_err(), "nothing was refused");
    }

    #[tokio::test]
    async fn an_outage_is_shown_and_the_registration_stays_pending() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Port 9 (discard) of this machine: nobody listens.
        let registry = Arc::new(Registry::at("http://127.0.0.1:9").expect("a client"));
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(dir.path()).expect("a store");
        let registration = Registration::spawn(registry, "orders-value".into(), store, SchemasMode::Register);
        let mut state = registration.watch();
        state.changed().await.expect("a try");
        assert!(
            registration.trouble().expect("trouble").contains("127.0.0.1:9"),
            "{registration:?}"
        );
        assert_eq!(registration.schema_id(), None);
    }
}
