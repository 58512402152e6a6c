//! What clients requested and were told, what was written behind the services' backs, and which faults there were: one
//! JSON line each.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::faults::Fault;
use testbed::api_types::Written;
use testbed::log::Header;

/// The header with the Idempotency-Key that an event was written for.
pub const KEY: &str = "orderlog.idempotency-key";

/// How certain an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// 2xx: it is in the log and won.
    Ok,
    /// 4xx and 503: certainly without effect.
    Fail,
    /// Everything else, including no answer at all.
    Unknown,
}

impl Class {
    /// The class of a status; `None` if there is no complete answer.
    pub fn of(status: Option<u16>) -> Self {
        match status {
            Some(200..=299) => Self::Ok,
            Some(400..=499 | 503) => Self::Fail,
            _ => Self::Unknown,
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// `POST /create-order`.
    Create { body: String },
    /// `PUT /update-order`.
    Update { status: String, if_match: Option<i32> },
    /// `GET /order-details`; with `after`, until that version is visible, which was acknowledged at that time.
    Read { after: Option<After> },
}

impl Action {
    /// Whether both have the same method, path and body: then a key that was used for the one may come again with the
    /// other. A condition is not part of it.
    pub fn is_same_request(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Update { status, .. }, Self::Update { status: other, .. }) => status == other,
            _ => self == other,
        }
    }
}

/// The write that a read wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct After {
    pub version: i32,
    /// When the write was answered.
    pub told: u64,
}

/// One request and its answer. Times are microseconds since the run began, from a monotonic clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Op {
    pub client: usize,
    pub instance: String,
    pub order: String,
    #[serde(flatten)]
    pub action: Action,
    /// The Idempotency-Key of a write.
    pub key: Option<String>,
    pub begun: u64,
    pub ended: u64,
    pub class: Class,
    pub status: Option<u16>,
    /// Whether the answer is marked as replayed.
    pub replayed: bool,
    /// The body, or why there is none.
    pub answer: String,
}

impl Op {
    /// Whether it is a write.
    pub fn is_write(&self) -> bool {
        !matches!(self.action, Action::Read { .. })
    }

    /// What a successful write was told; `None` if that cannot be read.
    pub fn written(&self) -> Option<Written> {
        serde_json::from_str(&self.answer).ok()
    }

    /// Describes the request, for a finding.
    pub fn name(&self) -> String {
        let told = self.status.map_or("no answer".to_owned(), |status| status.to_string());
        let what = match &self.action {
            Action::Create { .. } => "create".to_owned(),
            Action::Update { status, .. } => format!("update to {status}"),
            Action::Read { after } => {
                after.map_or("read".to_owned(), |after| format!("read of version {}", after.version))
            }
        };
        let (begun, ended) = (self.begun / 1000, self.ended / 1000);
        format!(
            "{what} of {} at {} ({begun} to {ended} ms, {told})",
            self.order, self.instance
        )
    }
}

/// A record that was written behind the services' backs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InjectedRecord {
    /// What kind of record.
    pub kind: String,
    /// When the broker had it, or it was given up.
    pub at: u64,
    /// Whether it must become a dead letter.
    pub poisoned: bool,
    /// Where it is; `None` if the broker did not say.
    pub place: Option<(i32, i64)>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<Header>,
}

impl InjectedRecord {
    /// The Idempotency-Key in the record's headers; empty if there is none.
    pub fn idempotency_key(&self) -> String {
        testbed::log::header(&self.headers, KEY)
    }
}

/// A round of faults.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    pub faults: Vec<Fault>,
    pub begun: u64,
    /// When everything was healed.
    pub healed: u64,
    /// When everything was ready and lag was 0 again; otherwise why not.
    pub settled: Result<u64, String>,
}

impl Round {
    /// Whether it was active at some time in that span.
    pub fn meets(&self, begun: u64, ended: u64) -> bool {
        begun <= self.settled.as_ref().copied().unwrap_or(u64::MAX) && self.begun <= ended
    }
}

/// The end of a process.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    pub process: String,
    pub at: u64,
    pub how: EndKind,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndKind {
    /// By `kill -9`.
    Killed,
    /// After SIGTERM, with 0, in that many milliseconds.
    Terminated(u64),
    /// By itself, with 1, and its store is on the small disk: a service ends this way once there is space again, if its
    /// store failed in the middle of a write.
    GaveUp,
    /// In any other way.
    Wrongly(String),
}

/// Keeps entries, and writes each to a file immediately.
pub struct Recorder<T>(Mutex<(Vec<T>, File)>);

impl<T: Serialize + Clone> Recorder<T> {
    /// A recorder that writes to that file.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn new(file: &Path) -> anyhow::Result<Self> {
        let made = File::create(file).with_context(|| format!("creating {}", file.display()))?;
        Ok(Self(Mutex::new((Vec::new(), made))))
    }

    /// Keeps an entry.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn push(&self, entry: T) -> anyhow::Result<()> {
        let line = serde_json::to_string(&entry)? + "\n";
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1.write_all(line.as_bytes()).context("writing the history")?;
        kept.0.push(entry);
        Ok(())
    }

    /// All entries so far.
    pub fn entries(&self) -> Vec<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Applies a function to the entries so far.
    pub fn ask<A>(&self, question: impl FnOnce(&[T]) -> A) -> A {
        question(&self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// The time since the run began.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Microseconds since the run began.
    pub fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_as_certain_as_the_contract_says() {
        let classes = [200, 201, 409, 503, 500, 504, 302].map(|status| Class::of(Some(status)));
        use Class::{Fail, Ok, Unknown};
        assert_eq!(classes, [Ok, Ok, Fail, Fail, Unknown, Unknown, Unknown]);
        assert_eq!(Class::of(None), Unknown);
    }

    #[test]
    fn an_entry_is_read_back_from_its_line() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let recorder = Recorder::new(file.path()).expect("opens");
        let op = crate::tests::sample::read("A", 5, 7, "not found");
        recorder.push(op.clone()).expect("writes");
        let line = std::fs::read_to_string(file.path()).expect("reads");
        let read: Op = serde_json::from_str(&line).expect("an entry");
        assert_eq!((format!("{read:?}"), recorder.entries().len()), (format!("{op:?}"), 1));
    }
}
