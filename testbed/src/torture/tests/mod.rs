//! The checker is checked: of a good run, changed in one way, exactly the check fails that is there for it.

pub mod good_run;
mod model;
mod mutations;
pub mod sample;

use super::checks::{CHECKS, Run};
use super::faults::{Fault, Target};
use crate::log::Record;

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
fn a_dead_letter_may_be_there_twice_when_its_sender_was_killed_meanwhile() {
    let mut run = good_run::run();
    let copy = run.evidence.letters[0].clone();
    run.evidence.letters.push(Record { offset: 99, ..copy });
    run.rounds[0].faults.push(Fault::Kill(Target::Order));
    assert_eq!(failing(&run), []);
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
fn every_check_is_there_for_something() {
    for (check, ..) in &CHECKS {
        assert!(mutations::all().any(|(_, expected, _)| expected == check), "{check}");
    }
}
