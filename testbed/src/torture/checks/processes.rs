//! What became of the processes.

use super::super::history::How;
use super::{Case, Findings};

/// Longest that SIGTERM may take to end a service, in milliseconds.
const ENDING: u64 = 10_000;

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

/// No process ended by itself, and each service that was asked to end did, with 0 and in time.
pub fn end_as_they_should(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for ending in &case.run.endings {
        let (process, at) = (&ending.process, ending.at / 1000);
        findings.look(match &ending.how {
            How::Killed => None,
            // The servers are not what is tried here.
            How::Terminated(ms) if *ms <= ENDING || !process.contains("service") => None,
            How::Terminated(ms) => Some(format!("{process} took {ms} ms to end, at {at} ms")),
            How::Wrongly(how) => Some(format!("{process} ended at {at} ms: {how}")),
        });
    }
    findings
}
