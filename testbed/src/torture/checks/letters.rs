//! The dead letters, against the records that cannot be used.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cluster::TOPIC;
use super::super::faults::{Fault, Target};
use super::super::fold::{Fate, Judged};
use super::{Case, Findings};
use crate::log::Record;

/// What a dead letter may add to the headers of its record.
const ADDED: [&str; 3] = ["__connect.errors.", "kafka_dlt-", "orderlog."];

/// How many further copies of a letter there may be at the most.
const COPIES: usize = 4;

/// The records that cannot be used, by what `orderlog.at` must be for them.
fn unusable<'a>(case: &'a Case<'_>) -> BTreeMap<String, (&'a Judged<'a>, &'static str)> {
    let coded = |judged: &'a Judged<'a>| match judged.fate {
        Fate::Unusable(code) => Some((judged, code)),
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

/// Each record that cannot be used was poisoned by us and is a dead letter with its bytes and headers; each dead letter is
/// such a record.
pub fn are_the_poisoned_records(case: &Case<'_>) -> Findings {
    let (mut findings, unusable) = (Findings::default(), unusable(case));
    let poisoned: Vec<_> = case.run.foreign.iter().filter(|foreign| foreign.poisoned).collect();
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for letter in &case.run.evidence.letters {
        let named = letter.header("orderlog.at");
        let wrong = unusable.get(&named).map_or_else(
            || Some(format!("is of {named}, which can be used")),
            |(judged, code)| difference(letter, judged.record, code),
        );
        findings
            .wrong
            .extend(wrong.map(|wrong| format!("the dead letter at {:?} {wrong}", letter.place())));
        *copies.entry(named).or_default() += 1;
    }
    for (named, (judged, code)) in &unusable {
        let (record, count) = (judged.record, copies.get(named).copied().unwrap_or(0));
        let ours = poisoned.iter().find(|foreign| {
            (&foreign.key, &foreign.value, &foreign.headers) == (&record.key, &record.value, &record.headers)
        });
        findings.look(match (ours, count) {
            (None, _) => Some(format!(
                "the record {named} cannot be used ({code}), and nobody poisoned it"
            )),
            (_, 0) => Some(format!(
                "the record {named} cannot be used ({code}), and is no dead letter"
            )),
            (_, 1) => None,
            // A copy may be in flight when its sender, or the broker, goes away.
            (Some(foreign), _) if count <= 1 + interruptions(case, foreign.at) => None,
            _ => Some(format!("the record {named} is {count} dead letters")),
        });
    }
    for foreign in &poisoned {
        let landed = foreign.place.filter(|place| !unusable.contains_key(&at(*place)));
        findings
            .wrong
            .extend(landed.map(|place| format!("the poisoned record at {place:?} ({}) can be used", foreign.kind)));
    }
    findings
}

/// In what a letter differs from the record that it is of.
fn difference(letter: &Record, record: &Record, code: &str) -> Option<String> {
    let own = record.headers.len();
    let added = letter.headers.get(own..).unwrap_or_default();
    let is_ours = |name: &str| ADDED.iter().any(|prefix| name.starts_with(prefix));
    let named = at(record.place());
    let once = added.iter().filter(|(name, _)| name == "orderlog.at").count() == 1;
    let same = [
        ("key", letter.key == record.key),
        ("value", letter.value == record.value),
        ("headers", letter.headers.get(..own) == Some(&record.headers[..])),
        ("added headers", added.iter().all(|(name, _)| is_ours(name)) && once),
        ("orderlog.code", letter.header("orderlog.code") == code),
        ("orderlog.id", letter.header("orderlog.id") == named),
    ];
    let (what, _) = same.into_iter().find(|(_, same)| !same)?;
    Some(format!(
        "has another {what} than the record {named} ({code}): {letter:?} instead of {record:?}"
    ))
}

/// How often something happened that can leave a copy of a letter in flight, in the round in which its record was written:
/// no later round begins before every letter of this one is there and was read.
fn interruptions(case: &Case<'_>, at: u64) -> usize {
    let interrupts = |fault: &&Fault| match fault {
        Fault::Kill(Target::Order) | Fault::Suspend(Target::Order) | Fault::Terminate(Target::Order) => true,
        // A letter whose acknowledgement does not come, or whose record is not kept as read, is sent again.
        Fault::FillDisk => true,
        _ => fault.silences_a_broker(),
    };
    let its_own = case.run.rounds.iter().filter(|round| round.meets(at, at));
    let count = its_own.flat_map(|round| &round.faults).filter(interrupts).count();
    count.min(COPIES)
}

/// What order-service lists and counts is every record that cannot be used, once.
pub fn are_listed_once(case: &Case<'_>) -> Findings {
    let (mut findings, unusable, evidence) = (Findings::default(), unusable(case), &case.run.evidence);
    let named: BTreeSet<String> = evidence
        .letters
        .iter()
        .map(|letter| letter.header("orderlog.at"))
        .collect();
    let mut origins = BTreeSet::new();
    for letter in &evidence.listed {
        let origin = letter
            .origin
            .as_ref()
            .map(|origin| at((origin.partition, origin.offset)))
            .unwrap_or_default();
        let wrong = if !named.contains(&origin) {
            Some("is of no dead letter")
        } else if unusable
            .get(&origin)
            .is_some_and(|(_, code)| letter.code.as_deref() != Some(code))
        {
            Some("has another code")
        } else {
            (!origins.insert(origin.clone())).then_some("is listed twice")
        };
        findings.look(wrong.map(|wrong| format!("the listed dead letter {} of {origin} {wrong}", letter.id)));
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
        let letters = named.len();
        findings.wrong.push(format!(
            "{letters} dead letters, {counted} counted, {coded} by code, {listed} listed"
        ));
    }
    findings
}
