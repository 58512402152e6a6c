//! A summary of the run and what the checks found, in Markdown, ready to be pasted into a document.

use std::collections::BTreeMap;
use std::path::Path;

use crate::checks::{Findings, Run};
use crate::faults::Fault;
use crate::fold::is_barrier;
use crate::history::{Class, EndKind};

/// How many findings are printed for each check; all of them are in `findings.txt`.
const EXAMPLES: usize = 3;

/// Prints the report, and keeps every finding. Returns whether all checks hold; with `chosen` faults some may have
/// nothing to check.
pub fn print(title: &str, chosen: bool, run: &Run, kept: &Path) -> bool {
    println!("{title} {}\n", summary(run));
    println!("{}\n", faults(run));
    println!("| check | looked at | result |\n|---|---:|---|");
    let (mut holds, mut all) = (true, String::new());
    for ((name, things, _), findings) in run.check() {
        println!("| {name} | {} {things} | {} |", findings.checked, result(&findings));
        holds &= findings.hold(chosen);
        all.extend(findings.wrong.iter().map(|wrong| format!("{name}: {wrong}\n")));
    }
    if let Err(error) = std::fs::write(kept.join("findings.txt"), all) {
        eprintln!("torture: cannot write the findings: {error}");
    }
    eprintln!("torture: results are in {}", kept.display());
    holds
}

fn result(findings: &Findings) -> String {
    if findings.wrong.is_empty() {
        let nothing = findings.checked == 0;
        return if nothing { "**nothing to check**" } else { "ok" }.to_owned();
    }
    let examples: Vec<&str> = findings.wrong.iter().take(EXAMPLES).map(String::as_str).collect();
    // A pipe character or a line break would end the cell.
    let examples = examples.join("; ").replace('|', "/").replace('\n', " ");
    format!("**FAILED**, {}: {examples}", findings.wrong.len())
}

fn summary(run: &Run) -> String {
    let of = |class| {
        run.history
            .iter()
            .filter(|op| op.class == class && op.is_write())
            .count()
    };
    let (ok, fail, unknown) = (of(Class::Ok), of(Class::Fail), of(Class::Unknown));
    let reads = run.history.iter().filter(|op| !op.is_write()).count();
    let replayed = run.history.iter().filter(|op| op.replayed).count();
    let killed = run
        .endings
        .iter()
        .filter(|ending| ending.how == EndKind::Killed)
        .count();
    let recovery = run
        .rounds
        .iter()
        .filter_map(|round| Some(round.settled.as_ref().ok()? - round.healed));
    let mut recovery: Vec<u64> = recovery.map(|micros| micros / 1000).collect();
    recovery.sort_unstable();
    let median = recovery.get(recovery.len() / 2).copied().unwrap_or(0);
    let max = recovery.last().copied().unwrap_or(0);
    let records = run.evidence.records.len();
    let barriers = run.evidence.records.iter().filter(|record| is_barrier(record)).count();
    format!(
        "{ok} writes acknowledged ({replayed} of them again), {fail} refused, {unknown} unknown; {reads} reads; {records} \
         records ({barriers} of them barriers), {} dead letters; {killed} kills. From healed to ready and without lag: median {median} ms, \
         maximum {max} ms.",
        run.evidence.dead_letters.len()
    )
}

/// How often each fault was injected.
fn faults(run: &Run) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for fault in run.rounds.iter().flat_map(|round| &round.faults) {
        *counts.entry(Fault::kind(fault)).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    format!("Faults: {}.", counts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_looked_at_nothing_says_so_and_fails_unless_faults_were_selected() {
        let of = |checked, wrong: &[&str]| Findings {
            checked,
            wrong: wrong.iter().map(|wrong| (*wrong).to_owned()).collect(),
        };
        let seen = |findings: Findings| (result(&findings), findings.hold(false), findings.hold(true));
        assert_eq!(seen(of(3, &[])), ("ok".to_owned(), true, true));
        assert_eq!(seen(of(0, &[])), ("**nothing to check**".to_owned(), false, true));
        assert_eq!(seen(of(3, &["a|b"])), ("**FAILED**, 1: a/b".to_owned(), false, false));
    }
}
