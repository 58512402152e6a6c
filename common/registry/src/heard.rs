//! Waiting for a registry that does not answer, without waiting longer than it takes: whoever waits is woken as soon as
//! any call has been answered, and meanwhile one of all who wait tries something small every now and then.

use std::future::Future;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Registry;
use super::answer::parsed;
use super::question::Question;

/// Between two probes, at least and at most: with [`PROBE_TIMEOUT`] a registry that is back is noticed within a second.
const PROBE_EVERY_MS: std::ops::Range<u64> = 200..400;
/// The same where something answers, which more questions would not help.
const ANSWERED_EVERY: Duration = Duration::from_secs(2);
/// How long one may take. A registry that is only slow is given its time by the calls that wait for it.
const PROBE_TIMEOUT: Duration = Duration::from_millis(600);

/// How long a question may hang before it is looked whether the registry answers others.
const HANGS: Duration = Duration::from_secs(1);

/// What a probe has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Probe {
    /// A registry.
    There,
    /// Nobody who answers.
    Silent,
    /// An answer that is none, and how long it asks not to be asked.
    Busy(Option<Duration>),
}

/// What the probes have found so far.
#[derive(Debug, Default)]
struct Probes {
    /// The last one failed.
    failed: bool,
    /// The next one may not come before.
    not_before: Option<Instant>,
}

/// How long to wait between two tries, ever longer and at most so long. It never ends.
pub fn backoff(longest: Duration) -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(longest)
        .with_jitter()
        .without_max_times()
        .build()
}

/// Who waits for an answer.
#[derive(Debug, Default)]
pub(super) struct Heard {
    answered: Notify,
    /// A probe has succeeded after one that failed.
    returned: Notify,
    /// Held by the one who probes.
    probing: Mutex<Probes>,
}

impl Heard {
    /// Wakes all who back off.
    pub fn answered(&self) {
        self.answered.notify_waiters();
    }

    /// Waits so long, or until an answer has come, or until the registry has returned.
    async fn wait<P: Future<Output = Probe>>(&self, longest: Duration, probe: impl Fn() -> P) {
        let answered = self.answered.notified();
        tokio::pin!(answered);
        // From here on, also when it is polled last.
        answered.as_mut().enable();
        tokio::select! {
            () = sleep(longest) => {}
            () = answered => {}
            () = self.returned(probe) => {}
        }
    }

    /// Waits until `probe` succeeds after it has failed: one that never failed says nothing of why other questions do.
    /// One of those who wait probes for all.
    async fn returned<P: Future<Output = Probe>>(&self, probe: impl Fn() -> P) {
        let returned = self.returned.notified();
        tokio::pin!(returned);
        returned.as_mut().enable();
        let probing = async {
            let mut probes = self.probing.lock().await;
            loop {
                sleep(Duration::from_millis(fastrand::u64(PROBE_EVERY_MS))).await;
                if let Some(not_before) = probes.not_before {
                    sleep_until(not_before).await;
                }
                let found = timeout(PROBE_TIMEOUT, probe()).await.unwrap_or(Probe::Silent);
                probes.not_before = match found {
                    Probe::Silent => None,
                    Probe::There | Probe::Busy(None) => Some(Instant::now() + ANSWERED_EVERY),
                    Probe::Busy(Some(after)) => Some(Instant::now() + after.max(ANSWERED_EVERY)),
                };
                let succeeded = found == Probe::There;
                if std::mem::replace(&mut probes.failed, !succeeded) && succeeded {
                    self.returned.notify_waiters();
                    return;
                }
            }
        };
        tokio::select! {
            () = returned => {}
            () = probing => {}
        }
    }
}

impl Registry {
    /// Waits before a question that was not answered is put again: so long at the most, and not longer than a second after
    /// the registry is back, or, where something answered in its place, not much longer than that asked for. For everybody who backs off from it.
    pub async fn back_off(&self, longest: Duration) {
        self.heard.wait(longest, || self.probe()).await;
    }

