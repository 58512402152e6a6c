//! The keyspaces of the tables that are open.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use fjall::Keyspace;

use crate::store::TableName;

/// The keyspaces of the tables that were opened, by name: to look one up in the database for every row takes longer than to
/// write it. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Keyspaces(Arc<RwLock<HashMap<&'static str, Keyspace>>>);

impl Keyspaces {
    /// Those that are open. No table can be opened meanwhile.
    pub fn open(&self) -> RwLockReadGuard<'_, HashMap<&'static str, Keyspace>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the one of a table that was just opened.
    pub fn add(&self, name: TableName, keyspace: &Keyspace) {
        let mut open = self.0.write().unwrap_or_else(PoisonError::into_inner);
        open.insert(name.0, keyspace.clone());
    }
}
