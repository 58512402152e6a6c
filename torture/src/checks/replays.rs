//! Replayed and discarded dead letters: the marks on the dead-letter topic, compared with the event topic.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Findings};
use crate::letters::{self, AT, CODE, FIRST_CODE, ID, JOB, MAX_REPLAYS, REPLAY_OF, REPLAYS, Verdict};
use testbed::log::{self, Record};

/// What a replayed record says of itself: the dead letter and the job.
fn claim(record: &Record) -> (String, String) {
    let (_, added) = letters::split(&record.headers);
    (log::header(added, REPLAY_OF), log::header(added, JOB))
}

/// The dead letters that marks say were replayed, each with the job.
fn marked<'a>(case: &'a Case<'_>) -> BTreeSet<(&'a str, &'a str)> {
    let replays = case
        .letters
        .marks
        .iter()
        .filter(|mark| mark.verdict == Verdict::Replayed);
    replays
        .flat_map(|mark| mark.ids.iter().map(|id| (*id, mark.job)))
        .collect()
}

/// Each dead letter that a job has replayed according to a mark is on the event topic exactly once for that job, and no
/// other record says that it is a replay.
pub fn are_on_the_topic_once(case: &Case<'_>) -> Findings {
    let (mut findings, marked) = (Findings::default(), marked(case));
    let mut found: BTreeMap<(String, String), Vec<(i32, i64)>> = BTreeMap::new();
    for record in letters::replayed(&case.run.evidence) {
        found.entry(claim(record)).or_default().push(record.place());
    }
    for (id, job) in &marked {
        let places = found.remove(&((*id).to_owned(), (*job).to_owned())).unwrap_or_default();
        let wrong = (places.len() != 1).then(|| {
            let count = places.len();
            format!("replay {job} of the dead letter {id} is marked, and {count} times on the topic: {places:?}")
        });
        findings.look(wrong);
    }
    let unmarked = found
        .iter()
        .map(|((id, job), places)| format!("replay {job} of the dead letter {id} is at {places:?} without a mark"));
    findings.wrong.extend(unmarked);
    findings
}

/// Only what was open was replayed: not what had been replayed or discarded before, and no record more than three times.
/// No replay is on another topic.
pub fn are_of_open_dead_letters(case: &Case<'_>) -> Findings {
    let (mut findings, marked) = (Findings::default(), marked(case));
    let mut by_origin: BTreeMap<String, u32> = BTreeMap::new();
    for record in letters::replayed(&case.run.evidence) {
        let (id, job) = claim(record);
        *by_origin.entry(record.header(ID)).or_default() += 1;
        if !marked.contains(&(id.as_str(), job.as_str())) {
            // Another check reports it.
            continue;
        }
        let letter = case.letters.get(&id);
        let settled = letter.and_then(|letter| case.letters.settled(letter));
        let wrong = match (letter, settled) {
            (None, _) => Some("which does not exist".to_owned()),
            (Some(letter), _) if letter.replays() >= MAX_REPLAYS => Some("which was parked".to_owned()),
            (_, Some(mark)) if mark.verdict == Verdict::Discarded => Some("which was discarded".to_owned()),
            (_, Some(mark)) if mark.job != job => Some(format!("which {} had replayed", mark.job)),
            _ => None,
        };
        let place = record.place();
        findings
            .look(wrong.map(|wrong| format!("the record at {place:?} is a replay of the dead letter {id}, {wrong}")));
    }
    let too_many = by_origin.iter().filter(|(_, count)| **count > MAX_REPLAYS);
    findings
        .wrong
        .extend(too_many.map(|(origin, count)| format!("the record {origin} was replayed {count} times")));
    let elsewhere = case.run.evidence.elsewhere.iter();
    findings.wrong.extend(elsewhere.map(|record| {
        let (id, place) = (record.header(REPLAY_OF), record.place());
        format!("a replay of the dead letter {id} is at {place:?} of another topic")
    }));
    findings
}

/// A replayed record has the key, the value and the headers of the record that was rejected, byte for byte, and says where
/// that was and how often it has been replayed.
pub fn are_the_rejected_records(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for record in letters::replayed(&case.run.evidence) {
        let (id, _) = claim(record);
        let Some(letter) = case.letters.get(&id) else { continue };
        let (own, added) = letters::split(&record.headers);
        let (rejected, before) = letters::split(&letter.record.headers);
        let says = |name: &str| log::header(added, name);
        let first_code = match log::header(before, FIRST_CODE) {
            none if none.is_empty() => log::header(before, CODE),
            first => first,
        };
        let same = [
            ("key", record.key == letter.record.key),
            ("value", record.value == letter.record.value),
            ("headers", own == rejected),
            (AT, says(AT) == log::header(before, AT)),
            (ID, says(ID) == log::header(before, ID)),
            (REPLAYS, says(REPLAYS) == (letter.replays() + 1).to_string()),
            (FIRST_CODE, says(FIRST_CODE) == first_code),
        ];
        let place = record.place();
        let wrong = same.into_iter().find(|(_, same)| !same).map(|(what, _)| {
            format!("the record at {place:?} has a different {what} than the dead letter {id}, which it replays")
        });
        findings.look(wrong);
    }
    findings
}

/// Every mark was asked for, and a discard marks as many dead letters as its answer says.
pub fn were_asked_for(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    let jobs: BTreeSet<&str> = case.run.jobs.iter().map(|job| job.id.as_str()).collect();
    let discards = case.run.managed.iter().filter(|managed| managed.path == "/dlq/discard");
    let mut reasons: BTreeMap<&str, u64> = discards
        .clone()
        .filter_map(|asked| Some((asked.body["reason"].as_str()?, 0)))
        .collect();
    for mark in &case.letters.marks {
        let place = mark.record.place();
        let asked = match mark.verdict {
            Verdict::Replayed => jobs.contains(mark.job),
            Verdict::Discarded => reasons.contains_key(mark.reason),
        };
        findings.look((!asked).then(|| format!("nobody asked for the mark at {place:?}: {mark:?}")));
    }
    let settled = case
        .letters
        .letters
        .iter()
        .filter_map(|letter| case.letters.settled(letter));
    for mark in settled.filter(|mark| mark.verdict == Verdict::Discarded) {
        *reasons.entry(mark.reason).or_default() += 1;
    }
    for asked in discards.filter(|asked| asked.status == Some(200)) {
        let reason = asked.body["reason"].as_str().unwrap_or_default();
        let (told, found) = (&asked.answer["discarded"], reasons.get(reason).copied().unwrap_or(0));
        let wrong =
            (*told != found).then(|| format!("{reason:?} discarded {found} dead letters, and the answer says {told}"));
        findings.look(wrong);
    }
    findings
}
