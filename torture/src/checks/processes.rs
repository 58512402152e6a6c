//! How the processes ended.

use super::{Case, Findings};
use crate::faults::Fault;
use crate::history::EndKind;

/// Maximum time that a service may take to exit after SIGTERM, in milliseconds. Its own timeout is 9,500; the rest is
/// for the shell that sends the signal, polling every 20 ms, and a busy machine.
const MAX_EXIT_MS: u64 = 11_000;

/// After each round everything was ready and without lag again.
pub fn lag_returns(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for round in &case.run.rounds {
        let faults: Vec<String> = round.faults.iter().map(|fault| fault.kind()).collect();
        let (faults, at) = (faults.join(", "), round.healed / 1000);
        findings.look(
            round
                .settled
                .as_ref()
                .err()
                .map(|seen| format!("healed at {at} ms ({faults}): {seen}")),
        );
    }
    findings
}

/// Whether the disk was full in the round at that time or in the one before: an exit is noticed at the end of the next
/// round at the latest.
fn was_disk_full(case: &Case<'_>, at: u64) -> bool {
    let begun = case.run.rounds.iter().take_while(|round| round.begun <= at);
    let mut last = begun.collect::<Vec<_>>().into_iter().rev().take(2);
    last.any(|round| round.faults.contains(&Fault::FillDisk))
}

/// No process ended on its own (except one whose store failed in the middle of a write on a full disk), and each service
/// that was told to end did so with 0 and in time.
pub fn end_as_they_should(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for ending in &case.run.endings {
        let (process, at) = (&ending.process, ending.at / 1000);
        findings.look(match &ending.how {
            EndKind::Killed => None,
            // The servers are not under test.
            EndKind::Terminated(ms) if *ms <= MAX_EXIT_MS || !process.contains("service") => None,
            EndKind::Terminated(ms) => Some(format!("{process} took {ms} ms to end, at {at} ms")),
            EndKind::GaveUp if was_disk_full(case, ending.at) => None,
            EndKind::GaveUp => Some(format!(
                "{process} ended on its own at {at} ms, although its disk had space"
            )),
            EndKind::Wrongly(how) => Some(format!("{process} ended at {at} ms: {how}")),
        });
    }
    findings
}
