//! What is new for one client of `/events`.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use actix_web::web;
use orderlog_contract::money::Currency;
use orderlog_contract::timestamp;
use orderlog_runtime::supervisor::Supervisor;
use orderlog_web::amount;
use rust_decimal::Decimal;
use serde::Serialize;
use tokio::sync::watch;
use uuid::Uuid;

use super::overview::{Overview, Watched};
use crate::recent::{Change, Sample};
use crate::routes::replay::JobAnswer;
use crate::state::State;

/// At most this many changes of orders are sent at once.
const MAX_CHANGES: usize = 20;
/// Changes of this many replays are told: the newest.
const MAX_REPLAYS: usize = 10;
/// How long a client waits before it connects again.
const FIRST: &str = "retry: 1000\n\n";

/// What a client has been told.
pub(super) struct Feed {
    state: web::Data<State>,
    /// Changes that were there when the client was told last; `None` before the first time.
    seen: Option<u64>,
    /// What is told of everything else, by all clients' streams alike.
    overview: Watched,
    /// The overview that the client was told last.
    told: Option<Arc<Overview>>,
    replays: watch::Receiver<u64>,
    /// The newest replays by their ids, as they were when the client was told last; `None` before the first time.
    told_replays: Option<HashMap<Uuid, String>>,
}

impl Feed {
    /// For a client that was told nothing yet.
    pub fn new(state: web::Data<State>, mut overview: Watched) -> Self {
        overview.mark_changed();
        let mut replays = state.replays.changes();
        replays.mark_changed();
        Self {
            state,
            replays,
            told_replays: None,
            seen: None,
            overview,
            told: None,
        }
    }

    pub fn supervisor(&self) -> &Supervisor {
        &self.state.supervisor
    }

    /// The events since the last call; empty if nothing is new.
    pub fn news(&mut self) -> String {
        let mut events = String::new();
        if self.seen.is_none() {
            events.push_str(FIRST);
        }
        self.add_changes(&mut events);
        self.add_replays(&mut events);
        self.add_overview(&mut events);
        events
    }

    fn add_changes(&mut self, events: &mut String) {
        let Sample { changes, skipped, seen } = self.state.recent.sample(self.seen, MAX_CHANGES);
        let is_first = self.seen.replace(seen).is_none();
        if changes.is_empty() && !is_first {
            return;
        }
        let orders = changes.into_iter().filter_map(OrderChange::of).collect();
        add(events, "orders", &Orders { orders, skipped });
    }

    fn add_replays(&mut self, events: &mut String) {
        if !self.replays.has_changed().unwrap_or(false) {
            return;
        }
        self.replays.mark_unchanged();
        let mut told = HashMap::new();
        for job in self.state.replays.list().iter().take(MAX_REPLAYS) {
            let json = serde_json::to_string(&JobAnswer::without_messages(job)).unwrap_or_default();
            let is_news = match &self.told_replays {
                Some(told) => told.get(&job.id) != Some(&json),
                // Those that ended before the client came are no news.
                None => job.is_running(),
            };
            if is_news {
                push(events, "replay", &json);
            }
            told.insert(job.id, json);
        }
        self.told_replays = Some(told);
    }

    fn add_overview(&mut self, events: &mut String) {
        if !self.overview.has_changed().unwrap_or(false) {
            return;
        }
        let Some(overview) = self.overview.borrow_and_update().clone() else {
            return;
        };
        events.push_str(&overview.stats);
        let told = self.told.as_deref();
        if told.is_none_or(|told| told.dlq.news != overview.dlq.news) {
            events.push_str(&overview.dlq.event);
        }
        if told.is_none_or(|told| told.health != overview.health) {
            events.push_str(&overview.health);
        }
        self.told = Some(overview);
    }
}

/// Adds an event.
pub(super) fn add(events: &mut String, name: &str, data: &impl Serialize) {
    // Numbers and strings always serialize.
    push(events, name, &serde_json::to_string(data).unwrap_or_default());
}

/// `json` is on one line.
fn push(events: &mut String, name: &str, json: &str) {
    // Writing to a String cannot fail.
    let _ = write!(events, "event: {name}\ndata: {json}\n\n");
}

#[derive(Serialize)]
struct Orders {
    orders: Vec<OrderChange>,
    skipped: u64,
}

/// A change of an order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderChange {
    order_id: String,
    status: &'static str,
    version: i32,
    #[serde(with = "amount")]
    total_amount: Decimal,
    currency: String,
    partition: i32,
    offset: i64,
    timestamp: Option<String>,
}

impl OrderChange {
    /// `None` for an unknown currency, which the event's rules exclude.
    fn of(change: Change) -> Option<Self> {
        Some(Self {
            total_amount: Currency::parse(&change.currency)?.to_decimal(change.total_minor),
            order_id: change.order_id,
            status: change.status.as_str(),
            version: change.version,
            currency: change.currency,
            partition: change.partition,
            offset: change.offset,
            timestamp: change.timestamp.and_then(timestamp::rfc3339),
        })
    }
}

#[cfg(test)]
mod tests {
    use orderlog_contract::event::OrderStatus;

    use super::*;

    #[test]
    fn an_event_is_one_line_of_json_with_exact_amounts() {
        let change = Change {
            order_id: "a\nb\u{2028}".into(),
            status: OrderStatus::New,
            version: 1,
            total_minor: 99_910,
            currency: "USD".into(),
            partition: 2,
            offset: 17,
            timestamp: Some(1_700_000_000_123),
        };
        let orders = Orders {
            orders: OrderChange::of(change).into_iter().collect(),
            skipped: 3,
        };
        let mut events = String::new();
        add(&mut events, "orders", &orders);
        let expected = "event: orders\ndata: {\"orders\":[{\"orderId\":\"a\\nb\u{2028}\",\"status\":\"new\",\"version\":1,\"totalAmount\":999.10,\
            \"currency\":\"USD\",\"partition\":2,\"offset\":17,\"timestamp\":\"2023-11-14T22:13:20.123Z\"}],\"skipped\":3}\n\n";
        assert_eq!(events, expected);
    }
}
