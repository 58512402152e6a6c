//! One check of the audit: which ids it compares, and what it publishes.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::comparison::compare;
use super::{AuditError, SchemaIdAudit, Verdict};
use crate::store::{KnownSchemas, Schemas};

/// How many known ids must match before an answer is stored: a different registry may have our own schema under the
/// same id.
const FEW: usize = 8;
/// Maximum number of ids in one check, except for the first, which covers all of them: thousands of ids put no load on
/// the registry.
const MANY: usize = 50;
/// How long a missing id may take to appear: some registries answer from followers, which may lag behind.
const REPLICATION_DELAY: Duration = Duration::from_millis(500);

/// What is remembered from earlier checks.
#[derive(Default)]
pub(super) struct History {
    /// Whether ids that the registry lost before startup are accepted as lost.
    pub accept: bool,
    /// An id that matched when it was last compared.
    probe: Option<u32>,
    /// An id that orders are known to depend on.
    pub in_use: Option<u32>,
    /// When the last comparison without a mismatch began.
    one_since: Option<Instant>,
    /// The same for a comparison of several ids.
    few_since: Option<Instant>,
}

/// How many ids are compared as long as no mismatch is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// One: enough to trust that an id is unknown.
    One,
    /// A few, before something is stored.
    Few,
    /// Many, for the periodic check.
    Many,
}

impl SchemaIdAudit {
    /// Compares some ids, and all of them when one of those does not match.
    pub(super) async fn compare(&self, history: &mut History, scope: Scope) -> Result<(), AuditError> {
        let begun = self.0.conflicts.load(Ordering::Relaxed);
        let known = self.0.store.with_schemas(Schemas::known).await?;
        let matches = matches!(*self.0.verdict.borrow(), Verdict::Matches { .. });
        if !(matches && self.0.compared_all.load(Ordering::Relaxed)) {
            return self.compare_all(history, known).await;
        }
        let some = compare(&self.0.registry, &self.0.store, scope.choose(&known, history.probe)).await?;
        if !some.is_good_enough(&known) {
            return self.compare_all(history, known).await;
        }
        history.probe = some.same.first().copied();
        let mut lost: BTreeSet<u32> = self.0.verdict.borrow().lost().iter().copied().collect();
        lost.retain(|id| !some.same.contains(id));
        lost.extend(some.missing.difference(&known.accepted));
        let lost = lost.into_iter().collect();
        self.publish(Verdict::Matches { lost }, begun);
        Ok(())
    }

    async fn compare_all(&self, history: &mut History, mut known: KnownSchemas) -> Result<(), AuditError> {
        let begun = self.0.conflicts.load(Ordering::Relaxed);
        let mut all = compare(&self.0.registry, &self.0.store, known.ids.clone()).await?;
        if matches!(all.verdict(&known), Verdict::SchemasLost { .. }) {
            tokio::time::sleep(REPLICATION_DELAY).await;
            let missing = std::mem::take(&mut all.missing);
            all.merge(compare(&self.0.registry, &self.0.store, missing).await?);
        }
        if self.repair(history, &known, &all).await? {
            known = self.0.store.with_schemas(Schemas::known).await?;
            all.keep_only(&known);
        }
        history.probe = all.same.first().copied();
        if self.publish(all.verdict(&known), begun) {
            self.0.compared_all.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Publishes the verdict of a comparison that began after that many reported conflicts. Returns whether it still holds.
    fn publish(&self, verdict: Verdict, begun: u64) -> bool {
        if self.0.conflicts.load(Ordering::Relaxed) != begun {
            return false;
        }
        let before = self.0.verdict.borrow().clone();
        match &verdict {
            Verdict::SchemasLost { reason, .. } if before != verdict => {
                tracing::error!(reason, "schema registry conflicts with the store");
            }
            Verdict::Matches { lost } => {
                for id in lost.iter().filter(|id| !before.lost().contains(id)) {
                    tracing::warn!(
                        schema.id = id,
                        "records reference a schema id that the registry no longer has"
                    );
                }
                if before.conflict().is_some() {
                    tracing::info!("schema registry agrees with the store again");
                }
            }
            _ => {}
        }
        self.0.verdict.send_if_modified(|now| {
            let changed = *now != verdict;
            *now = verdict;
            changed
        });
        true
    }
}

impl History {
    pub fn new(accept: bool) -> Self {
        Self {
            accept,
            ..Self::default()
        }
    }

    /// Whether a comparison of that scope began after that moment.
    pub fn has_since(&self, scope: Scope, requested: Instant) -> bool {
        let since = match scope {
            Scope::One => self.one_since.max(self.few_since),
            Scope::Few | Scope::Many => self.few_since,
        };
        since.is_some_and(|since| since > requested)
    }

    pub fn note(&mut self, scope: Scope, begun: Instant) {
        match scope {
            Scope::One => self.one_since = Some(begun),
            Scope::Few | Scope::Many => self.few_since = Some(begun),
        }
    }
}

impl Scope {
    /// The ids to compare: our own or the one that matched last time, and others at random.
    fn choose(self, known: &KnownSchemas, probe: Option<u32>) -> Vec<u32> {
        let first: Vec<u32> = known.own.into_iter().chain(probe).take(1).collect();
        let max = match self {
            Self::One if !first.is_empty() => return first,
            Self::One | Self::Few => FEW,
            Self::Many => MANY,
        };
        let mut others: Vec<u32> = known.ids.iter().copied().filter(|id| !first.contains(id)).collect();
        fastrand::shuffle(&mut others);
        first.into_iter().chain(others).take(max).collect()
    }
}
