//! Locks by name, so that requests for one order, or with one key, do not race each other within an instance. Between
//! instances the log decides.

use std::hash::{BuildHasher, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// Number of locks. Names that share one merely wait for each other a little.
const STRIPES: usize = 16_384;

/// One lock per stripe of names: bounded memory, whatever the names.
pub struct StripedLocks {
    hasher: RandomState,
    stripes: Vec<Mutex<()>>,
}

impl StripedLocks {
    /// All unlocked.
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Locks that name, in order of arrival, until the guard is dropped. The guard is meant to be held while waiting for the
    /// broker.
    pub async fn lock(&self, name: &str) -> MutexGuard<'_, ()> {
        let stripe = usize::try_from(self.hasher.hash_one(name) % STRIPES as u64).unwrap_or(0);
        self.stripes[stripe].lock().await
    }
}
