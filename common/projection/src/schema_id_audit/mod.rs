//! Whether the schema registry that answers is the one that the store knows. A registry that was wiped, or another one at
//! the same address, assigns ids again from the start: records would be decoded with the wrong schema, and written so that
//! others cannot read them.
//!
//! So no answer about an id is trusted, and nothing is registered, unless the registry agrees with the store:
//! [`SchemaIdAudit`] fetches schemas, and checks known ids before and after. Its result ([`Verdict`]) is for the
//! projection, the registration and operators; it clears by itself when the right registry is back.
//!
//! - `compare`: what known ids mean at the registry, and what follows from it;
//! - `mend`: ids that may be forgotten, because nothing depends on them or an operator says so.

mod compare;
mod mend;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use compare::compare;
use orderlog_avro::SchemaText;
use orderlog_registry::{Outage, Registry, RegistryError};
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use crate::store::{KnownSchemas, LearnError, Store};

/// How many known ids must match before an answer is stored: another registry may have our own schema under the same id.
const WITNESSES: usize = 8;
/// Most ids in one check, except for the first, which covers all of them: thousands of ids are no load for the registry.
const MOST: usize = 50;
/// How long a missing id may take to appear: some registries answer from followers.
const GRACE: Duration = Duration::from_millis(500);

/// The result of the audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// The registry has not answered yet.
    #[default]
    Open,
    /// The registry knows what the store knows.
    Agrees {
        /// Except for these ids, which were deleted there.
        lost: Vec<u32>,
    },
    /// The registry has lost the id that events are written under, or every id that the store knows: nothing is registered
    /// or learned there, and cart-service writes nothing.
    Lost {
        /// What it has lost, and what to do.
        reason: String,
        /// Every lost id.
        lost: Vec<u32>,
    },
    /// The registry gives an id another meaning: nothing is read or written either.
    Contradicts {
        /// Which id, and what to do.
        reason: String,
    },
}

/// Why the registry is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// It is not the one that the store knows.
    #[error("{0}")]
    Objection(String),
    /// It does not answer.
    #[error("{0}")]
    NoAnswer(String),
}

/// A registry client that trusts the registry only as far as it agrees with the store. Clones share their state.
#[derive(Clone, Debug)]
pub struct SchemaIdAudit(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    store: Store,
    life: Supervisor,
    verdict: watch::Sender<Verdict>,
    /// Whether all ids were compared since the start and since the last outage.
    compared_all: AtomicBool,
    /// How many conflicts were reported. A comparison that began before the last one proves nothing.
    contradictions: AtomicU64,
    /// Held during a comparison.
    rounds: Mutex<Rounds>,
}

/// What is remembered from earlier comparisons.
#[derive(Default)]
struct Rounds {
    /// Whether ids that the registry has lost before the start are accepted as lost.
    accept: bool,
    /// An id that matched when it was last compared.
    witness: Option<u32>,
    /// An id that orders are known to depend on.
    has_orders: Option<u32>,
    /// When the last comparison began that found no fault.
    one_since: Option<Instant>,
    /// The same for a comparison of several ids.
    few_since: Option<Instant>,
}

/// How many ids are compared as long as no fault is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// One: enough to trust that an id is unknown.
    One,
    /// A few, before something is stored.
    Few,
    /// Many, for the periodic check.
    Many,
}

impl SchemaIdAudit {
    /// An audit of that registry against that store. `accept`: an operator accepts what the registry has lost when it first
    /// answers.
    pub fn new(registry: Arc<Registry>, store: Store, accept: bool, life: &Supervisor) -> Self {
        let rounds = Rounds {
            accept,
            ..Rounds::default()
        };
        Self(Arc::new(Inner {
            registry,
            store,
            life: life.clone(),
            verdict: watch::Sender::default(),
            compared_all: AtomicBool::default(),
            contradictions: AtomicU64::default(),
            rounds: Mutex::new(rounds),
        }))
    }

    /// The registry itself, unaudited.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// The verdict, and its changes.
    pub fn watch(&self) -> watch::Receiver<Verdict> {
        self.0.verdict.subscribe()
    }

