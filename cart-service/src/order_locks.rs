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

    /// Locks the name until the guard is dropped; waiters get it in order of arrival. The guard may be held while waiting for
    /// the broker.
    pub async fn lock(&self, name: &str) -> MutexGuard<'_, ()> {
        let stripe = usize::try_from(self.hasher.hash_one(name) % STRIPES as u64).unwrap_or(0);
        self.stripes[stripe].lock().await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_name_is_locked_until_its_guard_is_dropped() {
        let locks = StripedLocks::new();
        let guard = locks.lock("ORD-1").await;
        let waiting = timeout(Duration::from_millis(5), locks.lock("ORD-1")).await;
        assert!(waiting.is_err(), "it is locked");
        drop(guard);
        drop(locks.lock("ORD-1").await);
    }
}
