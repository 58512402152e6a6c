//! Spoiled answers to repeats of acknowledged requests.

use super::{KEYS, LATE, LATER, Mutation, REPEATED};
use crate::history::Op;
use crate::tests::sample::{create, op, update};

pub const MUTATIONS: &[Mutation] = &[
    ("a key produces two events", KEYS, |run| {
        run.event_of("a4").headers[0].1 = Some(b"a3".to_vec());
        run.op("a4").key = Some("a3".to_owned());
    }),
    ("a key that succeeded is refused", REPEATED, |run| {
        run.refuse("C", create("C"), "c1", 409)
    }),
    (
        "another request with a key that succeeded is carried out",
        REPEATED,
        |run| {
            let answer = run.op("a4").answer.clone();
            run.history
                .push(op("A", update("shipped", None), Some("a2"), LATER, Some(200), answer));
        },
    ),
    ("a repeat is answered as a new request", REPEATED, |run| {
        run.last("b1").replayed = false
    }),
    (
        "an instance says \"not now\" of a key that it has answered",
        REPEATED,
        |run| run.refuse("C", create("C"), "c1", 503),
    ),
    ("a key is forgotten when a copy of its event is read", LATE, |run| {
        run.refuse("A", create("A"), "a1", 409)
    }),
    ("a late repeat is told the place of the copy", LATE, |run| {
        let copy = run
            .evidence
            .records
            .iter()
            .rfind(|record| record.key.as_deref() == Some(b"A"));
        let copy = copy.expect("a copy").offset;
        let op = run.late_repeat();
        let told = op.written().expect("an answer").offset;
        op.answer = op
            .answer
            .replace(&format!("\"offset\":{told}"), &format!("\"offset\":{copy}"));
    }),
    ("a late repeat of another request is carried out", LATE, |run| {
        let replayed = run.late_repeat().clone();
        run.history.push(Op {
            action: update("new", None),
            ..replayed
        });
    }),
    ("no request is repeated after a copy", LATE, |run| {
        run.history
            .retain(|op| op.key.as_deref() != Some("a1") || op.begun < 45_000_000)
    }),
];
