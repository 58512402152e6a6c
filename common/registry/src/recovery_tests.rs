//! When waiters are woken, and how often they probe.

use super::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Longer than any passing test waits.
const LONG: Duration = Duration::from_secs(60);
/// Within this, a registry that is back must be noticed, on a busy machine.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn all_waiters_are_woken_by_one_response() {
    let recovery = Recovery::default();
    let start = Instant::now();
    let wait = || recovery.wait(LONG, || async { Probe::Silent });
    tokio::join!(wait(), wait(), async { recovery.on_response() });
    assert!(start.elapsed() < SOON);
}

#[tokio::test]
async fn a_registry_that_is_back_is_noticed_by_one_probe_for_all() {
    let (recovery, back, probes) = (Recovery::default(), AtomicBool::new(false), AtomicUsize::new(0));
    let wait = || {
        recovery.wait(LONG, || async {
            // The first probe hangs.
            if probes.fetch_add(1, Ordering::Relaxed) == 0 {
                back.store(true, Ordering::Relaxed);
                sleep(LONG).await;
            }
            Probe::Available
        })
    };
    let start = Instant::now();
    tokio::join!(wait(), wait(), wait());
    assert!(back.into_inner() && start.elapsed() < SOON, "{:?}", start.elapsed());
    assert_eq!(probes.into_inner(), 2);
}

#[tokio::test]
async fn a_probe_that_never_fails_does_not_end_a_backoff_early() {
    let recovery = Recovery::default();
    let wait = Duration::from_millis(700);
    let start = Instant::now();
    recovery.wait(wait, || async { Probe::Available }).await;
    assert!(start.elapsed() >= wait);
}

#[tokio::test]
async fn when_the_probing_waiter_gives_up_another_one_probes() {
    let (recovery, failures) = (Recovery::default(), AtomicUsize::new(0));
    let probe = || async {
        match failures.fetch_add(1, Ordering::Relaxed) {
            0..3 => Probe::Silent,
            _ => Probe::Available,
        }
    };
    let start = Instant::now();
    tokio::join!(
        recovery.wait(Duration::from_millis(300), probe),
        recovery.wait(LONG, probe)
    );
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

/// How often a waiter that waits again and again probes within three seconds.
async fn count_probes(result: Probe) -> usize {
    let (recovery, probes) = (Recovery::default(), AtomicUsize::new(0));
    for _ in 0..3 {
        let probe = || async {
            probes.fetch_add(1, Ordering::Relaxed);
            result
        };
        // A registry that was never away wakes nobody.
        recovery.wait(Duration::from_secs(1), probe).await;
    }
    probes.into_inner()
}

#[tokio::test]
async fn what_responds_is_not_probed_faster_than_it_asks_and_what_does_not_is_probed_soon() {
    let (silent, there, busy, hurried, long_busy) = tokio::join!(
        count_probes(Probe::Silent),
        count_probes(Probe::Available),
        count_probes(Probe::Busy(None)),
        count_probes(Probe::Busy(Some(Duration::ZERO))),
        count_probes(Probe::Busy(Some(Duration::from_secs(30)))),
    );
    assert!(
        silent > 2 && there <= 2 && busy <= 2 && hurried <= 2,
        "{silent} {there} {busy} {hurried}"
    );
    assert_eq!(long_busy, 1);
}
