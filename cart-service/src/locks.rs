//! Requests for one order take turns inside an instance, so that they do not lose races against each other. Between
//! instances the log decides.

use std::hash::{BuildHasher, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// How many turns can be taken at once. Orders that share one only wait a little for each other.
const STRIPES: usize = 1024;

/// One queue per stripe of order ids: bounded memory, whatever ids come.
pub struct OrderLocks {
    hasher: RandomState,
    stripes: Vec<Mutex<()>>,
}

impl OrderLocks {
    /// Free locks.
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Waits for the order's turn; it lasts until the guard is dropped. The guard is meant to be held while waiting for
    /// the broker: that is what taking turns is.
    pub async fn turn(&self, order_id: &str) -> MutexGuard<'_, ()> {
        let stripe = usize::try_from(self.hasher.hash_one(order_id) % STRIPES as u64).unwrap_or(0);
        self.stripes[stripe].lock().await
    }
}
