//! What known ids mean at the registry, and what follows from it.

use std::collections::BTreeSet;

use orderlog_registry::{Registry, RegistryError};

use super::{AuditError, Verdict};
use crate::store::{KnownSchemas, LearnError, Schemas, Store};

/// After this many ids in a row without an answer, the registry counts as unavailable.
const MAX_OUTAGES: usize = 3;

/// What some ids mean at the registry, compared with the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Comparison {
    /// They mean what the store knows.
    pub same: BTreeSet<u32>,
    /// The registry does not know them.
    pub missing: BTreeSet<u32>,
    /// They mean something else.
    pub different: BTreeSet<u32>,
    /// The registry gave no answer for them.
    pub unanswered: BTreeSet<u32>,
}

/// Compares those ids.
///
/// # Errors
/// The registry does not answer, or the disk fails.
pub(super) async fn compare(
    registry: &Registry,
    store: &Store,
    ids: impl IntoIterator<Item = u32>,
) -> Result<Comparison, AuditError> {
    let mut found = Comparison::default();
    let mut outages = Vec::new();
    for id in ids {
        match registry.schema(id).await {
            Ok(schema) => {
                outages.clear();
                let is_meaning = move |schemas: &Schemas| schemas.is_meaning(id, &schema);
                match store.with_schemas(is_meaning).await? {
                    Some(true) => found.same.insert(id),
                    Some(false) => found.different.insert(id),
                    // Forgotten in the meantime.
                    None => false,
                };
            }
            Err(RegistryError::Unknown(_)) => {
                outages.clear();
                found.missing.insert(id);
            }
            // It may be only this id that fails.
            Err(RegistryError::Outage(outage)) => {
                found.unanswered.insert(id);
                outages.push(outage);
                if outages.len() == MAX_OUTAGES {
                    break;
                }
            }
        }
    }
    let is_unavailable = outages.len() == MAX_OUTAGES || found.is_empty();
    match outages.pop().filter(|_| is_unavailable) {
        Some(outage) => Err(outage.into()),
        None => Ok(found),
    }
}

impl Comparison {
    /// Whether nothing was compared.
    fn is_empty(&self) -> bool {
        self.same.is_empty() && self.missing.is_empty() && self.different.is_empty()
    }

    /// Whether these ids are enough to trust the others: none conflicts, and the registry knows our own, or at least one.
    pub fn is_good_enough(&self, known: &KnownSchemas) -> bool {
        let vouches = match known.own {
            Some(own) => self.same.contains(&own),
            None => !self.same.is_empty(),
        };
        self.different.is_empty() && (vouches || known.ids.is_empty())
    }

    /// The verdict, if all known ids were compared.
    pub fn verdict(&self, known: &KnownSchemas) -> Verdict {
        if let Some(id) = self.different.first() {
            return Verdict::Conflicts {
                reason: LearnError::SchemaIdReassigned(*id).to_string(),
            };
        }
        let own = known.own.filter(|id| self.missing.contains(id));
        let mut lost: Vec<u32> = self.missing.difference(&known.accepted).copied().collect();
        let what = match own {
            Some(id) => format!("no longer knows schema id {id}, under which this service writes events"),
            None if self.same.is_empty() && !lost.is_empty() => {
                format!("knows none of the {} schema ids that it assigned before", lost.len())
            }
            None => return Verdict::Matches { lost },
        };
        if let Some(own) = own.filter(|own| !lost.contains(own)) {
            lost.push(own);
        }
        Verdict::SchemasLost {
            reason: format!(
                "the schema registry {what}: it has lost its contents, or is a different one. Nothing is registered with it or accepted from it, and no event is written, until it knows its schemas again. If they are lost for good, restart with --accept-registry / ACCEPT_REGISTRY=true to register ours again"
            ),
            lost,
        }
    }

    /// Adds the result for further ids.
    pub fn merge(&mut self, mut further: Self) {
        self.same.append(&mut further.same);
        self.missing.append(&mut further.missing);
        self.different.append(&mut further.different);
        self.unanswered.append(&mut further.unanswered);
    }

    /// Drops ids that are no longer known.
    pub fn keep_only(&mut self, known: &KnownSchemas) {
        for ids in [
            &mut self.same,
            &mut self.missing,
            &mut self.different,
            &mut self.unanswered,
        ] {
            ids.retain(|id| known.ids.binary_search(id).is_ok());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(own: Option<u32>, ids: &[u32], accepted: &[u32]) -> KnownSchemas {
        KnownSchemas {
            own,
            ids: ids.to_vec(),
            accepted: accepted.iter().copied().collect(),
        }
    }

    fn found(same: &[u32], missing: &[u32], other: &[u32]) -> Comparison {
        let set = |ids: &[u32]| ids.iter().copied().collect();
        Comparison {
            same: set(same),
            missing: set(missing),
            different: set(other),
            unanswered: BTreeSet::new(),
        }
    }

    #[test]
    fn a_missing_id_of_another_producer_is_only_reported() {
        let known = known(Some(1), &[1, 2, 3], &[]);
        let found = found(&[1, 3], &[2], &[]);
        assert!(found.is_good_enough(&known));
        assert_eq!(found.verdict(&known), Verdict::Matches { lost: vec![2] });
    }

    #[test]
    fn a_registry_without_our_own_id_or_without_any_has_lost_its_content() {
        for (own, ids, same, missing) in [
            (Some(1), [1, 2], &[2][..], &[1][..]),
            (Some(1), [1, 2], &[], &[1, 2]),
            (None, [1, 2], &[], &[1, 2]),
        ] {
            let known = known(own, &ids, &[]);
            let found = found(same, missing, &[]);
            assert!(!found.is_good_enough(&known), "{found:?}");
            let verdict = found.verdict(&known);
            assert!(
                matches!(&verdict, Verdict::SchemasLost { reason, lost } if reason.contains("--accept-registry") && lost == missing),
                "{verdict:?}"
            );
        }
    }

    #[test]
    fn an_accepted_loss_does_not_count_unless_events_are_written_under_the_id() {
        let lost = found(&[], &[1, 2], &[]);
        assert_eq!(
            lost.verdict(&known(None, &[1, 2], &[1, 2])),
            Verdict::Matches { lost: vec![] }
        );
        let verdict = lost.verdict(&known(Some(1), &[1, 2], &[1, 2]));
        assert!(
            matches!(&verdict, Verdict::SchemasLost { lost, .. } if lost == &[1]),
            "{verdict:?}"
        );
    }

    #[test]
    fn another_meaning_of_any_id_is_another_registry() {
        let known = known(Some(1), &[1, 2], &[2]);
        let found = found(&[1], &[], &[2]);
        assert!(!found.is_good_enough(&known));
        assert!(matches!(found.verdict(&known), Verdict::Conflicts { .. }));
    }

    #[test]
    fn a_store_that_knows_nothing_trusts_any_registry() {
        let nothing = known(None, &[], &[]);
        assert!(Comparison::default().is_good_enough(&nothing));
        assert_eq!(
            Comparison::default().verdict(&nothing),
            Verdict::Matches { lost: vec![] }
        );
    }
}
