//! Partitions with too many dead letters.

use super::{Case, Findings};

/// Such a partition is paused before the last of them, is paused at the same record after order-service was killed, and is
/// read to its end after the resume.
pub fn pause_until_resumed(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for flood in &case.run.floods {
        let wrong = match (flood.paused, flood.after_kill) {
            (None, _) => Some("was not paused"),
            (Some(paused), _) if paused >= flood.end => Some("was read to its end"),
            (paused, after) if paused != after => Some("was not paused at the same record after a kill"),
            _ if flood.resumed != [flood.partition] => Some("was not resumed"),
            _ if flood.reached < flood.end => Some("was not read on after the resume"),
            _ => None,
        };
        findings.look(wrong.map(|wrong| {
            format!(
                "partition {} had too many dead letters and {wrong}: {flood:?}",
                flood.partition
            )
        }));
    }
    findings
}
