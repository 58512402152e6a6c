//! The events in the topic, compared with the requests.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::{Case, Findings};
use crate::decode::{Event, Order};
use crate::faults::Fault;
use crate::fold::{JudgedRecord, Outcome, is_barrier};
use crate::history::{Action, Class, KEY, Op};
use crate::injector::COPY;
use crate::{conclusion, order_view};

/// Key and value of a record.
type Content<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// The requests, by order.
pub struct Asked<'a> {
    ops: BTreeMap<&'a str, Vec<&'a Op>>,
    /// Keys and values of records written behind the services' backs.
    injected: HashSet<Content<'a>>,
}

impl<'a> Asked<'a> {
    /// What clients requested, and what was written behind the services' backs.
    pub fn of(case: &'a Case<'_>) -> Self {
        let mut ops: BTreeMap<&str, Vec<&Op>> = BTreeMap::new();
        for op in case.run.history.iter().filter(|op| op.is_write()) {
            ops.entry(&op.order).or_default().push(op);
        }
        let made = case.run.injected.iter().filter(|injected| injected.kind != COPY);
        Self {
            ops,
            injected: made
                .map(|injected| (injected.key.as_deref(), injected.value.as_deref()))
                .collect(),
        }
    }

    /// Whether a record was written behind the services' backs and is not a copy.
    pub fn is_foreign(&self, judged: &JudgedRecord<'_>) -> bool {
        self.injected
            .contains(&(judged.record.key.as_deref(), judged.record.value.as_deref()))
    }

    /// The requests that an event may result from.
    fn causes(&self, case: &Case<'_>, judged: &JudgedRecord<'_>, event: &Event) -> Vec<&'a Op> {
        let key = judged.record.header(KEY);
        let ops = self.ops.get(event.order.id.as_str()).into_iter().flatten().copied();
        // An event without its key is reported by another check.
        ops.filter(|op| (key.is_empty() || op.key.as_ref() == Some(&key)) && fits(case, op, event))
            .collect()
    }
}

/// Whether that request asks for such an event.
fn fits(case: &Case<'_>, op: &Op, event: &Event) -> bool {
    let order = &event.order;
    match &op.action {
        Action::Create { body } => event.kind == 0 && order.version == 1 && order.status == "new" && holds(body, order),
        Action::Update { status, .. } => {
            let previous = event.previous.as_ref().and_then(|id| case.reference.find(id));
            let before = previous
                .and_then(|(judged, _)| judged.event.as_ref())
                .map(|event| &event.order);
            // Only status and version change after creation.
            let kept = Order {
                version: order.version - 1,
                status: before.map_or("", |before| before.status),
                ..order.clone()
            };
            event.kind == 1
                && order.version > 1
                && order.status == status
                && before.is_none_or(|before| *before == kept)
        }
        Action::Read { .. } => false,
    }
}

/// Whether an order matches the body of its creation.
fn holds(body: &str, order: &Order) -> bool {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(count) = body["itemsCount"].as_u64() {
        return order.items.len() as u64 == count;
    }
    let decimals = crate::fold::decimals(&order.currency).unwrap_or(0);
    let line = |item: &Value| {
        let price = order_view::minor(&item["price"].to_string(), decimals);
        (
            item["itemId"].as_str().map(str::to_owned),
            item["quantity"].as_i64(),
            price,
        )
    };
    let asked = body["items"].as_array().into_iter().flatten().map(line);
    let items = order
        .items
        .iter()
        .map(|item| (Some(item.id.clone()), Some(item.quantity.into()), Some(item.price)));
    body["customerId"] == order.customer.as_str() && body["currency"] == order.currency.as_str() && asked.eq(items)
}

