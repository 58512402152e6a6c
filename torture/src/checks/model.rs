//! What order-service returns and counts, compared with the reference fold.

use std::collections::BTreeSet;

use super::{Case, Findings};
use crate::fold::Outcome;
use crate::order_view;
use testbed::api_types::Outcomes;

/// Every order is returned as the reference has it, and no other order is.
pub fn equals_the_fold(case: &Case<'_>) -> Findings {
    let (mut findings, evidence) = (Findings::default(), &case.run.evidence);
    let listed: BTreeSet<&str> = evidence.ids.iter().map(String::as_str).collect();
    for (id, event) in case.reference.orders() {
        let wrong = match evidence.details.get(id) {
            _ if !listed.contains(id) => Some("is not listed".to_owned()),
            None => Some("is not found".to_owned()),
            Some(shown) if shown.event_id.map(|id| id.to_string()).as_deref() != Some(&event.event_id) => {
                Some(format!(
                    "is returned with event {:?} instead of {}",
                    shown.event_id, event.event_id
                ))
            }
            Some(shown) => order_view::difference_of_details(shown, &event.order),
        };
        findings.look(wrong.map(|wrong| format!("order {id} {wrong}")));
    }
    let made_up = listed.iter().filter(|id| !case.reference.current.contains_key(**id));
    findings
        .wrong
        .extend(made_up.map(|id| format!("order {id} is listed, and the topic does not have it")));
    let (counted, orders) = (evidence.stats.orders, case.reference.current.len());
    if counted != orders as u64 || evidence.ids.len() != listed.len() {
        let ids = evidence.ids.len();
        findings
            .wrong
            .push(format!("{orders} orders in the topic, {counted} counted, {ids} listed"));
    }
    findings
}

/// Every partition's counts equal those of the reference, over all records below the position read to.
pub fn counts_every_record_once(case: &Case<'_>) -> Findings {
    let (mut findings, stats) = (Findings::default(), &case.run.evidence.stats);
    for partition in 0..case.run.evidence.partitions {
        let Some(seen) = stats.partitions.iter().find(|seen| seen.partition == partition) else {
            findings.wrong.push(format!("partition {partition} is not counted"));
            continue;
        };
        let mut counts = Outcomes::default();
        let lies_below = |place: (i32, i64)| place.0 == partition && place.1 < seen.position;
        for judged in case
            .reference
            .judged
            .iter()
            .filter(|judged| lies_below(judged.record.place()))
        {
            findings.checked += 1;
            match judged.outcome {
                Outcome::Applied { gap } => {
                    counts.applied += 1;
                    counts.gaps += u64::from(gap);
                }
                Outcome::Duplicate => counts.duplicate += 1,
                Outcome::Superseded => counts.superseded += 1,
                Outcome::Ignored => counts.ignored += 1,
                Outcome::Invalid(_) => counts.dead_lettered += 1,
            }
        }
        if counts != seen.outcomes {
            findings.wrong.push(format!(
                "partition {partition} has {counts:?}, counted as {:?}",
                seen.outcomes
            ));
        }
    }
    let summed = stats.partitions.iter().map(|seen| seen.outcomes.records()).sum::<u64>();
    if summed != stats.records || summed != stats.totals.records() {
        findings.wrong.push(format!(
            "{summed} records in the partitions, {} in total: {:?}",
            stats.records, stats.totals
        ));
    }
    findings
}
