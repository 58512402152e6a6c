//! Idempotency-Key and If-Match: what the headers of a request promise.

use std::collections::BTreeMap;

use super::super::fold::Fate;
use super::super::history::{Action, Class, Op};
use super::events::{Asked, KEY};
use super::writes::acknowledged;
use super::{Case, Findings};

/// A key makes at most one applied event of an order; who asks again with it is told of that event, or is refused.
pub fn make_one_event(case: &Case<'_>) -> Findings {
    let (mut findings, asked) = (Findings::default(), Asked::of(case));
    let mut applied: BTreeMap<(String, &str), Vec<&str>> = BTreeMap::new();
    for (judged, event) in case.reference.events() {
        let key = judged.record.header(KEY);
        // Clients always send one. That a copy is like its first one is another check's finding.
        let (id, place) = (&event.event_id, judged.record.place());
        let is_first = case
            .reference
            .find(id)
            .is_some_and(|(first, _)| first.record.place() == place);
        if key.is_empty() && is_first && !asked.is_foreign(judged) {
            findings
                .wrong
                .push(format!("event {id} at {place:?} lies without its key"));
        }
        if matches!(judged.fate, Fate::Applied { .. }) && !key.is_empty() {
            applied.entry((key, &event.order.id)).or_default().push(&event.event_id);
        }
    }
    for ((key, order), events) in applied.iter().filter(|(_, events)| events.len() > 1) {
        findings
            .wrong
            .push(format!("key {key} of order {order} made the events {events:?}"));
    }
    let mut keys: BTreeMap<(&str, &str), Vec<&Op>> = BTreeMap::new();
    for op in case.run.history.iter().filter(|op| op.is_write()) {
        keys.entry((op.key.as_deref().unwrap_or_default(), &op.order))
            .or_default()
            .push(op);
    }
    for ((key, order), ops) in &keys {
        let event = applied
            .get(&((*key).to_owned(), *order))
            .and_then(|events| events.first().copied());
        findings.look(ops.iter().find_map(|op| wrong(case, op, ops, event)));
    }
    findings
}

/// What is wrong with an answer, given all requests of its key, and the event that the key made.
fn wrong(case: &Case<'_>, op: &Op, ops: &[&Op], event: Option<&str>) -> Option<String> {
    let named = |op: &Op| op.written().map(|told| told.event_id.to_string());
    // A success names the event of its key, unless the order was so already and nothing was written.
    let is_own =
        |op: &Op| op.class == Class::Ok && (op.status == Some(201) || op.replayed || named(op).as_deref() == event);
    // One that is not in the topic at all is another check's finding.
    let lies = |op: &Op| named(op).is_some_and(|id| case.reference.find(&id).is_some());
    if is_own(op) && lies(op) && named(op).as_deref() != event {
        return Some(format!(
            "{}: named {:?}, but its key made {event:?}",
            op.name(),
            named(op)
        ));
    }
    let first = ops.iter().find(|first| is_own(first) && first.ended < op.begun)?;
    let is_same = op.action.is_same_request(&first.action);
    let is_as_it_must = match op.class {
        Class::Ok => op.replayed && is_same && named(op) == named(first),
        Class::Fail => op.status == Some(503) || (op.status == Some(422) && !is_same),
        Class::Unknown => true,
    };
    (!is_as_it_must).then(|| format!("{} came after {} with the same key", op.name(), first.name()))
}

/// An update that named a version was decided on that one.
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
            // One more, or the same when the order was so already.
            let got = told.order.version;
            let fits = got == version + 1 || got == *version;
            findings
                .look((!fits).then(|| format!("{}: wanted version {version}, was decided on {}", op.name(), got - 1)));
        }
    }
    findings
}
