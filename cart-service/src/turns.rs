//! Requests for one order, or with one key, take turns inside an instance, so that they do not lose races against each
//! other. Between instances the log decides.

use std::hash::{BuildHasher, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// How many turns can be taken at once. Names that share one only wait a little for each other.
const STRIPES: usize = 16_384;

/// One queue per stripe of names: bounded memory, whatever names come.
pub struct StripedLocks {
    hasher: RandomState,
    stripes: Vec<Mutex<()>>,
}

impl StripedLocks {
    /// Free turns.
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Waits for that name's turn; it lasts until the guard is dropped. The guard is meant to be held while waiting for
    /// the broker: that is what taking turns is.
    pub async fn turn(&self, name: &str) -> MutexGuard<'_, ()> {
        let stripe = usize::try_from(self.hasher.hash_one(name) % STRIPES as u64).unwrap_or(0);
        self.stripes[stripe].lock().await
    }
}
