//! The dead letters, compared with the invalid records.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Case, Findings};
use crate::cluster::TOPIC;
use crate::faults::{Fault, Target};
use crate::fold::{JudgedRecord, Outcome};
use crate::history::InjectedRecord;
use crate::letters::{self, AT, CODE, FIRST_CODE, ID, REPLAYS};
use testbed::log::{self, Record};

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
/// has such a record. A record that was replayed and is still invalid gets another one.
pub fn are_the_poisoned_records(case: &Case<'_>) -> Findings {
    let (mut findings, invalid) = (Findings::default(), invalid(case));
    let poisoned: Vec<_> = case.run.injected.iter().filter(|injected| injected.poisoned).collect();
    let mut by_key: HashMap<_, Vec<&InjectedRecord>> = HashMap::new();
    for injected in &poisoned {
        by_key.entry(&injected.key).or_default().push(injected);
    }
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    for dead_letter in &case.letters.copies {
        let named = dead_letter.header(AT);
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
        let (own, added) = letters::split(&record.headers);
        let ours = by_key.get(&record.key).into_iter().flatten();
        let ours = ours
            .copied()
            .find(|injected| injected.value == record.value && injected.headers == own);
        findings.look(match (ours, count) {
            (None, _) => Some(format!(
                "the record {named} is invalid ({code}), and the nemesis did not write it"
            )),
            (_, 0) => Some(format!(
                "the record {named} is invalid ({code}), and has no dead letter"
            )),
            (_, 1) => None,
            // A copy may be in flight when its sender or the broker dies.
            (Some(injected), _) if count <= 1 + interruptions(case, added.is_empty().then_some(injected.at)) => None,
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
    let (own, replay) = letters::split(&record.headers);
    let (copied, added) = letters::split(&dead_letter.headers);
    let named = at(record.place());
    let once = added.iter().filter(|(name, _)| name == AT).count() == 1;
    let says = |name: &str| log::header(added, name);
    // Of a record that was replayed, the first rejection is remembered.
    let of_replay = |name: &str, otherwise: &str| match replay {
        [] => otherwise.to_owned(),
        replay => log::header(replay, name),
    };
    let same = [
        ("key", dead_letter.key == record.key),
        ("value", dead_letter.value == record.value),
        ("headers", copied == own),
        ("added headers", once),
        (CODE, says(CODE) == code),
        (ID, says(ID) == of_replay(ID, &named)),
        (REPLAYS, says(REPLAYS) == of_replay(REPLAYS, "0")),
        (FIRST_CODE, says(FIRST_CODE) == of_replay(FIRST_CODE, "")),
    ];
    let (what, _) = same.into_iter().find(|(_, same)| !same)?;
    Some(format!(
        "has a different {what} than the record {named} ({code}): {dead_letter:?} instead of {record:?}"
    ))
}

/// How often something happened that can leave a copy of a dead letter in flight, in the round in which its record was
/// written: no later round begins before every dead letter of this one exists and was read. When a record was replayed is not
/// known.
fn interruptions(case: &Case<'_>, at: Option<u64>) -> usize {
    let interrupts = |fault: &&Fault| match fault {
        Fault::Kill(Target::Order) | Fault::Suspend(Target::Order) | Fault::Terminate(Target::Order) => true,
        // A dead letter whose acknowledgment is missing, or whose record is not stored as read, is sent again.
        Fault::FillDisk | Fault::Flood(_) => true,
        _ => fault.silences_a_broker(),
    };
    let its_own = case
        .run
        .rounds
        .iter()
        .filter(|round| at.is_none_or(|at| round.meets(at, at)));
    let count = its_own.flat_map(|round| &round.faults).filter(interrupts).count();
    count.min(MAX_EXTRA_COPIES)
}

/// order-service lists every rejected record exactly once, in its state, and counts it so.
pub fn are_listed_once(case: &Case<'_>) -> Findings {
    let (mut findings, invalid, evidence) = (Findings::default(), invalid(case), &case.run.evidence);
    let mut listed = BTreeSet::new();
    for shown in &evidence.listed {
        let letter = case.letters.get(&shown.id);
        let position = letter.map(|letter| letter.record.header(AT)).unwrap_or_default();
        let wrong = match letter {
            None => Some("does not exist".to_owned()),
            Some(letter) if letter.id != shown.id => Some(format!("is a further copy of {}", letter.id)),
            Some(_) if !listed.insert(position.clone()) => Some("is listed twice".to_owned()),
            Some(_)
                if invalid
                    .get(&position)
                    .is_some_and(|(_, code)| shown.code.as_deref() != Some(code)) =>
            {
                Some("has a different code".to_owned())
            }
            Some(letter) if case.letters.state(letter) != shown.state => {
                Some(format!("is {} instead of {}", shown.state, case.letters.state(letter)))
            }
            Some(letter) if letter.replays() != shown.replays => Some(format!("has {} replays", shown.replays)),
            Some(_) => None,
        };
        findings.look(wrong.map(|wrong| format!("the listed dead letter {} of {position} {wrong}", shown.id)));
    }
    let expected = case.letters.by_state();
    let unsettled = expected["open"] + expected["parked"];
    let counted = evidence.dlq.by_state.iter();
    let counted: BTreeMap<&str, u64> = counted.map(|(state, count)| (state.as_str(), *count)).collect();
    let coded = evidence.dlq.by_code.values().sum::<u64>();
    let all = case.letters.letters.len();
    if listed.len() != all || counted != expected || [evidence.dlq.count, coded] != [unsettled; 2] {
        findings.wrong.push(format!(
            "{all} dead letters ({expected:?}), {} listed, {counted:?} counted, {} of them to be dealt with, {coded} by code",
            listed.len(),
            evidence.dlq.count
        ));
    }
    findings
}
