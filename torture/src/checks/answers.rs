//! Which answers are allowed at all, and whether refusals were correct. A refusal is judged only if the acknowledged
//! writes and the topic leave no doubt.

use std::collections::BTreeMap;

use super::writes::acknowledged;
use super::{Case, Findings};
use crate::decode::Event;
use crate::fold::{Outcome, can_transition_to};
use crate::history::{Action, KEY, Op};

/// Every answer is one that the contract allows: a success, a refusal, "not now", "unknown", or no answer.
pub fn are_of_the_contract(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for op in &case.run.history {
        let known = matches!(op.status, None | Some(200..=299 | 400..=499 | 503 | 504));
        findings.look((!known).then(|| format!("{}: {}", op.name(), op.answer)));
    }
    for asked in &case.run.managed {
        let known = matches!(asked.status, None | Some(200 | 202 | 503));
        let told = || format!("{} {}: {:?}: {}", asked.path, asked.body, asked.status, asked.answer);
        findings.look((!known).then(told));
    }
    findings
}

/// What is known about the orders and keys.
struct Known<'a> {
    /// The acknowledged events of each order, with the time by which each existed.
    there: BTreeMap<&'a str, Vec<(u64, &'a Event)>>,
    /// The applied events of each order, with the time before which each did not exist: when it was first requested.
    applied: BTreeMap<&'a str, Vec<(u64, &'a Event)>>,
    /// The requests of each key.
    keys: BTreeMap<&'a str, Vec<&'a Op>>,
}

impl<'a> Known<'a> {
    fn of(case: &'a Case<'_>) -> Self {
        let mut keys: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
        for op in case.run.history.iter().filter(|op| op.is_write()) {
            keys.entry(op.key.as_deref().unwrap_or_default()).or_default().push(op);
        }
        let mut there: BTreeMap<&str, Vec<(u64, &Event)>> = BTreeMap::new();
        for (op, told) in acknowledged(case) {
            let found = told.and_then(|told| case.reference.find(&told.event_id.to_string()));
            if let Some(event) = found.and_then(|(judged, applied)| judged.event.as_ref().filter(|_| applied)) {
                there.entry(&event.order.id).or_default().push((op.ended, event));
            }
        }
        let mut applied: BTreeMap<&str, Vec<(u64, &Event)>> = BTreeMap::new();
        for (judged, event) in case.reference.events() {
            if matches!(judged.outcome, Outcome::Applied { .. }) {
                let asked = keys.get(judged.record.header(KEY).as_str());
                let asked = asked.and_then(|ops| ops.iter().map(|op| op.begun).min());
                // An event that nobody requested may have existed at any time.
                applied
                    .entry(&event.order.id)
                    .or_default()
                    .push((asked.unwrap_or(0), event));
            }
        }
        Self { there, applied, keys }
    }

    /// Whether the order certainly existed when that request began.
    fn existed(&self, op: &Op) -> bool {
        let mut there = self.there.get(op.order.as_str()).into_iter().flatten();
        there.any(|(by, _)| *by < op.begun)
    }

    /// The event that was certainly the order's current one from before that request began until after it was answered.
    fn current(&self, op: &Op) -> Option<&'a Event> {
        let there = self.there.get(op.order.as_str())?.iter();
        let before = there.filter(|(by, _)| *by < op.begun).map(|(_, event)| *event);
        let current = before.max_by_key(|event| event.order.version)?;
        let mut applied = self.applied.get(op.order.as_str()).into_iter().flatten();
        let is_later = |(not_before, event): &(u64, &Event)| {
            event.order.version <= current.order.version || *not_before > op.ended
        };
        applied.all(is_later).then_some(current)
    }
}

/// No refusal contradicts what was true from its request to its answer.
pub fn are_true_refusals(case: &Case<'_>) -> Findings {
    let (mut findings, known) = (Findings::default(), Known::of(case));
    for op in case.run.history.iter().filter(|op| op.is_write()) {
        let Some(wrong) = contradiction(case, &known, op) else {
            continue;
        };
        findings.look(wrong.map(|wrong| format!("{}: {wrong}", op.name())));
    }
    findings
}

/// What a refusal contradicts, if anything; `None` for any other answer, or if nothing is certain.
fn contradiction(case: &Case<'_>, known: &Known<'_>, op: &Op) -> Option<Option<String>> {
    let contradicts = |is_so: bool, what: &str| Some(is_so.then(|| what.to_owned()));
    match (op.status?, &op.action) {
        (404, Action::Update { .. }) => contradicts(known.existed(op), "a write of that order was acknowledged before"),
        (409, Action::Create { .. }) => {
            let exists = case.reference.current.contains_key(&op.order);
            contradicts(!exists, "the topic has no event of that order")
        }
        (409, Action::Update { status, .. }) => {
            let current = known.current(op)?;
            let from = current.order.status;
            contradicts(
                can_transition_to(from, status),
                &format!("the order was {from} throughout"),
            )
        }
        (412, Action::Update { if_match, .. }) => {
            let version = known.current(op)?.order.version;
            let is_so = if_match.is_none_or(|asked| asked == version);
            contradicts(is_so, "the order had that version throughout")
        }
        (422, _) => {
            let ops = known.keys.get(op.key.as_deref().unwrap_or_default())?;
            let is_same = |other: &Op| other.order == op.order && other.action.is_same_request(&op.action);
            contradicts(ops.iter().all(|other| is_same(other)), "no other request used its key")
        }
        _ => None,
    }
}
