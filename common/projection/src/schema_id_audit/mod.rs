//! Whether the schema registry that answers is the one that the store knows. A registry that was wiped, or another one at
//! the same address, gives ids anew: records would be read as something that they are not, and written so that others
//! cannot read them.
//!
//! So nothing that a registry says of an id is believed, and nothing is registered there, unless it agrees with what the
//! store knows: [`SchemaIdAudit`] asks it for schemas, and asks it about known ids before and after. What it finds
//! ([`Verdict`]) is for the projection, the registration and people; it takes itself back when the right registry is there
//! again.
//!
//! - `compare`: what known ids mean there, and what follows from it;
//! - `mend`: ids that may be forgotten, because nothing depends on them or an operator says so.

mod compare;
mod mend;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use compare::compare;
use orderlog_avro::SchemaText;
use orderlog_registry::{Registry, RegistryError};
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use crate::store::{KnownSchemas, LearnError, Store};

/// How many known ids vouch for an answer that is to be remembered. (Another registry may have our own schema under the
/// same id.)
const WITNESSES: usize = 8;
/// Most ids of one look, but for the first, which is at all of them: thousands of ids are no load for the registry.
const MOST: usize = 50;
/// How long an id that is missing may take to appear: some registries answer from followers.
const GRACE: Duration = Duration::from_millis(500);

/// What is found of the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// It has not answered yet.
    #[default]
    Open,
    /// It knows what the store knows.
    Agrees {
        /// But for these ids, which others have deleted there.
        lost: Vec<u32>,
    },
    /// It has lost the id that events are written under, or all that the store knows: nothing is registered or learned
    /// there, and cart-service writes nothing.
    Lost {
        /// What it has lost, and what to do.
        reason: String,
        /// Every id that it has lost.
        lost: Vec<u32>,
    },
    /// It gives an id another meaning: nothing is read or written either.
    Contradicts {
        /// Which id, and what to do.
        reason: String,
    },
}

/// Why the registry is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disbelief {
    /// It is not the one that the store knows.
    #[error("{0}")]
    Objection(String),
    /// It does not answer.
    #[error("{0}")]
    NoAnswer(String),
}

/// Asks the registry, and believes it only as far as it agrees with the store. Clones are handles to the same one.
#[derive(Clone, Debug)]
pub struct SchemaIdAudit(Arc<Inner>);

struct Inner {
    registry: Arc<Registry>,
    store: Store,
    life: Supervisor,
    verdict: watch::Sender<Verdict>,
    /// Whether all ids were compared since the start, and since the registry was away.
    compared_all: AtomicBool,
    /// How often somebody said that the registry contradicts the store. A comparison that was begun before proves nothing.
    contradictions: AtomicU64,
    /// Held by whoever compares.
    rounds: Mutex<Rounds>,
}

/// What the comparisons so far have left.
#[derive(Default)]
struct Rounds {
    /// Whether what the registry has lost by the start is accepted.
    accept: bool,
    /// An id that meant the same when it was last compared.
    witness: Option<u32>,
    /// An id that is known to have orders.
    has_orders: Option<u32>,
    /// When the last comparison began that found nothing amiss.
    one_since: Option<Instant>,
    /// The same of one with several witnesses.
    few_since: Option<Instant>,
}

/// How many ids are compared, where nothing is amiss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// One: enough to believe that an id is not known.
    One,
    /// A few, for what is to be remembered.
    Few,
    /// Many, now and then.
    Many,
}

impl SchemaIdAudit {
    /// An audit of that registry against that store. `accept`: what the registry has lost when it first answers, an operator
    /// has accepted.
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

    /// The registry, as it is.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// What was found so far, for those who wait for a change.
    pub fn watch(&self) -> watch::Receiver<Verdict> {
        self.0.verdict.subscribe()
    }

    /// The schema of that id, if what the registry says is to be believed. A registry that is not gives an outage: the
    /// right one is waited for.
    ///
    /// # Errors
    /// As [`Registry::schema`].
    pub async fn schema(&self, id: u32) -> Result<SchemaText, RegistryError> {
        self.believed(self.0.registry.schema(id)).await
    }

