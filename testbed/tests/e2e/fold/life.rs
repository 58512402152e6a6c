//! Generated records of a few orders: what writers do, what they do when they race, and what broken ones do. The seed is
//! fixed, so that a failure can be repeated.

use std::collections::HashMap;

use orderlog_contract::encode::record_value;
use orderlog_contract::event::{OrderEvent, OrderItem, OrderStatus};
use orderlog_contract::frame;
use orderlog_contract::order::{MAX_TIME_MS, MAX_VERSION, OrderState, Outcome, fold};
use orderlog_contract::testing::{an_item, next_event, state_after};
use orderlog_kafka::partition::Partitioner;
use testbed::writer::NewRecord;
use testbed::{events, next_version};
use uuid::Uuid;

/// The partitions of a topic that a service has created.
const PARTITIONS: i32 = 6;

/// The ids of schemas in the registry.
#[derive(Clone, Copy)]
pub struct Schemas {
    pub ours: u32,
    /// Ours with one more field.
    pub next: u32,
    /// That of something else.
    pub other: u32,
}

/// Ids of one and of several bytes per character, and the longest one.
fn ids() -> Vec<String> {
    let mut ids: Vec<String> = (0..30).map(|n| format!("F-{n}")).collect();
    ids.extend(["Größe 7".into(), "注文-1".into(), "🎁".into(), "é".repeat(64)]);
    ids
}

/// Generates that many records.
pub fn records(count: usize, schemas: Schemas) -> anyhow::Result<Vec<NewRecord>> {
    let mut random = fastrand::Rng::with_seed(23);
    let ids = ids();
    let mut lives: HashMap<String, (OrderState, Vec<OrderEvent>)> = HashMap::new();
    let mut records = Vec::new();
    for _ in 0..count {
        let id = &ids[random.usize(..ids.len())];
        let life = lives.get(id);
        let event = match life {
            None => first(&mut random, id),
            Some((state, all)) => later(&mut random, state, all),
        };
        if random.u8(..5) == 0 {
            records.push(broken(&mut random, event, schemas)?);
            continue;
        }
        records.push(if random.u8(..6) == 0 {
            next_version::record(schemas.next, &event, None)?
        } else {
            events::record(schemas.ours, &event)?
        });
        let applied = matches!(fold(life.map(|(state, _)| state), &event), Outcome::Applied { .. });
        let all = lives.entry(id.clone()).or_insert_with(|| (state(&event), Vec::new()));
        all.1.push(event.clone());
        if applied {
            all.0 = state(&event);
        }
    }
    Ok(records)
}

fn state(event: &OrderEvent) -> OrderState {
    state_after(event, (0, 0))
}

fn first(random: &mut fastrand::Rng, id: &str) -> OrderEvent {
    let mut event = events::first(id);
    event.order.version = if random.bool() { 1 } else { random.i32(1..4) };
    event
}

/// An event that follows, forks, jumps, repeats or is late.
fn later(random: &mut fastrand::Rng, state: &OrderState, all: &[OrderEvent]) -> OrderEvent {
    const STATUSES: [OrderStatus; 8] = {
        use OrderStatus::{Cancelled, Confirmed, Delivered, New, Pending, Processing, Shipped, Unknown};
        [
            New, Pending, Confirmed, Processing, Shipped, Delivered, Cancelled, Unknown,
        ]
    };
    let status = STATUSES[random.usize(..STATUSES.len())];
    let mut last = all[0].clone();
    (last.event_id, last.order) = (state.event_id, state.order.clone());
    let mut next = next_event(&last, status);
    let some_event = &all[random.usize(..all.len())];
    match random.u8(..10) {
        0 => next.previous_event_id = None,
        // Decided on a different event than the current one.
        1 => next.previous_event_id = Some(Uuid::now_v7()),
        2 => next.order.version += random.i32(1..4),
        // Late, or the loser of a race.
        3 => next.order.version = random.i32(1..=state.order.version),
        4 => return some_event.clone(),
        5 => return last,
        // The id of the current event, in another version.
        6 => {
            next.event_id = state.event_id;
            next.order.version = random.i32(1..=state.order.version + 1);
        }
        _ => {}
    }
    next
}

