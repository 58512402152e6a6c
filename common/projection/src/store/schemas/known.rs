//! Which schema ids are known, and forgetting those that nothing depends on.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use anyhow::Context;

use super::own::OWN;
use super::{GUID_NUMBER, Schemas};
use crate::store::{RowChange, StoreError};

/// Key of the ids whose loss an operator has accepted.
const ACCEPTED: &[u8] = b"accepted-schemas";

/// The schema ids that a store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownSchemas {
    /// The id under which events are written, if our schema was registered.
    pub own: Option<u32>,
    /// All of them, ascending.
    pub ids: Vec<u32>,
    /// Those that the registry may have lost: an operator has accepted it.
    pub accepted: BTreeSet<u32>,
}

impl Schemas {
    /// The schema ids that were seen; schemas known only by a GUID are not among them.
    ///
    /// # Errors
    /// The disk fails.
    pub fn known(&self) -> Result<KnownSchemas, StoreError> {
        let mut ids = Vec::new();
        for key in self.table.keys()? {
            let id = key.as_slice().try_into().context("decoding a schema's key")?;
            ids.push(u32::from_be_bytes(id));
        }
        ids.retain(|id| *id < GUID_NUMBER);
        Ok(KnownSchemas {
            own: self.last_own_id()?,
            ids,
            accepted: self.accepted()?,
        })
    }

    fn accepted(&self) -> Result<BTreeSet<u32>, StoreError> {
        let value = self.meta.get(ACCEPTED)?;
        let ids = value.map(|value| serde_json::from_slice(&value).context("decoding the accepted schema ids"));
        Ok(ids.transpose()?.unwrap_or_default())
    }

    /// Forgets what those ids mean, so that they can be learned again. Nothing may depend on them.
    ///
    /// # Errors
    /// The disk fails.
    pub fn forget(&self, ids: &BTreeSet<u32>) -> Result<(), StoreError> {
        let _learning = self.learning.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changes: Vec<RowChange> = ids.iter().map(|id| self.table.remove(&id.to_be_bytes())).collect();
        if self.last_own_id()?.is_some_and(|own| ids.contains(&own)) {
            changes.push(self.meta.remove(OWN));
        }
        self.table.commit(&changes)?;
        self.resolved.retain(|id| !ids.contains(id));
        Ok(())
    }

    /// Notes that the registry may have lost those ids. Their meaning is kept, so that their records are read as
    /// before; no new event is written under them.
    ///
    /// # Errors
    /// The disk fails.
    pub fn accept_loss(&self, ids: &BTreeSet<u32>) -> Result<(), StoreError> {
        let accepted: BTreeSet<u32> = self.accepted()?.union(ids).copied().collect();
        let value = serde_json::to_vec(&accepted).context("encoding the accepted schema ids")?;
        let mut changes = vec![self.meta.put(ACCEPTED, value)];
        if self.last_own_id()?.is_some_and(|own| ids.contains(&own)) {
            changes.push(self.meta.remove(OWN));
        }
        self.meta.commit(&changes)
    }
}
