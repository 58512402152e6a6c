//! Waiting for a registry that does not respond, no longer than necessary: a successful call wakes all waiters, and
//! meanwhile one of them probes on behalf of all.

use std::future::Future;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Shortest and longest pause between two probes: with [`PROBE_TIMEOUT`], a registry that is back is noticed within a second.
const PROBE_INTERVAL_MS: std::ops::Range<u64> = 200..400;
/// The same where something responds: more requests would not help it.
const INTERVAL_AFTER_RESPONSE: Duration = Duration::from_secs(2);
/// For one probe. A registry that is merely slow gets its time from the calls that wait for it.
const PROBE_TIMEOUT: Duration = Duration::from_millis(600);

/// Pauses between retries: exponential with jitter, up to `longest`. It never ends.
pub fn backoff(longest: Duration) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(longest)
        .with_jitter()
        .without_max_times()
        .build()
}

/// The result of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A registry.
    Available,
    /// No response.
    Silent,
    /// An HTTP response that is of no use, and its `Retry-After`.
    Busy(Option<Duration>),
}

/// The state that probes share.
#[derive(Debug, Default)]
struct Probes {
    last_failed: bool,
    /// No probe before this.
    not_before: Option<Instant>,
}

impl Probes {
    /// Takes in a result. Returns whether the registry is back.
    fn on_result(&mut self, probe: Probe) -> bool {
        self.not_before = match probe {
            Probe::Silent => None,
            Probe::Available | Probe::Busy(None) => Some(Instant::now() + INTERVAL_AFTER_RESPONSE),
            Probe::Busy(Some(after)) => Some(Instant::now() + after.max(INTERVAL_AFTER_RESPONSE)),
        };
        let succeeded = probe == Probe::Available;
        let is_back = self.last_failed && succeeded;
        self.last_failed = !succeeded;
        is_back
    }
}

/// Those who wait for the registry.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    responded: Notify,
    /// A probe has succeeded after one that failed.
    recovered: Notify,
    /// Held by the waiter that probes.
    probing: Mutex<Probes>,
}

impl Recovery {
    /// Wakes all waiters: a call has succeeded.
    pub fn on_response(&self) {
        self.responded.notify_waiters();
    }

    /// Waits for `longest`, or until a call succeeds, or until the registry is back.
    pub async fn wait<P: Future<Output = Probe>>(&self, longest: Duration, probe: impl Fn() -> P) {
        let responded = self.responded.notified();
        tokio::pin!(responded);
        // Registers now, even if it is polled last.
        responded.as_mut().enable();
        tokio::select! {
            () = sleep(longest) => {}
            () = responded => {}
            () = self.recovered(probe) => {}
        }
    }

    /// Waits until a probe succeeds after one has failed: a probe that never fails says nothing about why other requests
    /// do. One waiter probes for all.
    pub async fn recovered<P: Future<Output = Probe>>(&self, probe: impl Fn() -> P) {
        let recovered = self.recovered.notified();
        tokio::pin!(recovered);
        recovered.as_mut().enable();
        tokio::select! {
            () = recovered => {}
            () = self.probe_until_recovered(probe) => self.recovered.notify_waiters(),
        }
    }

    async fn probe_until_recovered<P: Future<Output = Probe>>(&self, probe: impl Fn() -> P) {
        let mut probes = self.probing.lock().await;
        loop {
            sleep(Duration::from_millis(fastrand::u64(PROBE_INTERVAL_MS))).await;
            if let Some(not_before) = probes.not_before {
                sleep_until(not_before).await;
            }
            let result = timeout(PROBE_TIMEOUT, probe()).await.unwrap_or(Probe::Silent);
            if probes.on_result(result) {
                return;
            }
        }
    }
}

#[cfg(test)]
#[path = "recovery_tests.rs"]
mod tests;