/// Each event was requested (by the request that was told of it, if any), and appears once unless it was copied.
pub fn were_requested(case: &Case<'_>) -> Findings {
    let (mut findings, asked) = (Findings::default(), Asked::of(case));
    let mut told: BTreeMap<String, &Op> = BTreeMap::new();
    for op in case
        .run
        .history
        .iter()
        .filter(|op| op.is_write() && (op.status == Some(201) || op.status == Some(504)))
    {
        let answer: Value = serde_json::from_str(&op.answer).unwrap_or_default();
        if let Some(id) = answer["eventId"].as_str().filter(|_| !op.replayed) {
            told.insert(id.to_owned(), op);
        }
    }
    for judged in case
        .reference
        .judged
        .iter()
        .filter(|judged| !matches!(judged.outcome, Outcome::Invalid(_)))
    {
        let place = judged.record.place();
        // With several brokers, cart-service writes such records to check that the partition's replicas acknowledge.
        let is_barrier = case.run.evidence.brokers > 1 && is_barrier(judged.record);
        if is_barrier || asked.is_foreign(judged) {
            findings.look(None);
            continue;
        }
        let Some(event) = &judged.event else {
            findings.look(Some(format!(
                "the record without a value at {place:?} was not written by anyone"
            )));
            continue;
        };
        let causes = asked.causes(case, judged, event);
        let claimed = told.get(&event.event_id);
        let wrong = if causes.is_empty() {
            Some("was not requested by anyone".to_owned())
        } else if let Some(op) = claimed.filter(|op| !causes.iter().any(|cause| cause.key == op.key)) {
            Some(format!("is not what {} requested", op.name()))
        } else {
            copied(case, judged, event, &causes)
        };
        findings.look(wrong.map(|wrong| format!("event {} at {place:?}, {:?}: {wrong}", event.event_id, event.order)));
    }
    findings
}

/// What is wrong with a further copy of an event.
fn copied(case: &Case<'_>, judged: &JudgedRecord<'_>, event: &Event, causes: &[&Op]) -> Option<String> {
    let copies = case.reference.copies.get(&event.event_id)?;
    let (first, record) = (case.reference.judged[*copies.first()?].record, judged.record);
    let place = |n: &usize| case.reference.judged[*n].record.place();
    // Which copy this is, counting from 1; the event itself is not a copy.
    let count = copies.iter().position(|n| place(n) == record.place())?;
    if count == 0 {
        return None;
    }
    let copied = case.run.injected.iter().filter(|injected| injected.kind == COPY);
    let copied = copied
        .filter(|copy| copy.value == record.value && copy.key == record.key)
        .count();
    if count > copied + usize::from(may_be_sent_again(case, causes)) {
        let first = first.place();
        return Some(format!(
            "is copy {count} of what is at {first:?}, which was copied {copied} times"
        ));
    }
    let same = (&record.value, &record.headers) == (&first.value, &first.headers);
    (!same).then(|| format!("differs from its first copy at {:?}", first.place()))
}

/// Whether the client library may have sent an event twice: when a broker is silent for longer than the delivery
/// timeout, the library starts a new epoch, and the broker cannot tell the resent event from a new one (librdkafka,
/// "Idempotent Producer", `rd_kafka_idemp_drain_epoch_bump`). Every reader treats the second one as a duplicate.
fn may_be_sent_again(case: &Case<'_>, causes: &[&Op]) -> bool {
    let mut rounds = case.run.rounds.iter();
    rounds.any(|round| {
        round.faults.iter().any(Fault::silences_a_broker) && causes.iter().any(|op| round.meets(op.begun, op.ended))
    })
}

/// No applied event resulted from a request that its client considered without effect: all of its attempts were
/// refused, or answered "not now", or the same request was refused when it was sent again after an attempt with an
/// unknown outcome.
pub fn of_failed_requests_lost(case: &Case<'_>) -> Findings {
    let (mut findings, asked) = (Findings::default(), Asked::of(case));
    findings.checked = asked
        .ops
        .values()
        .flatten()
        .filter(|op| op.class == Class::Fail)
        .count();
    for (judged, event) in case.reference.events() {
        if !matches!(judged.outcome, Outcome::Applied { .. }) || asked.is_foreign(judged) {
            continue;
        }
        let causes = asked.causes(case, judged, event);
        // A client that is told of an event a second time did not create it.
        let names = |op: &Op| {
            op.written()
                .is_some_and(|told| told.event_id.to_string() == event.event_id)
        };
        let may_have_made_it = |op: &&Op| match op.class {
            Class::Ok => !op.replayed && names(op),
            Class::Unknown => !conclusion::is_closed(op, &causes),
            Class::Fail => false,
        };
        if let Some(op) = causes.iter().rfind(|op| op.class == Class::Fail)
            && !causes.iter().any(may_have_made_it)
        {
            let place = judged.record.place();
            findings.wrong.push(format!(
                "{}: its event {} at {place:?} was applied",
                op.name(),
                event.event_id
            ));
        }
    }
    findings
}
