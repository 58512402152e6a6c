//! The checks: each is one pure function over the results of a run, and reports how much it checked and what is wrong.

mod answers;
mod dead_letters;
mod events;
mod keys;
mod model;
mod processes;
mod reads;
mod repeats;
mod writes;

use super::evidence::Evidence;
use super::fold::Reference;
use super::history::{Ending, InjectedRecord, Op, Round};

/// The results of a run.
#[derive(Clone, Debug)]
pub struct Run {
    pub history: Vec<Op>,
    pub injected: Vec<InjectedRecord>,
    pub rounds: Vec<Round>,
    pub endings: Vec<Ending>,
    pub evidence: Evidence,
}

/// The input of a check: a run, and what its topic must have resulted in.
#[derive(Debug)]
pub struct Case<'a> {
    pub run: &'a Run,
    pub reference: Reference<'a>,
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
pub const CHECKS: [Check; 22] = [
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
        "the dead-letter index lists each exactly once",
        "dead letters",
        dead_letters::are_listed_once,
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
        let case = Case {
            run: self,
            reference: Reference::of(&self.evidence),
        };
        CHECKS.iter().map(|check| (check, check.2(&case))).collect()
    }
}