    /// Waits beside a question that hangs, until it is worth putting it anew: the registry was away and has returned, which
    /// the question's connection may not know.
    pub async fn returned(&self) {
        sleep(HANGS).await;
        self.heard.returned(|| self.probe()).await;
    }

    /// Whether a registry answers there.
    pub(super) async fn is_there(&self) -> bool {
        self.probe().await == Probe::There
    }

    /// Puts a question that each can answer, about nothing in particular.
    async fn probe(&self) -> Probe {
        let question = Question::get("/schemas/types".to_owned(), &[]);
        match self.exchange.ask(&question, parsed::<Vec<String>>).await {
            Ok(_) => Probe::There,
            Err(outage) if outage.is_of_http() => Probe::Busy(outage.retry_after()),
            Err(_) => Probe::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;

    /// Longer than any test waits when it holds.
    const LONG: Duration = Duration::from_secs(60);
    /// What a registry that is back must be noticed within, on a busy machine.
    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn all_who_wait_are_woken_by_one_answer() {
        let heard = Heard::default();
        let begun = Instant::now();
        let wait = || heard.wait(LONG, || async { Probe::Silent });
        tokio::join!(wait(), wait(), async { heard.answered() });
        assert!(begun.elapsed() < SOON);
    }

    #[tokio::test]
    async fn a_registry_that_is_back_is_noticed_by_one_probe_for_all() {
        let (heard, back, probes) = (Heard::default(), AtomicBool::new(false), AtomicUsize::new(0));
        let wait = || {
            heard.wait(LONG, || async {
                // It hangs until it is back.
                if probes.fetch_add(1, Ordering::Relaxed) == 0 {
                    back.store(true, Ordering::Relaxed);
                    sleep(LONG).await;
                }
                Probe::There
            })
        };
        let begun = Instant::now();
        tokio::join!(wait(), wait(), wait());
        assert!(back.into_inner() && begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert_eq!(probes.into_inner(), 2);
    }

    #[tokio::test]
    async fn a_probe_that_never_fails_wakes_nobody_before_the_time() {
        let heard = Heard::default();
        let wait = Duration::from_millis(700);
        let begun = Instant::now();
        heard.wait(wait, || async { Probe::There }).await;
        assert!(begun.elapsed() >= wait);
    }

    #[tokio::test]
    async fn when_the_one_who_probes_has_waited_long_enough_another_probes() {
        let (heard, failures) = (Heard::default(), AtomicUsize::new(0));
        let probe = || async {
            match failures.fetch_add(1, Ordering::Relaxed) {
                0..3 => Probe::Silent,
                _ => Probe::There,
            }
        };
        let begun = Instant::now();
        tokio::join!(heard.wait(Duration::from_millis(300), probe), heard.wait(LONG, probe));
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }

    /// How often it is probed within three seconds by one who waits again and again.
    async fn probes(found: Probe) -> usize {
        let (heard, probes) = (Heard::default(), AtomicUsize::new(0));
        for _ in 0..3 {
            let probe = || async {
                probes.fetch_add(1, Ordering::Relaxed);
                found
            };
            // What is always there has never been away, and wakes nobody.
            heard.wait(Duration::from_secs(1), probe).await;
        }
        probes.into_inner()
    }

    #[tokio::test]
    async fn what_answers_is_not_asked_faster_than_it_says_and_what_does_not_is_asked_soon() {
        let (silent, there, busy, hurried, for_long) = tokio::join!(
            probes(Probe::Silent),
            probes(Probe::There),
            probes(Probe::Busy(None)),
            probes(Probe::Busy(Some(Duration::ZERO))),
            probes(Probe::Busy(Some(Duration::from_secs(30)))),
        );
        assert!(
            silent > 2 && there <= 2 && busy <= 2 && hurried <= 2,
            "{silent} {there} {busy} {hurried}"
        );
        assert_eq!(for_long, 1);
    }
}