    /// The schema of that id. An untrusted registry counts as an outage, until the right one is back.
    ///
    /// # Errors
    /// As [`Registry::schema`].
    pub async fn schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        self.believed(self.0.registry.schema(id)).await
    }

    /// The schema of that GUID, in the same way; `None` when the registry does not support lookups by GUID.
    ///
    /// # Errors
    /// As [`Registry::schema_of_guid`].
    pub async fn schema_of_guid(&self, guid: Uuid) -> Result<Option<SchemaText>, RegistryError> {
        self.believed(self.0.registry.schema_of_guid(guid)).await
    }

    async fn believed<T>(&self, asked: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
        let outage = |disbelief: Disbelief| RegistryError::Outage(Outage::untrusted(disbelief.to_string()));
        self.objection().map_err(outage)?;
        let answer = asked.await;
        let scope = match answer {
            Ok(_) => Scope::Few,
            Err(RegistryError::Unknown(_)) => Scope::One,
            Err(RegistryError::Outage(_)) => return answer,
        };
        // After the answer, which may have come from another registry than the one checked before.
        self.confirm_with(scope).await.map_err(outage)?;
        answer
    }

    /// Compares some known ids, all of them the first time. Call it before registering anything, and again before storing
    /// the result.
    ///
    /// # Errors
    /// Why the registry is not trusted.
    pub async fn confirm(&self) -> Result<(), Disbelief> {
        self.confirm_with(Scope::Few).await
    }

    /// Compares many known ids; all of them the first time, after an outage, and when a fault is found.
    ///
    /// # Errors
    /// The registry does not answer, or the disk fails.
    pub async fn look(&self) -> Result<(), String> {
        let mut rounds = self.0.rounds.lock().await;
        let looked = self.compare(&mut rounds, Scope::Many).await;
        if looked.is_err() {
            self.0.compared_all.store(false, Ordering::Relaxed);
        }
        looked
    }

    /// Reports that the registry has given that id another meaning. It is trusted again once all ids match.
    pub fn contradicted(&self, id: u32) {
        self.0.contradictions.fetch_add(1, Ordering::Relaxed);
        self.0.compared_all.store(false, Ordering::Relaxed);
        let reason = LearnError::AnotherMeaning(id).to_string();
        self.0.verdict.send_replace(Verdict::Contradicts { reason });
    }

    async fn confirm_with(&self, scope: Scope) -> Result<(), Disbelief> {
        let asked = Instant::now();
        let mut rounds = self.0.rounds.lock().await;
        // A concurrent comparison will do if it began after the answer that this one is to confirm.
        if !rounds.serves(scope, asked) {
            let begun = Instant::now();
            if let Err(reason) = self.compare(&mut rounds, scope).await {
                // An earlier finding stands until it is disproved.
                self.objection()?;
                return Err(Disbelief::NoAnswer(reason));
            }
            rounds.note(scope, begun);
        }
        self.objection()
    }

    fn objection(&self) -> Result<(), Disbelief> {
        let objection = self.0.verdict.borrow().objection().map(str::to_owned);
        objection.map_or(Ok(()), |reason| Err(Disbelief::Objection(reason)))
    }

    /// Compares some ids, and all of them when one of those does not match.
    async fn compare(&self, rounds: &mut Rounds, scope: Scope) -> Result<(), String> {
        let begun = self.0.contradictions.load(Ordering::Relaxed);
        let known = self.known()?;
        let agrees = matches!(*self.0.verdict.borrow(), Verdict::Agrees { .. });
        if !(agrees && self.0.compared_all.load(Ordering::Relaxed)) {
            return self.compare_all(rounds, known).await;
        }
        let some = compare(&self.0.registry, &self.0.store, scope.choose(&known, rounds.witness)).await?;
        if !some.is_good_enough(&known) {
            return self.compare_all(rounds, known).await;
        }
        rounds.witness = some.same.first().copied();
        let mut lost: BTreeSet<u32> = self.0.verdict.borrow().lost().iter().copied().collect();
        lost.retain(|id| !some.same.contains(id));
        lost.extend(some.missing.difference(&known.accepted));
        let lost = lost.into_iter().collect();
        self.publish(Verdict::Agrees { lost }, begun);
        Ok(())
    }

    async fn compare_all(&self, rounds: &mut Rounds, mut known: KnownSchemas) -> Result<(), String> {
        let begun = self.0.contradictions.load(Ordering::Relaxed);
        let mut all = compare(&self.0.registry, &self.0.store, known.ids.clone()).await?;
        if matches!(all.judge(&known), Verdict::Lost { .. }) {
            tokio::time::sleep(GRACE).await;
            let missing = std::mem::take(&mut all.missing);
            all.merge(compare(&self.0.registry, &self.0.store, missing).await?);
        }
        if self.mend(rounds, &known, &all).await? {
            known = self.known()?;
            all.keep_only(&known);
        }
        rounds.witness = all.same.first().copied();
        if self.publish(all.judge(&known), begun) {
            self.0.compared_all.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn known(&self) -> Result<KnownSchemas, String> {
        self.0.store.schemas().known().map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "reading the known schema ids failed");
            format!("reading the known schema ids failed: {error:#}")
        })
    }

    /// Publishes the verdict of a comparison that began after that many reported conflicts. Returns whether it still holds.
    fn publish(&self, verdict: Verdict, begun: u64) -> bool {
        if self.0.contradictions.load(Ordering::Relaxed) != begun {
            return false;
        }
        let before = self.0.verdict.borrow().clone();
        match &verdict {
            Verdict::Lost { reason, .. } if before != verdict => {
                tracing::error!(reason, "schema registry conflicts with the store")
            }
            Verdict::Agrees { lost } => {
                for id in lost.iter().filter(|id| !before.lost().contains(id)) {
                    tracing::warn!(
                        schema.id = id,
                        "records reference a schema id that the registry no longer has"
                    );
                }
                if before.objection().is_some() {
                    tracing::info!("schema registry agrees with the store again");
                }
            }
            _ => {}
        }
        self.0.verdict.send_if_modified(|now| {
            let news = *now != verdict;
            *now = verdict;
            news
        });
        true
    }
}

