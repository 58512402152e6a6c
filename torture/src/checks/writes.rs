//! The acknowledged writes, compared with the topic.

use std::collections::BTreeMap;

use super::{Case, Findings};
use crate::history::{Action, Class, Op};
use crate::order_view;
use testbed::api_types::Written;

/// The writes that succeeded, with what they were told.
pub fn acknowledged<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (&'a Op, Option<Written>)> {
    let ok = case
        .run
        .history
        .iter()
        .filter(|op| op.is_write() && op.class == Class::Ok);
    ok.map(|op| (op, op.written()))
}

/// Each names an event that is in the topic, and describes it correctly.
pub fn are_in_the_topic(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for (op, told) in acknowledged(case) {
        let found = told
            .as_ref()
            .and_then(|told| case.reference.find(&told.event_id.to_string()));
        let event = found.and_then(|(judged, _)| judged.event.as_ref());
        findings.look(match (&told, event) {
            (None, _) => Some(format!("{}: the answer names no event: {}", op.name(), op.answer)),
            (Some(told), None) => Some(format!(
                "{}: its event {} is not in the topic",
                op.name(),
                told.event_id
            )),
            (Some(told), Some(event)) => {
                let wanted = match &op.action {
                    Action::Update { status, .. } => event.order.status == status,
                    _ => event.order.version == 1,
                };
                let differs = order_view::difference(&told.order, &event.order);
                let differs = differs.or((!wanted).then(|| "is not what was requested".to_owned()));
                differs.map(|differs| format!("{}: event {} {differs}", op.name(), told.event_id))
            }
        });
    }
    findings
}

/// An event is at the partition and offset that the answer gives.
pub fn are_where_the_answers_say(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for (op, told) in acknowledged(case) {
        let Some(told) = told else { continue };
        let (place, id) = ((told.partition, told.offset), told.event_id.to_string());
        // A missing event is reported by another check.
        let Some(copies) = case.reference.copies.get(&id) else {
            continue;
        };
        let is_there = copies.iter().any(|n| case.reference.judged[*n].record.place() == place);
        findings.look((!is_there).then(|| format!("{}: event {id} is not at {place:?}", op.name())));
    }
    findings
}

/// If one write was answered before another one of its order began, its event precedes the other's.
pub fn keep_their_order(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    let mut orders: BTreeMap<&str, Vec<(&Op, i64)>> = BTreeMap::new();
    for (op, told) in acknowledged(case) {
        let found = told.and_then(|told| case.reference.find(&told.event_id.to_string()));
        if let Some((judged, _)) = found {
            orders.entry(&op.order).or_default().push((op, judged.record.offset));
        }
    }
    for writes in orders.values() {
        for (op, offset) in writes {
            // A repeated answer describes the past, not the present.
            let earlier = writes
                .iter()
                .filter(|(other, _)| !op.replayed && other.ended < op.begun);
            let newest = earlier.max_by_key(|(_, offset)| *offset);
            let inverted = newest.filter(|(_, newest)| newest > offset);
            findings.look(
                inverted
                    .map(|(other, _)| format!("{} came after {}, but its event precedes it", op.name(), other.name())),
            );
        }
    }
    findings
}

/// No two different events were both acknowledged for one version of an order, and no loser was acknowledged.
pub fn have_one_winner(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    let mut winners: BTreeMap<(&str, i32), (&Op, Written)> = BTreeMap::new();
    for (op, told) in acknowledged(case) {
        let Some(told) = told else { continue };
        let id = told.event_id.to_string();
        if let Some((judged, false)) = case.reference.find(&id) {
            findings
                .wrong
                .push(format!("{}: event {id} was {:?}", op.name(), judged.outcome));
        }
        let (other, winner) = winners
            .entry((&op.order, told.order.version))
            .or_insert((op, told.clone()));
        if winner.event_id != told.event_id {
            let version = told.order.version;
            findings
                .wrong
                .push(format!("{} and {} both got version {version}", op.name(), other.name()));
        }
    }
    findings.checked = winners.len();
    findings
}
