//! What the dead-letter topic says, written from `docs/dead-letters.md` alone: which records became dead letters, and what
//! became of those. An independent second implementation.

use std::collections::{BTreeMap, HashMap};

use crate::evidence::Evidence;
use testbed::log::{self, Header, Record};

/// How often the record of a dead letter is replayed at most.
pub const MAX_REPLAYS: u32 = 3;

/// The position that a dead letter is a copy of, in its headers and in those of a replayed record.
pub const AT: &str = "orderlog.at";
/// Where its record was when it was rejected first.
pub const ID: &str = "orderlog.id";
/// How often its record was replayed.
pub const REPLAYS: &str = "orderlog.replays";
/// Why its record was rejected.
pub const CODE: &str = "orderlog.code";
/// Why its record was rejected first.
pub const FIRST_CODE: &str = "orderlog.first-code";
/// In a replayed record, the dead letter that it was written from.
pub const REPLAY_OF: &str = "orderlog.replay-of";
/// In a replayed record and in a mark, the job that did it.
pub const JOB: &str = "orderlog.job";
/// In a mark, what became of the dead letters.
pub const MARK: &str = "orderlog.mark";
/// In a mark, which ones.
pub const DEAD_LETTERS: &str = "orderlog.dead-letters";
/// In a mark, why they were discarded.
pub const REASON: &str = "orderlog.reason";
/// How many headers were added, this last one included.
pub const ADDED: &str = "orderlog.added";
/// Headers that may be added to those of a record.
const PREFIXES: [&str; 3] = ["__connect.errors.", "kafka_dlt-", "orderlog."];

/// What became of dead letters, as a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Replayed,
    Discarded,
}

/// A record of the dead-letter topic that says what became of dead letters.
#[derive(Clone, Debug)]
pub struct Mark<'a> {
    pub record: &'a Record,
    pub verdict: Verdict,
    /// The dead letters that it names.
    pub ids: Vec<&'a str>,
    /// The job that replayed them.
    pub job: &'a str,
    /// Why they were discarded.
    pub reason: &'a str,
}

/// A rejected record, as the dead-letter topic has it. There may be further copies.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// Its id: that of the first copy.
    pub id: String,
    pub record: &'a Record,
    /// The index in [`Letters::marks`] of the first mark that names it.
    pub settled: Option<usize>,
}

/// What the dead-letter topic says.
#[derive(Debug, Default)]
pub struct Letters<'a> {
    /// Each dead letter once.
    pub letters: Vec<Letter<'a>>,
    /// Every copy of them.
    pub copies: Vec<&'a Record>,
    /// In the order in which they count.
    pub marks: Vec<Mark<'a>>,
    /// The index in `letters` of each id, those of further copies included.
    by_id: HashMap<String, usize>,
}

impl<'a> Letters<'a> {
    /// Reads the dead-letter topic of that evidence.
    pub fn of(evidence: &'a Evidence) -> Self {
        let mut letters = Self::default();
        let mut by_position: BTreeMap<String, usize> = BTreeMap::new();
        for record in &evidence.dead_letters {
            if let Some(mark) = mark(record) {
                letters.marks.push(mark);
                continue;
            }
            letters.copies.push(record);
            let id = format!("{}-{}", record.partition, record.offset);
            let n = *by_position.entry(record.header(AT)).or_insert_with(|| {
                let id = id.clone();
                letters.letters.push(Letter {
                    id,
                    record,
                    settled: None,
                });
                letters.letters.len() - 1
            });
            letters.by_id.insert(id, n);
        }
        for (n, mark) in letters.marks.iter().enumerate() {
            for id in &mark.ids {
                if let Some(letter) = letters.by_id.get(*id) {
                    letters.letters[*letter].settled.get_or_insert(n);
                }
            }
        }
        letters
    }

    /// The dead letter with that id.
    pub fn get(&self, id: &str) -> Option<&Letter<'a>> {
        self.by_id.get(id).map(|n| &self.letters[*n])
    }

    /// The first mark that names it: that one counts.
    pub fn settled(&self, letter: &Letter<'_>) -> Option<&Mark<'a>> {
        letter.settled.map(|n| &self.marks[n])
    }

    /// Its state, in the words of the API.
    pub fn state(&self, letter: &Letter<'_>) -> &'static str {
        match self.settled(letter).map(|mark| mark.verdict) {
            Some(Verdict::Replayed) => "replayed",
            Some(Verdict::Discarded) => "discarded",
            None if letter.replays() >= MAX_REPLAYS => "parked",
            None => "open",
        }
    }

    /// How many dead letters have each state.
    pub fn by_state(&self) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<_, _> = STATES.map(|state| (state, 0)).into();
        for letter in &self.letters {
            *counts.entry(self.state(letter)).or_default() += 1;
        }
        counts
    }
}

/// The states of dead letters.
pub const STATES: [&str; 4] = ["discarded", "open", "parked", "replayed"];

impl Letter<'_> {
    /// How often its record was replayed before.
    pub fn replays(&self) -> u32 {
        self.record.header(REPLAYS).parse().unwrap_or(0)
    }
}

/// The mark that a record is, if it is one.
fn mark(record: &Record) -> Option<Mark<'_>> {
    if record.key.is_some() || record.value.is_some() {
        return None;
    }
    let (own, _) = split(&record.headers);
    let verdict = match text(record, MARK) {
        "replayed" => Verdict::Replayed,
        "discarded" => Verdict::Discarded,
        _ => return None,
    };
    own.is_empty().then(|| Mark {
        record,
        verdict,
        ids: text(record, DEAD_LETTERS).split(',').collect(),
        job: text(record, JOB),
        reason: text(record, REASON),
    })
}

fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    let last = record.headers.iter().rev().find(|(other, _)| other == name);
    let value = last.and_then(|(_, value)| value.as_deref());
    std::str::from_utf8(value.unwrap_or_default()).unwrap_or_default()
}

/// A record's own headers, and those that were added: so many as the last `orderlog.added` says.
pub fn split(headers: &[Header]) -> (&[Header], &[Header]) {
    let none = (headers, &headers[headers.len()..]);
    let Some((ADDED, _)) = headers.last().map(|(name, value)| (name.as_str(), value)) else {
        return none;
    };
    let added = log::header(headers, ADDED).parse::<usize>().ok();
    let Some(begin) = added.and_then(|added| headers.len().checked_sub(added)) else {
        return none;
    };
    let is_ours = |(name, _): &Header| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    match headers[begin..].iter().all(is_ours) {
        true => headers.split_at(begin),
        false => none,
    }
}

/// The records of the event topic that were replayed.
pub fn replayed(evidence: &Evidence) -> impl Iterator<Item = &Record> {
    let is_replayed = |record: &&Record| !log::header(split(&record.headers).1, REPLAY_OF).is_empty();
    evidence.records.iter().filter(is_replayed)
}
