//! A partition that waits for a schema: what the registry is asked, when, and when its answer decides. Pure: it says what
//! to do next, and is told what was heard.
//!
//! A schema that the registry does not know may be one that it does not know *yet*: whoever wrote the record may have
//! registered it at another server a moment ago. So an answer decides about a record only when the record had lain in the
//! topic for the grace before the registry was asked. One grace serves all records that were there when it began, however
//! many schemas they name; those that come later get their own. And every batch asks anew: what was unknown to an earlier
//! one may be known by now.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use orderlog_contract::frame::SchemaRef;

/// How long the schemas of further records may take: the record at hand must not wait for all of them.
const AHEAD: Duration = Duration::from_secs(2);
/// How long after the first answer the registry is asked again within the grace, at first and at the most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why there is no schema of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub reason: String,
    /// Whether time changes nothing about it.
    pub for_good: bool,
}

/// What became of a question to the registry.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub schema: SchemaRef,
    /// When it was asked.
    pub asked: Instant,
    /// `None`: the schema is known now, or the registry is not being asked any more.
    pub missing: Option<Missing>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Wait,
    /// Ask the registry for these.
    Ask(Vec<SchemaRef>),
    /// Find out where the partition ends, and begin the grace.
    BeginGrace,
    /// Read on.
    Release,
}

/// A partition's wait for the schema of its next record, and for those of some records behind it. When it is over, it says
/// which of them are missing.
pub(super) struct SchemaWait {
    first: SchemaRef,
    /// The offset of the record that waits.
    at: i64,
    /// The offset behind the last record whose schema was asked for.
    to: i64,
    /// Records below this offset had lain in the topic for the grace before they were asked for.
    graced_to: i64,
    /// An answer to an older question is not about these records.
    asked: Instant,
    stage: Stage,
    /// All that it is about, in the order of their records, in which they are asked for: when not all answers come in
    /// time, they are those of the next records.
    schemas: Vec<SchemaRef>,
    pending: HashSet<SchemaRef>,
    missing: HashMap<SchemaRef, Missing>,
}

enum Stage {
    Asked,
    /// The records below `end` get their grace.
    Grace {
        end: i64,
        until: Instant,
        ask_at: Instant,
        pause: Duration,
    },
    /// It is over: what is missing now is missing.
    Last,
}

