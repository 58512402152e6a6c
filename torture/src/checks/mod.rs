//! The checks: each is one pure function over the results of a run, and reports how much it checked and what is wrong.

mod answers;
mod dead_letters;
mod events;
mod floods;
pub mod jobs;
mod keys;
mod model;
mod processes;
mod reads;
mod repeats;
mod replays;
mod writes;

use super::evidence::Evidence;
use super::fold::Reference;
use super::history::{Ending, InjectedRecord, Op, Round};
use super::letters::Letters;
use super::management::{Flooding, Job, Managed};

/// The results of a run.
#[derive(Clone, Debug)]
pub struct Run {
    pub history: Vec<Op>,
    pub injected: Vec<InjectedRecord>,
    pub rounds: Vec<Round>,
    pub endings: Vec<Ending>,
    /// What the operator asked for.
    pub managed: Vec<Managed>,
    /// The replays, as they were shown last.
    pub jobs: Vec<Job>,
    pub floods: Vec<Flooding>,
    pub evidence: Evidence,
}

/// The input of a check: a run, what its topic must have resulted in, and what its dead-letter topic says.
#[derive(Debug)]
pub struct Case<'a> {
    pub run: &'a Run,
    pub reference: Reference<'a>,
    pub letters: Letters<'a>,
}

impl<'a> Case<'a> {
    /// The case of that run.
    pub fn of(run: &'a Run) -> Self {
        Self {
            run,
            reference: Reference::of(&run.evidence),
            letters: Letters::of(&run.evidence),
        }
    }
}

/// The findings of a check.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many things were looked at.
    pub checked: usize,
    /// What is wrong, one sentence each.
    pub wrong: Vec<String>,
}

impl Findings {
    /// Counts one thing as checked, and as wrong if there is a message.
    fn look(&mut self, wrong: Option<String>) {
        self.checked += 1;
        self.wrong.extend(wrong);
    }

    /// Whether the check passes. A check that looked at nothing proves nothing; that is allowed only if faults were
    /// selected.
    pub fn hold(&self, chosen: bool) -> bool {
        self.wrong.is_empty() && (self.checked > 0 || chosen)
    }
}

/// A check: its name, what it counts, and its function.
pub type Check = (&'static str, &'static str, fn(&Case<'_>) -> Findings);

/// All checks.
pub const CHECKS: [Check; 29] = [
    (
        "every acknowledged write is in the topic, as it was acknowledged",
        "writes",
        writes::are_in_the_topic,
    ),
    ("every event was requested", "events", events::were_requested),
    (
        "no request was applied that its client considered without effect",
        "failed writes",
        events::of_failed_requests_lost,
    ),
    (
        "every unknown outcome was resolved in the end",
        "unknown requests",
        keys::are_resolved,
    ),
    (
        "the partition and offset in an answer hold that event",
        "answers",
        writes::are_where_the_answers_say,
    ),
    (
        "acknowledged writes of an order keep their real-time order",
        "writes",
        writes::keep_their_order,
    ),
    (
        "each version of an order has one winner, and the losers were told",
        "versions",
        writes::have_one_winner,
    ),
    (
        "the read model equals the reference fold",
        "orders",
        model::equals_the_fold,
    ),
    (
        "every record below the stored offset is counted once",
        "records",
        model::counts_every_record_once,
    ),
    (
        "the dead letters equal the poisoned records, byte for byte",
        "records",
        dead_letters::are_the_poisoned_records,
    ),
    (
        "the dead-letter index lists each exactly once, in its state",
        "dead letters",
        dead_letters::are_listed_once,
    ),
    (
        "a replayed dead letter is on the topic exactly once, and has a mark",
        "replays",
        replays::are_on_the_topic_once,
    ),
    (
        "only open dead letters were replayed, three times at most, to their topic",
        "replays",
        replays::are_of_open_dead_letters,
    ),
    (
        "a replayed record equals the rejected one, byte for byte",
        "replays",
        replays::are_the_rejected_records,
    ),
    (
        "every replay and discard was asked for, and told the number",
        "requests and marks",
        replays::were_asked_for,
    ),
    ("a replay that was started ends, or says why not", "replays", jobs::end),
    (
        "a replay tells what became of its records",
        "replays",
        jobs::tell_what_became_of_the_records,
    ),
    (
        "a partition with too many dead letters stays paused until it is resumed",
        "floods",
        floods::pause_until_resumed,
    ),
    (
        "no reader saw an order's version decrease",
        "reads",
        reads::never_decrease,
    ),
    ("readers saw only applied events", "reads", reads::show_applied_events),
    (
        "a write is visible in time while no fault is active",
        "reads",
        reads::see_writes_in_time,
    ),
    ("lag returns to 0 after each heal", "rounds", processes::lag_returns),
    ("one key and order produce one event", "keys", keys::make_one_event),
    (
        "a repeated request gets the first answer again",
        "repeats",
        repeats::get_the_first_answer,
    ),
    (
        "so does a late repeat, after copies of its event",
        "repeats",
        repeats::get_the_first_answer_after_copies,
    ),
    (
        "an update with If-Match was decided on that version",
        "updates",
        keys::if_match_holds,
    ),
    (
        "every answer is allowed by the contract",
        "answers",
        answers::are_of_the_contract,
    ),
    (
        "no refusal contradicts what held throughout",
        "refusals",
        answers::are_true_refusals,
    ),
    (
        "processes ended only when told to, with 0 after SIGTERM",
        "ends",
        processes::end_as_they_should,
    ),
];

impl Run {
    /// The findings of every check.
    pub fn check(&self) -> Vec<(&'static Check, Findings)> {
        let case = Case::of(self);
        CHECKS.iter().map(|check| (check, check.2(&case))).collect()
    }
}
