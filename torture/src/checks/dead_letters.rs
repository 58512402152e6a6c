//! The dead letters, compared with the invalid records.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Findings};
use crate::cluster::TOPIC;
use crate::faults::{Fault, Target};
use crate::fold::{JudgedRecord, Outcome};
use testbed::log::Record;

/// Headers that a dead letter may add to those of its record.
const ADDED: [&str; 3] = ["__connect.errors.", "kafka_dlt-", "orderlog."];

/// Maximum number of additional copies of a dead letter.
const MAX_EXTRA_COPIES: usize = 4;

/// The invalid records, by the value of `orderlog.at` that they must get.
fn invalid<'a>(case: &'a Case<'_>) -> BTreeMap<String, (&'a JudgedRecord<'a>, &'static str)> {
    let coded = |judged: &'a JudgedRecord<'a>| match judged.outcome {
        Outcome::Invalid(code) => Some((judged, code)),
        _ => None,
    };
    let coded = case.reference.judged.iter().filter_map(coded);
    coded
        .map(|(judged, code)| (at(judged.record.place()), (judged, code)))
        .collect()
}

fn at((partition, offset): (i32, i64)) -> String {
    format!("{TOPIC}-{partition}-{offset}")
}

/// Each invalid record was written by the nemesis and has a dead letter with its bytes and headers; each dead letter
/// has such a record.
pub fn are_the_poisoned_records(case: &Case<'_>) -> Findings {
    let (mut findings, invalid) = (Findings::default(), invalid(case));
    let poisoned: Vec<_> = case.run.injected.iter().filter(|injected| injected.poisoned).collect();
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for dead_letter in &case.run.evidence.dead_letters {
        let named = dead_letter.header("orderlog.at");
        let wrong = invalid.get(&named).map_or_else(
            || Some(format!("is of {named}, which is usable")),
            |(judged, code)| difference(dead_letter, judged.record, code),
        );
        findings
            .wrong
            .extend(wrong.map(|wrong| format!("the dead letter at {:?} {wrong}", dead_letter.place())));
        *copies.entry(named).or_default() += 1;
    }
    for (named, (judged, code)) in &invalid {
        let (record, count) = (judged.record, copies.get(named).copied().unwrap_or(0));
        let ours = poisoned.iter().find(|injected| {
            (&injected.key, &injected.value, &injected.headers) == (&record.key, &record.value, &record.headers)
        });
        findings.look(match (ours, count) {
            (None, _) => Some(format!(
                "the record {named} is invalid ({code}), and the nemesis did not write it"
            )),
            (_, 0) => Some(format!(
                "the record {named} is invalid ({code}), and has no dead letter"
            )),
            (_, 1) => None,
            // A copy may be in flight when its sender or the broker dies.
            (Some(injected), _) if count <= 1 + interruptions(case, injected.at) => None,
            _ => Some(format!("the record {named} has {count} dead letters")),
        });
    }
    for injected in &poisoned {
        let landed = injected.place.filter(|place| !invalid.contains_key(&at(*place)));
        findings
            .wrong
            .extend(landed.map(|place| format!("the poisoned record at {place:?} ({}) is usable", injected.kind)));
    }
    findings
}

/// How a dead letter differs from its record.
fn difference(dead_letter: &Record, record: &Record, code: &str) -> Option<String> {
    let own = record.headers.len();
    let added = dead_letter.headers.get(own..).unwrap_or_default();
    let is_ours = |name: &str| ADDED.iter().any(|prefix| name.starts_with(prefix));
    let named = at(record.place());
    let once = added.iter().filter(|(name, _)| name == "orderlog.at").count() == 1;
    let same = [
        ("key", dead_letter.key == record.key),
        ("value", dead_letter.value == record.value),
        ("headers", dead_letter.headers.get(..own) == Some(&record.headers[..])),
        ("added headers", added.iter().all(|(name, _)| is_ours(name)) && once),
        ("orderlog.code", dead_letter.header("orderlog.code") == code),
        ("orderlog.id", dead_letter.header("orderlog.id") == named),
    ];
    let (what, _) = same.into_iter().find(|(_, same)| !same)?;
    Some(format!(
        "has a different {what} than the record {named} ({code}): {dead_letter:?} instead of {record:?}"
    ))
}

/// How often something happened that can leave a copy of a dead letter in flight, in the round in which its record was
/// written: no later round begins before every dead letter of this one exists and was read.
fn interruptions(case: &Case<'_>, at: u64) -> usize {
    let interrupts = |fault: &&Fault| match fault {
        Fault::Kill(Target::Order) | Fault::Suspend(Target::Order) | Fault::Terminate(Target::Order) => true,
        // A dead letter whose acknowledgment is missing, or whose record is not stored as read, is sent again.
        Fault::FillDisk => true,
        _ => fault.silences_a_broker(),
    };
    let its_own = case.run.rounds.iter().filter(|round| round.meets(at, at));
    let count = its_own.flat_map(|round| &round.faults).filter(interrupts).count();
    count.min(MAX_EXTRA_COPIES)
}

/// order-service lists and counts every invalid record exactly once.
pub fn are_listed_once(case: &Case<'_>) -> Findings {
    let (mut findings, invalid, evidence) = (Findings::default(), invalid(case), &case.run.evidence);
    let named: BTreeSet<String> = evidence
        .dead_letters
        .iter()
        .map(|dead_letter| dead_letter.header("orderlog.at"))
        .collect();
    let mut origins = BTreeSet::new();
    for dead_letter in &evidence.listed {
        let origin = dead_letter
            .origin
            .as_ref()
            .map(|origin| at((origin.partition, origin.offset)))
            .unwrap_or_default();
        let wrong = if !named.contains(&origin) {
            Some("has no dead letter")
        } else if invalid
            .get(&origin)
            .is_some_and(|(_, code)| dead_letter.code.as_deref() != Some(code))
        {
            Some("has a different code")
        } else {
            (!origins.insert(origin.clone())).then_some("is listed twice")
        };
        findings.look(wrong.map(|wrong| format!("the listed dead letter {} of {origin} {wrong}", dead_letter.id)));
    }
    let (counted, listed, coded) = (
        evidence.dlq.count,
        evidence.listed.len(),
        evidence.dlq.by_code.values().sum::<u64>(),
    );
    if [counted, listed as u64, coded]
        .iter()
        .any(|count| *count != named.len() as u64)
    {
        let dead_letters = named.len();
        findings.wrong.push(format!(
            "{dead_letters} dead letters, {counted} counted, {coded} by code, {listed} listed"
        ));
    }
    findings
}
