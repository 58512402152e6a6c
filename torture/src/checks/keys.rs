//! Idempotency-Key and If-Match: what these request headers promise. Repeated requests are checked in
//! [`super::repeats`].

use std::collections::BTreeMap;

use super::events::Asked;
use super::writes::acknowledged;
use super::{Case, Findings};
use crate::conclusion::{self, Conclusion};
use crate::fold::Outcome;
use crate::history::{Action, Class, KEY, Op};

/// The requests of each key and order, in the order in which they were sent.
pub type Keys<'a> = BTreeMap<(&'a str, &'a str), Vec<&'a Op>>;

/// The requests of each key and order.
pub fn of<'a>(case: &'a Case<'_>) -> Keys<'a> {
    let mut keys = Keys::new();
    for op in case.run.history.iter().filter(|op| op.is_write()) {
        keys.entry((op.key.as_deref().unwrap_or_default(), &op.order))
            .or_default()
            .push(op);
    }
    for ops in keys.values_mut() {
        ops.sort_by_key(|op| op.begun);
    }
    keys
}

/// The event id in a success.
pub fn named(op: &Op) -> Option<String> {
    op.written().map(|told| told.event_id.to_string())
}

/// Whether an answer is a success that names the event of its key, or claims to. Where an order already had the
/// requested state, nothing was written, and the answer names another request's event.
pub fn is_own(op: &Op, event: Option<&str>) -> bool {
    op.class == Class::Ok && (op.status == Some(201) || op.replayed || named(op).as_deref() == event)
}

/// The applied events of each key and order.
pub fn applied<'a>(case: &'a Case<'_>) -> BTreeMap<(String, &'a str), Vec<&'a str>> {
    let mut applied: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
    for (judged, event) in case.reference.events() {
        let key = judged.record.header(KEY);
        if matches!(judged.outcome, Outcome::Applied { .. }) && !key.is_empty() {
            applied.entry((key, &event.order.id)).or_default().push(&event.event_id);
        }
    }
    applied
}

/// A key produces at most one applied event of an order, and a client that is told of an event is told of that one.
pub fn make_one_event(case: &Case<'_>) -> Findings {
    let (mut findings, asked) = (Findings::default(), Asked::of(case));
    let applied = applied(case);
    for (judged, event) in case.reference.events() {
        let key = judged.record.header(KEY);
        // Clients always send a key. Another check compares copies with the original.
        let (id, place) = (&event.event_id, judged.record.place());
        let is_first = case
            .reference
            .find(id)
            .is_some_and(|(first, _)| first.record.place() == place);
        if key.is_empty() && is_first && !asked.is_foreign(judged) {
            findings.wrong.push(format!("event {id} at {place:?} lacks its key"));
        }
    }
    for ((key, order), events) in applied.iter().filter(|(_, events)| events.len() > 1) {
        findings
            .wrong
            .push(format!("key {key} of order {order} produced the events {events:?}"));
    }
    for ((key, order), ops) in of(case) {
        let event = applied.get(&(key.to_owned(), order));
        let event = event.and_then(|events| events.first().copied());
        // An event that is missing from the topic is reported by another check.
        let lies = |op: &Op| named(op).is_some_and(|id| case.reference.find(&id).is_some());
        let mut wrong = ops
            .iter()
            .filter(|op| is_own(op, event) && lies(op) && named(op).as_deref() != event);
        findings.look(wrong.next().map(|op| {
            let named = named(op);
            format!("{}: named {named:?}, but its key produced {event:?}", op.name())
        }));
    }
    findings
}

/// For each request with an unknown outcome, the client finds out the outcome in the end, by asking again.
pub fn are_resolved(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for mut attempts in of(case).into_values() {
        while let Some(first) = attempts.first().copied() {
            let (same, others): (Vec<_>, Vec<_>) =
                attempts.iter().partition(|op| op.action.is_same_request(&first.action));
            attempts = others;
            let last = same.iter().rfind(|op| op.class == Class::Unknown);
            let Some(last) = last else { continue };
            let unknown = conclusion::of(&same) == Conclusion::Unknown;
            findings.look(
                unknown.then(|| format!("{}: asked {} times without a definite answer", last.name(), same.len())),
            );
        }
    }
    findings
}

/// An update that named a version was decided on that version.
pub fn if_match_holds(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for (op, told) in acknowledged(case) {
        if let (
            Action::Update {
                if_match: Some(version),
                ..
            },
            Some(told),
        ) = (&op.action, told)
        {
            // One higher, or the same if the order already had the requested state.
            let got = told.order.version;
            let fits = got == version + 1 || got == *version;
            findings.look(
                (!fits).then(|| format!("{}: asked for version {version}, was decided on {}", op.name(), got - 1)),
            );
        }
    }
    findings
}
