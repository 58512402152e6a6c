//! What readers of order-service saw.

use std::collections::BTreeMap;

use super::{Case, Findings};
use crate::history::{Action, After, Class, Op};
use crate::order_view;
use testbed::api_types::Order;

/// Longest time until an acknowledged write is visible while no fault is active, in microseconds. Milliseconds are
/// usual; this bound allows for a debug build on a busy machine.
const MAX_DELAY_US: u64 = 5_000_000;

fn reads<'a>(case: &'a Case<'_>) -> impl Iterator<Item = (&'a Op, Option<&'a After>)> {
    case.run.history.iter().filter_map(|op| match &op.action {
        Action::Read { after } => Some((op, after.as_ref())),
        _ => None,
    })
}

fn shown(op: &Op) -> Option<Order> {
    serde_json::from_str(&op.answer).ok().filter(|_| op.class == Class::Ok)
}

/// A read that follows an answer sees the same version or a newer one, and never less than the version it asked for.
pub fn never_decrease(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    let mut orders: BTreeMap<&str, Vec<(&Op, i32)>> = BTreeMap::new();
    for (op, after) in reads(case) {
        // Not found is version 0.
        let version = shown(op)
            .map(|order| order.version)
            .or((op.status == Some(404)).then_some(0));
        let Some(version) = version else { continue };
        if let Some(after) = after.filter(|after| version < after.version) {
            findings.wrong.push(format!(
                "{} saw version {version} instead of {}",
                op.name(),
                after.version
            ));
        }
        orders.entry(&op.order).or_default().push((op, version));
    }
    for reads in orders.values() {
        for (op, version) in reads {
            let earlier = reads.iter().filter(|(other, _)| other.ended < op.begun);
            let newest = earlier
                .max_by_key(|(_, version)| *version)
                .filter(|(_, newest)| newest > version);
            let newest = newest.map(|(other, newest)| {
                format!(
                    "{} saw version {version}, but {} had seen {newest}",
                    op.name(),
                    other.name()
                )
            });
            findings.look(newest);
        }
    }
    findings
}

/// Everything that was returned had been applied, and was returned unchanged.
pub fn show_applied_events(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for (op, _) in reads(case).filter(|(op, _)| op.class == Class::Ok) {
        let order = shown(op);
        let id = order
            .as_ref()
            .and_then(|order| order.event_id)
            .map(|id| id.to_string())
            .unwrap_or_default();
        let found = case
            .reference
            .find(&id)
            .and_then(|(judged, applied)| Some((judged.event.as_ref()?, applied)));
        let wrong = match (order, found) {
            (Some(order), Some((event, true))) => order_view::difference_of_details(&order, &event.order),
            (Some(_), Some((_, false))) => Some("was not applied".to_owned()),
            _ => Some("is not in the topic".to_owned()),
        };
        findings.look(wrong.map(|wrong| format!("{}: event {id} {wrong}", op.name())));
    }
    findings
}

/// A read that waits for an acknowledged write sees it in time, if no fault was active in between.
pub fn see_writes_in_time(case: &Case<'_>) -> Findings {
    let mut findings = Findings::default();
    for (op, after) in reads(case) {
        let Some(after) = after.filter(|after| is_calm(case, after.told, op.ended)) else {
            continue;
        };
        let took = op.ended.saturating_sub(after.told);
        let wrong = op.class != Class::Ok || took > MAX_DELAY_US;
        findings.look(wrong.then(|| format!("{}: {} ms after the write: {}", op.name(), took / 1000, op.answer)));
    }
    findings
}

/// Whether no fault was active, or being recovered from, at any time between the two.
fn is_calm(case: &Case<'_>, from: u64, to: u64) -> bool {
    case.run.rounds.iter().all(|round| {
        let over = round.settled.as_ref().copied().unwrap_or(u64::MAX);
        to < round.begun || from > over
    })
}