impl SchemaWait {
    /// The wait of the record at offset `at`, whose schema is `first`. Records up to `to` name it and those in `further`,
    /// in this order.
    pub fn new(first: SchemaRef, further: Vec<SchemaRef>, at: i64, to: i64, graced_to: i64) -> Self {
        let mut schemas = further;
        schemas.insert(0, first);
        Self {
            first,
            at,
            to,
            graced_to,
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

    /// Where that record lies.
    pub fn at(&self) -> i64 {
        self.at
    }

    /// All that it is about, in the order in which they are to be asked for.
    pub fn schemas(&self) -> Vec<SchemaRef> {
        self.schemas.clone()
    }

    pub fn to(&self) -> i64 {
        self.to
    }

    pub fn graced_to(&self) -> i64 {
        self.graced_to
    }

    /// Takes in an answer. Returns whether it is too old to be one, so that the registry must be asked again.
    pub fn hear(&mut self, answered: &Answered) -> bool {
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

    /// Waits no longer for that schema.
    pub fn forget(&mut self, schema: SchemaRef) {
        self.pending.remove(&schema);
    }

    /// Gives the records below that offset their grace, from now on.
    pub fn begin_grace(&mut self, end: i64, grace: Duration, now: Instant) {
        self.stage = Stage::Grace {
            end: end.max(self.to),
            until: now + grace,
            ask_at: now + FIRST_PAUSE,
            pause: FIRST_PAUSE,
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
            Some(missing) if !missing.for_good => {}
            _ => return Step::Release,
        }
        match &mut self.stage {
            Stage::Asked if self.at >= self.graced_to => Step::BeginGrace,
            Stage::Grace { ask_at, pause, .. } => {
                if now < *ask_at {
                    return Step::Wait;
                }
                *pause = (*pause * 2).min(LONGEST_PAUSE);
                *ask_at = now + *pause;
                self.pending.insert(self.first);
                Step::Ask(vec![self.first])
            }
            Stage::Asked | Stage::Last if self.pending.is_empty() || now > self.asked + AHEAD => Step::Release,
            Stage::Asked | Stage::Last => Step::Wait,
        }
    }

    fn ask_once_more(&mut self, end: i64, now: Instant) -> Step {
        self.stage = Stage::Last;
        self.graced_to = end;
        self.asked = now;
        let unknown = self.missing.extract_if(|_, missing| !missing.for_good);
        self.pending.extend(unknown.map(|(schema, _)| schema));
        let pending = self.schemas.iter().filter(|schema| self.pending.contains(schema));
        Step::Ask(pending.copied().collect())
    }

    /// Why the schema of the record at that offset is missing, if that is decided.
    pub fn missing(&self, schema: SchemaRef, offset: i64) -> Option<&str> {
        let missing = self.missing.get(&schema).filter(|_| offset < self.to)?;
        (missing.for_good || offset < self.graced_to).then_some(&missing.reason)
    }

    /// What it waits for, for people.
    pub fn reason(&self) -> String {
        match self.stage {
            Stage::Grace { .. } => format!(
                "the schema registry does not know {} (yet); it is asked again",
                self.first
            ),
            Stage::Asked | Stage::Last => {
                format!("asking the schema registry for {} and those behind it", self.first)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(10);
    const SECOND: Duration = Duration::from_secs(1);
    /// Where the record lies that waits, and where those end that are asked for with it.
    const AT: i64 = 100;
    const TO: i64 = 150;

    fn id(id: u32) -> SchemaRef {
        SchemaRef::Id(id)
    }

    /// A wait of the record at [`AT`], which names id 1; further ones name 2 and 3.
    fn wait(graced_to: i64) -> SchemaWait {
        SchemaWait::new(id(1), vec![id(2), id(3)], AT, TO, graced_to)
    }

    fn unknown(schema: SchemaRef, asked: Instant) -> Answered {
        let missing = Missing {
            reason: format!("no {schema}"),
            for_good: false,
        };
        Answered {
            schema,
            asked,
            missing: Some(missing),
        }
    }

    fn known(schema: SchemaRef) -> Answered {
        Answered {
            schema,
            asked: Instant::now(),
            missing: None,
        }
    }

    /// Takes in that all of these are unknown.
    fn hear_unknown(wait: &mut SchemaWait, schemas: &[u32], asked: Instant) {
        for schema in schemas {
            assert!(!wait.hear(&unknown(id(*schema), asked)));
        }
    }

    #[test]
    fn a_schema_that_is_known_is_waited_for_no_longer() {
        let mut wait = wait(0);
        assert_eq!(wait.step(Instant::now()), Step::Wait);
        hear_unknown(&mut wait, &[2], Instant::now());
        wait.hear(&known(id(1)));
        assert_eq!(wait.step(Instant::now()), Step::Release);
        assert_eq!(wait.missing(id(2), AT + 1), None, "that one was not given its time");
    }

    #[test]
    fn one_grace_is_paid_for_all_that_lay_there_when_it_began() {
        let mut wait = wait(0);
        let now = Instant::now();
        hear_unknown(&mut wait, &[1, 2, 3], now);
        assert_eq!(wait.step(now), Step::BeginGrace);
        wait.begin_grace(1_000, GRACE, now);
        assert_eq!(wait.step(now), Step::Wait);
        // Asked again for the one at hand, ever less.
        let mut asked = 0;
        for tenth in 0..100 {
            let now = now + tenth * SECOND / 10;
            if wait.step(now) == Step::Ask(vec![id(1)]) {
                asked += 1;
                assert!(!wait.hear(&unknown(id(1), now)));
            }
        }
        assert!((4..12).contains(&asked), "{asked}");

        let over = now + GRACE;
        assert_eq!(
            wait.step(over),
            Step::Ask(vec![id(1), id(2), id(3)]),
            "once more, in order"
        );
        assert_eq!(wait.step(over), Step::Wait);
        assert!(wait.hear(&unknown(id(2), now)), "an answer to a question of before");
        hear_unknown(&mut wait, &[1, 2], over);
        wait.hear(&known(id(3)));
        assert_eq!(wait.step(over), Step::Release);
        assert_eq!(wait.missing(id(1), AT), Some("no schema id 1"));
        assert_eq!(wait.missing(id(2), TO - 1), Some("no schema id 2"));
        assert_eq!(wait.missing(id(3), AT), None);
        assert_eq!(wait.missing(id(1), TO), None, "that record was not asked for");
        assert_eq!(wait.graced_to(), 1_000);
    }

    #[test]
    fn records_that_had_their_grace_are_decided_by_one_answer_and_later_ones_are_not() {
        let mut wait = wait(AT + 1);
        let now = Instant::now();
        hear_unknown(&mut wait, &[1, 2, 3], now);
        assert_eq!(wait.step(now), Step::Release);
        assert_eq!(wait.missing(id(1), AT), Some("no schema id 1"));
        assert_eq!(wait.missing(id(1), AT + 1), None);
    }

    #[test]
    fn a_schema_that_appears_within_the_grace_is_taken_at_once() {
        let mut wait = wait(0);
        let now = Instant::now();
        hear_unknown(&mut wait, &[1], now);
        assert_eq!(wait.step(now), Step::BeginGrace);
        wait.begin_grace(0, GRACE, now);
        // Whoever has asked for it.
        wait.hear(&known(id(1)));
        assert_eq!(wait.step(now), Step::Release);
    }

    #[test]
    fn what_is_missing_for_good_is_given_no_time() {
        let mut wait = wait(0);
        let mut answer = unknown(id(1), Instant::now());
        answer.missing.as_mut().expect("missing").for_good = true;
        wait.hear(&answer);
        assert_eq!(wait.step(Instant::now()), Step::Release);
        assert_eq!(wait.missing(id(1), AT), Some("no schema id 1"));
    }

    #[test]
    fn the_record_at_hand_does_not_wait_for_all_that_come_behind_it() {
        let mut wait = wait(TO);
        hear_unknown(&mut wait, &[1], Instant::now());
        assert_eq!(wait.step(Instant::now()), Step::Wait);
        assert_eq!(wait.step(Instant::now() + 3 * SECOND), Step::Release);
        assert_eq!(wait.missing(id(2), AT + 1), None);
    }

    #[test]
    fn without_a_grace_what_is_unknown_is_asked_for_once_more() {
        let mut wait = wait(0);
        let now = Instant::now();
        hear_unknown(&mut wait, &[1, 2, 3], now);
        assert_eq!(wait.step(now), Step::BeginGrace);
        wait.begin_grace(0, Duration::ZERO, now);
        assert_eq!(wait.step(now), Step::Ask(vec![id(1), id(2), id(3)]));
        hear_unknown(&mut wait, &[1, 2, 3], now);
        assert_eq!(wait.step(now), Step::Release);
        assert_eq!(wait.missing(id(3), TO - 1), Some("no schema id 3"));
    }
}