impl Verdict {
    /// Why the registry is not trusted, if it is not.
    pub fn objection(&self) -> Option<&str> {
        match self {
            Self::Lost { reason, .. } | Self::Contradicts { reason } => Some(reason),
            Self::Open | Self::Agrees { .. } => None,
        }
    }

    /// The ids that the registry has lost.
    pub fn lost(&self) -> &[u32] {
        match self {
            Self::Agrees { lost } | Self::Lost { lost, .. } => lost,
            Self::Open | Self::Contradicts { .. } => &[],
        }
    }
}

impl Rounds {
    /// Whether a comparison of that scope began after that moment.
    fn serves(&self, scope: Scope, asked: Instant) -> bool {
        let since = match scope {
            Scope::One => self.one_since.max(self.few_since),
            Scope::Few | Scope::Many => self.few_since,
        };
        since.is_some_and(|since| since > asked)
    }

    fn note(&mut self, scope: Scope, begun: Instant) {
        match scope {
            Scope::One => self.one_since = Some(begun),
            Scope::Few | Scope::Many => self.few_since = Some(begun),
        }
    }
}

impl Scope {
    /// The ids to compare: our own or the one that matched last time, and others at random.
    fn choose(self, known: &KnownSchemas, witness: Option<u32>) -> Vec<u32> {
        let first: Vec<u32> = known.own.into_iter().chain(witness).take(1).collect();
        let most = match self {
            Self::One if !first.is_empty() => return first,
            Self::One | Self::Few => WITNESSES,
            Self::Many => MOST,
        };
        let mut others: Vec<u32> = known.ids.iter().copied().filter(|id| !first.contains(id)).collect();
        fastrand::shuffle(&mut others);
        first.into_iter().chain(others).take(most).collect()
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchemaIdAudit")
            .field("verdict", &self.verdict)
            .finish_non_exhaustive()
    }
}
