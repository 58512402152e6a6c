//! Waiting for the projection: a writer waits for its own event, a reader for a version of an order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orderlog_contract::event::OrderEvent;
use orderlog_contract::order::Outcome;
use tokio::sync::oneshot;
use uuid::Uuid;

/// The outcome of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOutcome {
    /// What it did.
    pub outcome: Outcome,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

/// All waiters. Register first, then write or read, so that nothing in between is missed.
#[derive(Clone, Default)]
pub struct Waiters(Arc<Mutex<Lists>>);

#[derive(Default)]
struct Lists {
    events: HashMap<Uuid, Awaited>,
    orders: HashMap<String, Vec<(i32, oneshot::Sender<()>)>>,
}

/// An event, and its waiter.
struct Awaited {
    event: OrderEvent,
    sender: oneshot::Sender<EventOutcome>,
}

/// Waits for one event; gives up when dropped.
pub struct EventWaiter {
    event_id: Uuid,
    outcome: oneshot::Receiver<EventOutcome>,
    waiters: Waiters,
}

impl EventWaiter {
    /// Its outcome; `None` if it will not be read soon, or ever. Cancel safe.
    pub async fn outcome(&mut self) -> Option<EventOutcome> {
        (&mut self.outcome).await.ok()
    }
}

impl Drop for EventWaiter {
    fn drop(&mut self) {
        self.waiters.lock().events.remove(&self.event_id);
    }
}

impl Waiters {
    /// Waits for exactly this event to be read back, not for another one that was written under its id.
    pub fn event(&self, event: &OrderEvent) -> EventWaiter {
        let (sender, outcome) = oneshot::channel();
        let awaited = Awaited {
            event: event.clone(),
            sender,
        };
        self.lock().events.insert(event.event_id, awaited);
        EventWaiter {
            event_id: event.event_id,
            outcome,
            waiters: self.clone(),
        }
    }

    /// Waits for an order to have at least that version.
    pub fn order(&self, order_id: &str, version: i32) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut lists = self.lock();
        let waiting = lists.orders.entry(order_id.to_owned()).or_default();
        // Waiters that have given up are removed along the way.
        waiting.retain(|(_, sender)| !sender.is_closed());
        waiting.push((version, sender));
        receiver
    }

    /// Removes the waiters for an order that have given up; call it after dropping the receiver.
    pub fn forget_order(&self, order_id: &str) {
        let mut lists = self.lock();
        if let Some(waiting) = lists.orders.get_mut(order_id) {
            waiting.retain(|(_, sender)| !sender.is_closed());
            if waiting.is_empty() {
                lists.orders.remove(order_id);
            }
        }
    }

    /// Whether a request waits for exactly that event.
    pub(crate) fn is_awaited(&self, event: &OrderEvent) -> bool {
        let lists = self.lock();
        let awaited = lists.events.get(&event.event_id);
        awaited.is_some_and(|awaited| awaited.event == *event)
    }

    /// Notifies the waiters: of the outcomes of [awaited](Self::is_awaited) events, and of the versions that orders
    /// have.
    pub(crate) fn notify(
        &self,
        events: impl IntoIterator<Item = (Uuid, EventOutcome)>,
        orders: impl IntoIterator<Item = (String, i32)>,
    ) {
        let mut lists = self.lock();
        for (event_id, outcome) in events {
            if lists.events.is_empty() {
                break;
            }
            if let Some(awaited) = lists.events.remove(&event_id) {
                // An error means that the request has ended in the meantime.
                let _ = awaited.sender.send(outcome);
            }
        }
        for (order_id, version) in orders {
            if lists.orders.is_empty() {
                break;
            }
            let Some(waiting) = lists.orders.remove(&order_id) else {
                continue;
            };
            let (reached, rest): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(wanted, _)| *wanted <= version);
            for (_, sender) in reached {
                let _ = sender.send(());
            }
            if !rest.is_empty() {
                lists.orders.insert(order_id, rest);
            }
        }
    }

    /// Cancels all waits for events: they will not be read soon.
    pub(crate) fn cancel_events(&self) {
        self.lock().events.clear();
    }

    /// Cancels all waits: nothing will be read again.
    pub(crate) fn close(&self) {
        let mut lists = self.lock();
        lists.events.clear();
        lists.orders.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use orderlog_contract::testing::an_event;

    use super::*;

    const OUTCOME: EventOutcome = EventOutcome {
        outcome: Outcome::Duplicate,
        partition: 1,
        offset: 2,
    };

    #[tokio::test]
    async fn an_events_outcome_goes_to_the_request_that_waits_for_it() {
        let waiters = Waiters::default();
        let (mine, other) = (an_event("A", 1), an_event("A", 1));
        let mut waiting = waiters.event(&mine);
        assert!(waiters.is_awaited(&mine) && !waiters.is_awaited(&other));
        let events = [other, mine].map(|event| (event.event_id, OUTCOME));
        waiters.notify(events, []);
        assert_eq!(waiting.outcome().await, Some(OUTCOME));
    }

    #[test]
    fn another_writers_event_with_the_same_id_is_another_event() {
        let waiters = Waiters::default();
        let mine = an_event("A", 1);
        let _waiting = waiters.event(&mine);
        let changes: [fn(&mut OrderEvent); 4] = [
            |event| event.order.order_id = "B".to_owned(),
            |event| event.order.customer_id = "CUST-2".to_owned(),
            |event| event.order.version = 2,
            |event| event.occurred_at += 1,
        ];
        for change in changes {
            let mut foreign = mine.clone();
            change(&mut foreign);
            assert!(!waiters.is_awaited(&foreign), "{foreign:?}");
        }
        assert!(waiters.is_awaited(&mine));
    }

    #[tokio::test]
    async fn the_waiter_for_an_order_is_notified_once_it_has_the_version() {
        let waiters = Waiters::default();
        let (mut two, mut three) = (waiters.order("A", 2), waiters.order("A", 3));
        waiters.notify([], [("B".to_owned(), 9), ("A".to_owned(), 2)]);
        assert_eq!(two.try_recv(), Ok(()));
        assert!(three.try_recv().is_err());
        waiters.notify([], [("A".to_owned(), 4)]);
        assert_eq!(three.await, Ok(()));
    }

    #[test]
    fn a_waiter_that_gives_up_is_removed() {
        let waiters = Waiters::default();
        drop((waiters.event(&an_event("A", 1)), waiters.order("A", 2)));
        waiters.forget_order("A");
        let lists = waiters.lock();
        assert!(lists.events.is_empty() && lists.orders.is_empty());
    }
}
