//! Tests of the checker: when a good run is changed in one way, exactly the check for that change fails.

pub mod good_run;
mod letters;
mod model;
mod mutations;
pub mod sample;

use std::ops::Range;

use super::checks::{CHECKS, Run};
use super::faults::{Fault, Target};
use super::history::{KEY, Round};
use testbed::log::Record;

/// While the update to A's version 3 is under way, which is never answered.
const BETWEEN: Range<u64> = 11_000_000..12_000_000;

fn failing(run: &Run) -> Vec<(&'static str, Vec<String>)> {
    let checked = run.check().into_iter().filter(|(_, findings)| !findings.hold(false));
    checked.map(|((name, ..), findings)| (*name, findings.wrong)).collect()
}

#[test]
fn a_good_run_passes_every_check_and_every_check_looks_at_something() {
    for ((name, ..), findings) in good_run::run().check() {
        assert_eq!(findings.wrong, Vec::<String>::new(), "{name}");
        assert!(findings.checked > 0, "{name}");
    }
}

#[test]
fn a_dead_letter_may_exist_twice_if_its_sender_was_killed_meanwhile() {
    let mut run = good_run::run();
    let copy = run.evidence.dead_letters[0].clone();
    run.evidence.dead_letters.push(Record { offset: 99, ..copy });
    run.rounds[0].faults.push(Fault::Kill(Target::Order));
    assert_eq!(failing(&run), []);
}

#[test]
fn an_event_may_exist_once_more_if_the_broker_was_silent_meanwhile() {
    let mut run = good_run::run();
    let event = run.record(b"E").clone();
    let key = event.header(KEY);
    run.append("E", event.value, event.headers);
    run.derive();
    assert_eq!(failing(&run).len(), 1);
    let asked = run
        .history
        .iter()
        .find(|op| op.key.as_ref() == Some(&key))
        .expect("a request");
    let (begun, ended) = (asked.begun, asked.ended);
    run.rounds.push(Round {
        faults: vec![Fault::Suspend(Target::Broker)],
        begun,
        healed: ended,
        settled: Ok(ended),
    });
    assert_eq!(failing(&run), []);
}

#[test]
fn a_refusal_is_not_judged_if_the_order_may_have_changed_meanwhile() {
    let mut run = good_run::run();
    let refused = |status, condition| {
        sample::op(
            "A",
            sample::update("confirmed", condition),
            Some("r"),
            BETWEEN,
            Some(status),
            "no".to_owned(),
        )
    };
    run.history.extend([refused(409, None), refused(412, Some(2))]);
    assert_eq!(failing(&run), []);
    // If the unanswered update only began later, the order is certainly at version 2.
    let unknown = run.history.iter_mut().find(|op| op.key.as_deref() == Some("a3"));
    let unknown = unknown.expect("a request");
    (unknown.begun, unknown.ended) = (BETWEEN.end + 1, BETWEEN.end + 2);
    let failing: Vec<_> = failing(&run).into_iter().map(|(_, wrong)| wrong.len()).collect();
    assert_eq!(failing, [2]);
}

#[test]
fn each_mutation_makes_exactly_the_right_check_fail() {
    for (mutation, expected, mutate) in mutations::all() {
        let mut run = good_run::run();
        mutate(&mut run);
        let failing = failing(&run);
        let names: Vec<_> = failing.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, [*expected], "{mutation}: {failing:#?}");
    }
}

#[test]
fn every_check_is_needed_by_a_mutation() {
    for (check, ..) in &CHECKS {
        assert!(mutations::all().any(|(_, expected, _)| expected == check), "{check}");
    }
}