    /// The schema of that GUID, in the same way; `None` when the registry is one that cannot be asked for a GUID.
    ///
    /// # Errors
    /// As [`Registry::schema_of_guid`].
    pub async fn schema_of_guid(&self, guid: Uuid) -> Result<Option<SchemaText>, RegistryError> {
        self.believed(self.0.registry.schema_of_guid(guid)).await
    }

    async fn believed<T>(&self, asked: impl Future<Output = Result<T, RegistryError>>) -> Result<T, RegistryError> {
        let outage = |disbelief: Disbelief| RegistryError::Outage(disbelief.to_string());
        self.objection().map_err(outage)?;
        let answer = asked.await;
        let scope = match answer {
            Ok(_) => Scope::Few,
            Err(RegistryError::Unknown(_)) => Scope::One,
            Err(RegistryError::Outage(_)) => return answer,
        };
        // After the answer: it may have come from another registry than the one before.
        self.confirm_with(scope).await.map_err(outage)?;
        answer
    }

    /// Compares what some known ids mean, all of them the first time. Ask it before anything is registered, and again
    /// before what came of it is remembered.
    ///
    /// # Errors
    /// Why the registry is not believed.
    pub async fn confirm(&self) -> Result<(), Disbelief> {
        self.confirm_with(Scope::Few).await
    }

    /// Compares what many known ids mean; all of them the first time, after the registry was away, and when something is
    /// amiss.
    ///
    /// # Errors
    /// When the registry does not answer, or the disk fails.
    pub async fn look(&self) -> Result<(), String> {
        let mut rounds = self.0.rounds.lock().await;
        let looked = self.compare(&mut rounds, Scope::Many).await;
        if looked.is_err() {
            self.0.compared_all.store(false, Ordering::Relaxed);
        }
        looked
    }

    /// Says that the registry has given that id another meaning. It is believed again once all ids mean what they meant.
    pub fn contradicted(&self, id: u32) {
        self.0.contradictions.fetch_add(1, Ordering::Relaxed);
        self.0.compared_all.store(false, Ordering::Relaxed);
        let reason = LearnError::AnotherMeaning(id).to_string();
        self.0.verdict.send_replace(Verdict::Contradicts { reason });
    }

    async fn confirm_with(&self, scope: Scope) -> Result<(), Disbelief> {
        let asked = Instant::now();
        let mut rounds = self.0.rounds.lock().await;
        // Another one's comparison serves, when it was begun after the answer that this one is for.
        if !rounds.serves(scope, asked) {
            let begun = Instant::now();
            if let Err(reason) = self.compare(&mut rounds, scope).await {
                // What was found before stands until it is proved to be over.
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

    /// Compares some ids, and all of them when one of those is not as it should be.
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
        self.0.store.known_schemas().map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "the known schema ids could not be read");
            format!("the known schema ids could not be read: {error:#}")
        })
    }

    /// Makes known what a comparison has found, that was begun after so many contradictions. Returns whether it still holds.
    fn publish(&self, verdict: Verdict, begun: u64) -> bool {
        if self.0.contradictions.load(Ordering::Relaxed) != begun {
            return false;
        }
        let before = self.0.verdict.borrow().clone();
        match &verdict {
            Verdict::Lost { reason, .. } if before != verdict => tracing::error!(reason, "schema registry not used"),
            Verdict::Agrees { lost } => {
                for id in lost.iter().filter(|id| !before.lost().contains(id)) {
                    tracing::warn!(
                        schema.id = id,
                        "records name a schema that the registry does not know any more"
                    );
                }
                if before.objection().is_some() {
                    tracing::info!("the schema registry agrees with the store again");
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
    /// Why the registry is not believed, if it is not.
    pub fn objection(&self) -> Option<&str> {
        match self {
            Self::Lost { reason, .. } | Self::Contradicts { reason } => Some(reason),
            Self::Open | Self::Agrees { .. } => None,
        }
    }

    /// The ids that it has lost.
    pub fn lost(&self) -> &[u32] {
        match self {
            Self::Agrees { lost } | Self::Lost { lost, .. } => lost,
            Self::Open | Self::Contradicts { .. } => &[],
        }
    }
}

impl Rounds {
    /// Whether a comparison of that scope was begun after that moment.
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
    /// The ids that are compared: our own, the one that agreed last time, and others at random.
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
