//! A partition that waits for a schema: what to ask the registry, when, and when its answer is final. Pure: it says
//! what to do next, and processes the answers.
//!
//! A schema that the registry does not know may be one that it does not know *yet*: its writer may have registered it
//! at another server a moment ago. So an answer is final for a record only if the record had been in the topic for the
//! grace period when the registry was queried. One grace period serves all records that were there when it began,
//! however many schemas they name; later ones get their own. And every batch queries again: a schema that was unknown
//! to an earlier one may be known by now.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use orderlog_contract::frame::SchemaRef;

/// How long the schemas of further records may take: the record at hand must not wait for all of them.
const AHEAD_TIMEOUT: Duration = Duration::from_secs(2);
/// Delay after an answer until the registry is queried again within the grace period: the first, and the longest.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(2);

/// Why there is no schema with that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub reason: String,
    /// Whether waiting cannot change that.
    pub permanent: bool,
}

/// The result of a request to the registry.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub schema: SchemaRef,
    /// When it was requested.
    pub asked: Instant,
    /// `None`: the schema is known now, or the registry is no longer being asked.
    pub missing: Option<Missing>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Wait,
    /// Ask the registry for these.
    Ask(Vec<SchemaRef>),
    /// Find out where the partition ends, and begin the grace period.
    BeginGrace,
    /// Continue reading.
    Resume,
}

/// A partition's wait for the schema of its next record, and for those of some records after it. When it is over, it says
/// which of them are missing.
pub(crate) struct SchemaWait {
    first: SchemaRef,
    /// The offset of the record that waits.
    at: i64,
    /// The offset after the last record whose schema was requested.
    to: i64,
    /// Records below this offset had been in the topic for the grace period before they were requested.
    grace_expired_below: i64,
    /// An answer to an older request does not concern these records.
    asked: Instant,
    stage: Stage,
    /// All schemas that it waits for, in the order of their records. They are requested in this order: if not all
    /// answers arrive in time, those for the next records do.
    schemas: Vec<SchemaRef>,
    pending: HashSet<SchemaRef>,
    missing: HashMap<SchemaRef, Missing>,
}

enum Stage {
    Asked,
    /// The records below `end` get their grace period.
    Grace {
        end: i64,
        until: Instant,
        ask_at: Instant,
        pause: Duration,
    },
    /// The grace period is over: what is missing now is missing for good.
    Final,
}

impl SchemaWait {
    /// The wait of the record at offset `at`, whose schema is `first`. Records up to `to` name it and those in `further`,
    /// in this order.
    pub fn new(first: SchemaRef, further: Vec<SchemaRef>, at: i64, to: i64, grace_expired_below: i64) -> Self {
        let mut schemas = further;
        schemas.insert(0, first);
        Self {
            first,
            at,
            to,
            grace_expired_below,
            asked: Instant::now(),
            stage: Stage::Asked,
            pending: schemas.iter().copied().collect(),
            schemas,
            missing: HashMap::new(),
        }
    }

    /// The schema of the record that waits.
    pub fn first(&self) -> SchemaRef {
        self.first
    }

    /// The offset of that record.
    pub fn at(&self) -> i64 {
        self.at
    }

    /// All schemas that it waits for, in the order in which they are to be requested.
    pub fn schemas(&self) -> Vec<SchemaRef> {
        self.schemas.clone()
    }

    /// The offset after the last record that it covers.
    pub fn to(&self) -> i64 {
        self.to
    }

    /// The offset below which records had their grace period.
    pub fn grace_expired_below(&self) -> i64 {
        self.grace_expired_below
    }

    /// Processes an answer. Returns whether it is too old to count, so that the registry must be asked again.
    pub fn take_answer(&mut self, answered: &Answered) -> bool {
        match &answered.missing {
            None => {
                self.missing.remove(&answered.schema);
            }
            Some(_) if !self.pending.contains(&answered.schema) => return false,
            Some(_) if answered.asked < self.asked => return true,
            Some(missing) => {
                self.missing.insert(answered.schema, missing.clone());
            }
        }
        self.forget(answered.schema);
        false
    }

    /// Stops waiting for that schema.
    pub fn forget(&mut self, schema: SchemaRef) {
        self.pending.remove(&schema);
    }

    /// Gives the records below that offset their grace period, from now on.
    pub fn begin_grace(&mut self, end: i64, grace: Duration, now: Instant) {
        self.stage = Stage::Grace {
            end: end.max(self.to),
            until: now + grace,
            ask_at: now + FIRST_RETRY_DELAY,
            pause: FIRST_RETRY_DELAY,
        };
    }

    /// What to do next.
    pub fn step(&mut self, now: Instant) -> Step {
        if let Stage::Grace { end, until, .. } = self.stage
            && now >= until
        {
            return self.ask_once_more(end, now);
        }
        if self.pending.contains(&self.first) {
            return Step::Wait;
        }
        match self.missing.get(&self.first) {
            Some(missing) if !missing.permanent => {}
            _ => return Step::Resume,
        }
        match &mut self.stage {
            Stage::Asked if self.at >= self.grace_expired_below => Step::BeginGrace,
            Stage::Grace { ask_at, pause, .. } => {
                if now < *ask_at {
                    return Step::Wait;
                }
                *pause = (*pause * 2).min(MAX_RETRY_DELAY);
                *ask_at = now + *pause;
                self.pending.insert(self.first);
                Step::Ask(vec![self.first])
            }
            Stage::Asked | Stage::Final if self.pending.is_empty() || now > self.asked + AHEAD_TIMEOUT => Step::Resume,
            Stage::Asked | Stage::Final => Step::Wait,
        }
    }

    fn ask_once_more(&mut self, end: i64, now: Instant) -> Step {
        self.stage = Stage::Final;
        self.grace_expired_below = end;
        self.asked = now;
        let unknown = self.missing.extract_if(|_, missing| !missing.permanent);
        self.pending.extend(unknown.map(|(schema, _)| schema));
        let pending = self.schemas.iter().filter(|schema| self.pending.contains(schema));
        Step::Ask(pending.copied().collect())
    }

    /// Why the schema of the record at that offset is missing, if that is final.
    pub fn missing(&self, schema: SchemaRef, offset: i64) -> Option<&str> {
        let missing = self.missing.get(&schema).filter(|_| offset < self.to)?;
        (missing.permanent || offset < self.grace_expired_below).then_some(&missing.reason)
    }

    /// What it waits for, in words.
    pub fn reason(&self) -> String {
        match self.stage {
            Stage::Grace { .. } => format!("the schema registry does not know {} yet; retrying", self.first),
            Stage::Asked | Stage::Final => {
                format!("looking up {} and the schemas after it", self.first)
            }
        }
    }
}

#[cfg(test)]
#[path = "schema_wait_tests.rs"]
mod tests;