/// A violation of each rule.
const RULES: [fn(&mut OrderEvent); 19] = [
    |e| e.order.customer_id.clear(),
    |e| e.order.customer_id = "a\nb".into(),
    |e| e.order.customer_id = "\u{85}".into(),
    |e| e.order.customer_id = "é".repeat(65),
    |e| e.order.order_id = format!("{:065}", 1),
    |e| e.order.version = 0,
    |e| e.order.version = MAX_VERSION + 1,
    |e| e.order.items.clear(),
    |e| items(e, vec![an_item(1, 1); 101]),
    |e| items(e, vec![an_item(0, 1)]),
    |e| items(e, vec![an_item(1_000_001, 1)]),
    |e| items(e, vec![an_item(1, 0)]),
    |e| e.order.items = vec![an_item(3, i64::MAX)],
    |e| e.order.total_minor += 1,
    |e| e.order.currency = "XAU".into(),
    |e| e.order.currency = "usd".into(),
    |e| e.order.order_date = -1,
    |e| e.order.order_date = MAX_TIME_MS + 1,
    |e| e.occurred_at = i64::MAX,
];

fn items(event: &mut OrderEvent, items: Vec<OrderItem>) {
    event.order.total_minor = items
        .iter()
        .map(|item| i64::from(item.quantity) * item.unit_price_minor)
        .sum();
    event.order.items = items;
}

/// The record of an event, with a fault.
fn broken(random: &mut fastrand::Rng, mut event: OrderEvent, schemas: Schemas) -> anyhow::Result<NewRecord> {
    let id = event.order.order_id.clone();
    let whole = record_value(schemas.ours, &event)?;
    let home = Partitioner::default().of_key(id.as_bytes(), PARTITIONS);
    let value = match random.u8(..16) {
        0 => Vec::new(),
        1 => b"this is not Avro".to_vec(),
        2 => whole[..3].to_vec(),
        3 => [&frame::header(0)[..], &whole[5..]].concat(),
        4 => record_value(987_654_321, &event)?,
        5 => [&frame::header(schemas.other)[..], &[4, b'h', b'i']].concat(),
        6 => whole[..random.usize(5..whole.len())].to_vec(),
        7 => [&whole[..], &[0]].concat(),
        // The datum begins with the length of the event's id, and that id.
        8 => [&whole[..6], &[b'x'; 36], &whole[42..]].concat(),
        9 => not_utf8(&whole, id.as_bytes()),
        10 => {
            let (key, partition) = if random.bool() {
                (None, home)
            } else {
                (Some(b"else".to_vec()), home)
            };
            return Ok(NewRecord {
                key,
                partition: Some(partition),
                ..NewRecord::of(&id, whole)
            });
        }
        11 => {
            let partition = Some((home + random.i32(1..PARTITIONS)) % PARTITIONS);
            return Ok(NewRecord {
                partition,
                ..NewRecord::of(&id, whole)
            });
        }
        12 => {
            return Ok(NewRecord {
                value: None,
                ..NewRecord::of(&id, whole)
            });
        }
        _ => {
            RULES[random.usize(..RULES.len())](&mut event);
            record_value(schemas.ours, &event)?
        }
    };
    Ok(NewRecord::of(&id, value))
}

/// The value with the first byte of the order's id replaced by one that UTF-8 does not have.
fn not_utf8(whole: &[u8], id: &[u8]) -> Vec<u8> {
    let mut value = whole.to_vec();
    if let Some(at) = value.windows(id.len()).position(|bytes| bytes == id) {
        value[at] = 0xff;
    }
    value
}
