//! The checks: each is one pure function over what a run has left, and says how much it looked at and what is wrong.

mod answers;
mod events;
mod keys;
mod letters;
mod model;
mod processes;
mod reads;
mod repeats;
mod writes;

use super::evidence::Evidence;
use super::fold::Reference;
use super::history::{Ending, Foreign, Op, Round};

/// What a run has left.
#[derive(Clone, Debug)]
pub struct Run {
    pub history: Vec<Op>,
    pub foreign: Vec<Foreign>,
    pub rounds: Vec<Round>,
    pub endings: Vec<Ending>,
    pub evidence: Evidence,
}

/// What a check sees: a run, and what its topic must have done.
#[derive(Debug)]
pub struct Case<'a> {
    pub run: &'a Run,
    pub reference: Reference<'a>,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many things were looked at.
    pub checked: usize,
    /// What is wrong, each in one sentence.
    pub wrong: Vec<String>,
}

impl Findings {
    /// Counts one thing, which is wrong when it says so.
    fn look(&mut self, wrong: Option<String>) {
        self.checked += 1;
        self.wrong.extend(wrong);
    }

    /// Whether the check holds. One that looked at nothing shows nothing, which only a run with chosen faults may do.
    pub fn hold(&self, chosen: bool) -> bool {
        self.wrong.is_empty() && (self.checked > 0 || chosen)
    }
}

/// A check: its name, what it counts, and what it does.
pub type Check = (&'static str, &'static str, fn(&Case<'_>) -> Findings);

/// All checks.
pub const CHECKS: [Check; 22] = [
    (
        "every acknowledged write is in the topic, as it was answered",
        "writes",
        writes::are_in_the_topic,
    ),
    (
        "every event was asked for by somebody",
        "events",
        events::were_asked_for,
    ),
    (
        "no request was applied that its client took for one without effect",
        "failed writes",
        events::of_failed_requests_lost,
    ),
    (
        "what became of a request was found out in the end",
        "unknown requests",
        keys::are_found_out,
    ),
    (
        "an answered partition and offset hold that event",
        "answers",
        writes::lie_where_they_were_said_to,
    ),
    (
        "acknowledged writes of an order keep their real-time order",
        "writes",
        writes::keep_their_order,
    ),
    (
        "one winner for each version of an order, and the losers know",
        "versions",
        writes::have_one_winner,
    ),
    (
        "the read model is what the reference fold says",
        "orders",
        model::is_what_the_fold_says,
    ),
    (
        "every record below the stored offset is counted once",
        "records",
        model::counts_every_record_once,
    ),
    (
        "the dead letters are the poisoned records, byte for byte",
        "records",
        letters::are_the_poisoned_records,
    ),
    (
        "the index of dead letters lists each once",
        "dead letters",
        letters::are_listed_once,
    ),
    (
        "no reader saw an order's version go back",
        "reads",
        reads::never_go_back,
    ),
    (
        "readers saw only what was applied",
        "reads",
        reads::show_what_was_applied,
    ),
    (
        "a write is visible in time when nothing is amiss",
        "reads",
        reads::see_writes_in_time,
    ),
    ("lag returns to 0 after each heal", "rounds", processes::lag_returns),
    ("one key and order make one event", "keys", keys::make_one_event),
    (
        "a request that is sent again is answered as at first",
        "repeats",
        repeats::are_answered_as_at_first,
    ),
    (
        "so is one that is sent late, after copies of its event",
        "repeats",
        repeats::are_answered_so_after_copies,
    ),
    (
        "an update with If-Match was decided on that version",
        "updates",
        keys::if_match_holds,
    ),
    (
        "every answer was one of the contract",
        "answers",
        answers::are_of_the_contract,
    ),
    (
        "no refusal contradicts what was so all the while",
        "refusals",
        answers::that_refuse_are_true,
    ),
    (
        "processes ended only when they were ended, by SIGTERM with 0",
        "ends",
        processes::end_as_they_should,
    ),
];

impl Run {
    /// What every check finds.
    pub fn check(&self) -> Vec<(&'static Check, Findings)> {
        let case = Case {
            run: self,
            reference: Reference::of(&self.evidence),
        };
        CHECKS.iter().map(|check| (check, check.2(&case))).collect()
    }
}
