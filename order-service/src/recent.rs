//! The newest changes of orders, for the stream of events at `/events`: a ring of the last few, and how many there were.
//! Readers come for them when they have time; nothing wakes up for a change, so a thousand changes a millisecond cost no
//! more than writing them down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orderlog_contract::event::OrderStatus;
use orderlog_contract::order::Outcome;
use orderlog_projection::{FoldedEvent, FoldedRecord};

/// How many changes are kept.
const KEPT: usize = 64;

/// A change of an order: an event that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The order.
    pub order_id: String,
    /// Its status now.
    pub status: OrderStatus,
    /// Its version now.
    pub version: i32,
    /// Its total, in minor units of its currency.
    pub total_minor: i64,
    /// Its currency (ISO 4217).
    pub currency: String,
    /// Partition of the event.
    pub partition: i32,
    /// Offset of the event.
    pub offset: i64,
    /// Timestamp of the event's record, in milliseconds since 1970-01-01 UTC.
    pub timestamp: Option<i64>,
}

/// Some of the changes since a reader came last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The newest of them, the oldest first.
    pub changes: Vec<Change>,
    /// How many there were besides.
    pub skipped: u64,
    /// What to pass the next time.
    pub seen: u64,
}

/// The newest changes. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Mutex<Ring>>);

#[derive(Debug, Default)]
struct Ring {
    newest: VecDeque<Change>,
    /// All changes since the service started.
    total: u64,
}

impl Recent {
    /// Notes the changes of a batch that was committed.
    pub fn committed<'a>(&self, records: impl DoubleEndedIterator<Item = &'a FoldedRecord> + Clone) {
        let applied = |record: &'a FoldedRecord| match (&record.event, &record.outcome) {
            (Some(event), Outcome::Applied { .. }) => Some((record, event)),
            _ => None,
        };
        let applied = records.filter_map(applied);
        let count = applied.clone().count() as u64;
        if count == 0 {
            return;
        }
        // Copied before the lock is taken; of a batch, only what the ring can hold.
        let newest: Vec<Change> = applied.rev().take(KEPT).map(change).collect();
        let mut ring = self.lock();
        ring.total += count;
        ring.newest.extend(newest.into_iter().rev());
        let surplus = ring.newest.len().saturating_sub(KEPT);
        ring.newest.drain(..surplus);
    }

    /// The newest changes of those after the first `seen`, at most `limit`; with `None`, of those that are kept.
    pub fn sample(&self, seen: Option<u64>, limit: usize) -> Sample {
        let ring = self.lock();
        let since = seen.map_or(ring.newest.len() as u64, |seen| ring.total.saturating_sub(seen));
        let shown = ring.newest.len().min(limit);
        let shown = usize::try_from(since).map_or(shown, |since| shown.min(since));
        Sample {
            changes: ring.newest.range(ring.newest.len() - shown..).cloned().collect(),
            // Who comes for the first time has missed nothing.
            skipped: seen.map_or(0, |_| since - shown as u64),
            seen: ring.total,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // A panic cannot leave it half changed in a way that matters: it is for display.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn change((record, event): (&FoldedRecord, &FoldedEvent)) -> Change {
    Change {
        order_id: event.order_id.clone(),
        status: event.status,
        version: event.version,
        total_minor: event.total_minor,
        currency: event.currency.clone(),
        partition: record.partition,
        offset: record.offset,
        timestamp: record.timestamp,
    }
}

#[cfg(test)]
mod tests {
    use orderlog_contract::rejection::{Code, Rejection};
    use uuid::Uuid;

    use super::*;

    fn record(offset: i64, outcome: Outcome) -> FoldedRecord {
        FoldedRecord {
            partition: 3,
            offset,
            timestamp: Some(1_700_000_000_000 + offset),
            schema_id: Some(1),
            event: Some(FoldedEvent {
                event_id: Uuid::nil(),
                order_id: format!("ORD-{offset}"),
                customer_id: "CUST-1".into(),
                version: 1,
                status: OrderStatus::New,
                total_minor: 100,
                currency: "USD".into(),
            }),
            outcome,
        }
    }

    fn applied(offsets: std::ops::Range<i64>) -> Vec<FoldedRecord> {
        offsets
            .map(|offset| record(offset, Outcome::Applied { gap: false }))
            .collect()
    }

    fn offsets(sample: &Sample) -> Vec<i64> {
        sample.changes.iter().map(|change| change.offset).collect()
    }

    #[test]
    fn a_reader_gets_what_is_new_and_how_much_it_missed() {
        let recent = Recent::default();
        recent.committed(applied(0..3).iter());
        let first = recent.sample(None, 20);
        assert_eq!((offsets(&first), first.skipped, first.seen), (vec![0, 1, 2], 0, 3));
        recent.committed(applied(3..5).iter());
        let second = recent.sample(Some(first.seen), 20);
        assert_eq!((offsets(&second), second.skipped), (vec![3, 4], 0));
        recent.committed(applied(5..1_000).iter());
        let third = recent.sample(Some(second.seen), 20);
        assert_eq!((offsets(&third), third.skipped), ((980..1_000).collect(), 975));
        let nothing = recent.sample(Some(third.seen), 20);
        assert_eq!((offsets(&nothing), nothing.skipped), (vec![], 0));
    }

    #[test]
    fn only_the_newest_are_kept_and_all_are_counted() {
        let recent = Recent::default();
        for n in 0..10 {
            recent.committed(applied(n * 50..(n + 1) * 50).iter());
        }
        let sample = recent.sample(Some(0), 1_000);
        assert_eq!(sample.changes.len(), KEPT);
        assert_eq!(offsets(&sample).last(), Some(&499));
        assert_eq!((sample.skipped, sample.seen), (500 - KEPT as u64, 500));
    }

    #[test]
    fn only_applied_events_change_an_order() {
        let recent = Recent::default();
        let rejected = Outcome::Rejected(Rejection::new(Code::IllegalTransition, "no"));
        let records =
            [Outcome::Duplicate, Outcome::Superseded, rejected, Outcome::Ignored].map(|outcome| record(1, outcome));
        recent.committed(records.iter());
        assert_eq!(recent.sample(None, 20), Sample::default());
    }
}
