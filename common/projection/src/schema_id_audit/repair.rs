//! Ids that may be forgotten. Earlier releases registered with whatever registry answered and kept the id that it
//! assigned; if that was the wrong registry even once, the id conflicts with the right one permanently. The topic shows
//! which registry is the right one: the one that knows the ids that orders were written under. And an operator may
//! declare the registry's current content to be the truth.

use std::collections::BTreeSet;

use super::comparison::Comparison;
use super::round::History;
use super::{AuditError, SchemaIdAudit};
use crate::store::{KnownSchemas, Store, StoreError};

/// What to do about ids on which the registry and the store disagree.
#[derive(Debug, Default, PartialEq, Eq)]
struct Repair {
    /// Their meaning is forgotten.
    forget: BTreeSet<u32>,
    /// Their loss is accepted.
    accept: BTreeSet<u32>,
}

impl SchemaIdAudit {
    /// Forgets ids that nothing depends on. Returns whether the store has changed.
    ///
    /// # Errors
    /// When the disk fails.
    pub(super) async fn repair(
        &self,
        history: &mut History,
        known: &KnownSchemas,
        found: &Comparison,
    ) -> Result<bool, AuditError> {
        let suspect = known.own.filter(|own| found.is_suspect(*own));
        let worth_it = history.accept || suspect.is_some_and(|own| history.in_use != Some(own));
        // An id without an answer may or may not be missing.
        let all_answered = found.unanswered.is_empty();
        if !worth_it || !all_answered {
            return Ok(false);
        }
        let (repair, in_use) = repair(&self.0.store, known, found, history.accept).await?;
        history.accept = false;
        history.in_use = suspect.filter(|own| in_use.contains(own));
        if !repair.forget.is_empty() {
            tracing::warn!(
                schema.ids = ?repair.forget,
                "forgot schema ids from another registry; no order was written under them"
            );
        }
        if !repair.accept.is_empty() {
            tracing::warn!(
                schema.ids = ?repair.accept,
                "schema ids accepted as lost; readers that do not know them cannot decode their records"
            );
        }
        Ok(repair != Repair::default())
    }
}

async fn repair(
    store: &Store,
    known: &KnownSchemas,
    found: &Comparison,
    accept: bool,
) -> Result<(Repair, BTreeSet<u32>), StoreError> {
    let in_use = store.schema_ids_in_use().await?;
    let has_read = store.partitions().await?.values().any(|row| row.next > 0);
    let repair = decide(known, found, &in_use, has_read, accept);
    if !repair.forget.is_empty() {
        let ids = repair.forget.clone();
        store.with_schemas(move |schemas| schemas.forget(&ids)).await?;
    }
    if !repair.accept.is_empty() {
        let ids = repair.accept.clone();
        store.with_schemas(move |schemas| schemas.accept_loss(&ids)).await?;
    }
    Ok((repair, in_use))
}

/// What may be forgotten or accepted. `in_use`: the ids that orders were written under; `has_read`: whether any record was
/// read into the store. Pure.
fn decide(known: &KnownSchemas, found: &Comparison, in_use: &BTreeSet<u32>, has_read: bool, accept: bool) -> Repair {
    if accept {
        let forget: BTreeSet<u32> = found.different.difference(in_use).copied().collect();
        let accept = found.missing.difference(&known.accepted).copied();
        let accept = accept.chain(known.own.filter(|own| found.missing.contains(own)));
        return Repair {
            forget,
            accept: accept.collect(),
        };
    }
    let is_the_right_one = !has_read || found.same.iter().any(|id| in_use.contains(id));
    let own = known.own.filter(|own| found.is_suspect(*own) && !in_use.contains(own));
    // If another id conflicts as well, it is another registry.
    let alone = found.different.iter().all(|id| Some(*id) == own);
    Repair {
        forget: own.filter(|_| is_the_right_one && alone).into_iter().collect(),
        accept: BTreeSet::new(),
    }
}

impl Comparison {
    /// Whether the registry and the store disagree on that id.
    fn is_suspect(&self, id: u32) -> bool {
        self.missing.contains(&id) || self.different.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u32]) -> BTreeSet<u32> {
        ids.iter().copied().collect()
    }

    fn found(same: &[u32], missing: &[u32], other: &[u32]) -> Comparison {
        Comparison {
            same: set(same),
            missing: set(missing),
            different: set(other),
            unanswered: BTreeSet::new(),
        }
    }

    /// What is forgotten of a store that knows 4, 5 and 9, and was last registered as 9.
    fn forgotten(found: &Comparison, in_use: &[u32], has_read: bool) -> Vec<u32> {
        let known = KnownSchemas {
            own: Some(9),
            ids: vec![4, 5, 9],
            accepted: BTreeSet::new(),
        };
        let repair = decide(&known, found, &set(in_use), has_read, false);
        assert_eq!(repair.accept, set(&[]), "only an operator accepts a loss");
        repair.forget.into_iter().collect()
    }

    #[test]
    fn an_id_of_a_wrong_registry_is_forgotten_once_the_right_one_is_back() {
        for found in [found(&[4, 5], &[], &[9]), found(&[4, 5], &[9], &[])] {
            assert_eq!(forgotten(&found, &[4], true), [9]);
        }
        // The wrong registry came first, and nothing has been read yet.
        assert_eq!(forgotten(&found(&[], &[9], &[]), &[], false), [9]);
    }

    #[test]
    fn an_id_that_orders_were_written_under_is_never_forgotten() {
        for found in [found(&[4, 5], &[], &[9]), found(&[4, 5], &[9], &[])] {
            assert_eq!(forgotten(&found, &[4, 9], true), [0; 0]);
        }
    }

    #[test]
    fn nothing_is_forgotten_at_a_registry_that_may_be_the_wrong_one() {
        assert_eq!(
            forgotten(&found(&[5], &[4], &[9]), &[4], true),
            [0; 0],
            "no order vouches for it"
        );
        assert_eq!(
            forgotten(&found(&[4], &[], &[5, 9]), &[4], true),
            [0; 0],
            "another id is contradicted"
        );
        assert_eq!(forgotten(&found(&[4, 5, 9], &[], &[]), &[4], true), [0; 0], "it agrees");
    }

    #[test]
    fn what_an_operator_accepts_is_lost_and_what_orders_need_is_kept() {
        let known = KnownSchemas {
            own: Some(1),
            ids: vec![1, 2, 3, 4],
            accepted: set(&[2]),
        };
        let repair = decide(&known, &found(&[], &[1, 2], &[3, 4]), &set(&[3]), true, true);
        assert_eq!((repair.forget, repair.accept), (set(&[4]), set(&[1])));
    }
}
