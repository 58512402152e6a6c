//! What one partition's records of a batch do, given the orders as the store has them. Pure; nothing is changed before the
//! whole batch is committed.

use std::collections::HashMap;

use orderlog_contract::event::OrderEvent;
use orderlog_contract::frame::SchemaRef;
use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::{OrderState, Outcome, fold};
use orderlog_contract::rejection::{Code, Rejection};
use uuid::Uuid;

use super::classify::{Classified, ClassifiedRecord};
use super::record::LogRecord;
use crate::folded_record::{FoldedEvent, FoldedRecord};
use crate::store::{KeyChange, KeyOutcome, KeyRow, LastRecord, PartitionRow, StoredOrder};
use crate::waiters::EventOutcome;

/// What one partition's records of a batch change.
pub(crate) struct PartitionChanges {
    pub partition: i32,
    /// How far the partition has been read after them.
    pub row: PartitionRow,
    pub orders: HashMap<String, StoredOrder>,
    /// The outcomes of the requests that events were written for, in the log's order.
    pub keys: Vec<KeyChange>,
    /// Outcomes of the events that a request waits for.
    pub outcomes: Vec<(Uuid, EventOutcome)>,
    pub rejected: Vec<RejectedAt>,
    /// What each record did, if the service keeps that.
    pub folded: Vec<FoldedAt>,
    /// Whether the last of them opened the partition's breaker; the records after it are not part of this.
    pub breaker_opened: bool,
    /// Timestamp of the last of them, in milliseconds since 1970; `None` if it has none.
    pub last_timestamp: Option<i64>,
}

/// What a service wants of the fold besides the orders.
#[derive(Clone, Copy, Default)]
pub(crate) struct FoldOptions<'a> {
    /// Whether it keeps what each record did.
    pub keeps_records: bool,
    /// Whether the rejected record with that index in the batch counts for its partition's breaker; `None` for a service whose
    /// partitions have none.
    pub breaker: Option<&'a dyn Fn(usize) -> bool>,
}

/// What a record did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FoldedAt {
    /// Its index in the batch.
    pub index: usize,
    pub what: FoldedRecord,
}

/// A rejected record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RejectedAt {
    /// Its index in the batch.
    pub index: usize,
    pub rejection: Rejection,
    /// The order's version before this record, 0 if none. Set only for unknown schemas; `None` also if the stored state is
    /// newer (re-read).
    pub version_before: Option<i32>,
}

/// Folds a partition's records, in order, up to the one that opens its breaker. `row` says how far it was read, `loaded` has
/// the orders of these records as the store has them, `is_awaited` tells whether a request waits for that very event.
pub(crate) fn fold_partition(
    partition: i32,
    row: PartitionRow,
    records: Vec<ClassifiedRecord<'_>>,
    loaded: &HashMap<String, OrderState>,
    is_awaited: impl Fn(&OrderEvent) -> bool,
    options: FoldOptions<'_>,
) -> PartitionChanges {
    let FoldOptions { keeps_records, breaker } = options;
    let mut changes = PartitionChanges {
        partition,
        row,
        orders: HashMap::new(),
        keys: Vec::new(),
        outcomes: Vec::new(),
        rejected: Vec::new(),
        folded: Vec::new(),
        breaker_opened: false,
        last_timestamp: None,
    };
    let mut last = None;
    for ClassifiedRecord { record, classified } in records {
        let mut folded_event = None;
        let outcome = match classified {
            Classified::NoValue => Outcome::Ignored,
            Classified::Rejected(rejection) => Outcome::Rejected(rejection),
            Classified::Event {
                event,
                schema_id,
                partial,
            } => {
                let awaited = is_awaited(&event);
                folded_event = keeps_records.then(|| FoldedEvent::of(&event));
                changes.fold_event(*event, schema_id, partial, awaited, &record, loaded)
            }
        };
        changes.row.next = record.offset + 1;
        // A record that was counted before a rewind is not counted again.
        if record.offset >= changes.row.counted_to {
            changes.row.counters.count(&outcome);
            let is_dead_letter = matches!(outcome, Outcome::Rejected(_));
            if breaker.is_some_and(|counts| !is_dead_letter || counts(record.index)) {
                changes.breaker_opened = changes.row.count_for_breaker(record.offset, is_dead_letter);
            }
        }
        if keeps_records {
            changes.folded.push(FoldedAt {
                index: record.index,
                what: FoldedRecord {
                    partition,
                    offset: record.offset,
                    timestamp: record.timestamp(),
                    schema_id: record.schema().and_then(SchemaRef::id),
                    event: folded_event,
                    outcome: outcome.clone(),
                },
            });
        }
        if let Outcome::Rejected(rejection) = outcome {
            changes.reject(rejection, &record, loaded);
        }
        last = Some(record);
        if changes.breaker_opened {
            break;
        }
    }
    if let Some(record) = last {
        changes.last_timestamp = record.timestamp();
        changes.row.last = Some(LastRecord {
            offset: record.offset,
            hash: record.hash(),
        });
    }
    changes
}

impl PartitionChanges {
    fn fold_event(
        &mut self,
        event: OrderEvent,
        schema_id: u32,
        partial: bool,
        is_awaited: bool,
        record: &LogRecord<'_>,
        loaded: &HashMap<String, OrderState>,
    ) -> Outcome {
        let here = (self.partition, record.offset);
        let current = self.order(&event.order.order_id, loaded);
        let is_new = current.is_none();
        let outcome = fold(current, &event);
        let lost = has_lost(&outcome, current, here);
        let awaited = is_awaited.then(|| event_outcome(&outcome, current, &event, here));
        self.outcomes.extend(awaited.map(|awaited| (event.event_id, awaited)));
        if matches!(outcome, Outcome::Applied { .. }) {
            self.row.counters.orders += u64::from(is_new);
            let state = OrderState {
                event_id: event.event_id,
                order: event.order,
                partition: self.partition,
                offset: record.offset,
                partial,
            };
            let order_id = state.order.order_id.clone();
            let answer = |request: &KeyedRequest| KeyOutcome::Applied {
                row: KeyRow::of(request, &state),
                time_ms: record.timestamp_ms,
            };
            self.change_key(record, &order_id, answer);
            let stored = StoredOrder {
                state,
                schema_id,
                datum: record.datum().to_vec(),
            };
            self.orders.insert(order_id, stored);
        } else if lost {
            let lost = |_: &KeyedRequest| KeyOutcome::Lost { offset: record.offset };
            self.change_key(record, &event.order.order_id, lost);
        }
        outcome
    }

    /// Notes the outcome of the request that a record was written for, if the record names one.
    fn change_key(
        &mut self,
        record: &LogRecord<'_>,
        order_id: &str,
        outcome: impl FnOnce(&KeyedRequest) -> KeyOutcome,
    ) {
        self.keys.extend(record.request.as_ref().map(|request| KeyChange {
            request: request.clone(),
            order_id: order_id.to_owned(),
            outcome: outcome(request),
        }));
    }

    fn reject(&mut self, rejection: Rejection, record: &LogRecord<'_>, loaded: &HashMap<String, OrderState>) {
        let version_before = match rejection.code {
            Code::UnknownSchemaId => self.version_before(record, loaded),
            _ => None,
        };
        self.rejected.push(RejectedAt {
            index: record.index,
            // The fold sees no bytes, so its rejections do not name the schema yet.
            rejection: Rejection {
                schema_id: rejection.schema_id.or_else(|| record.schema()?.id()),
                ..rejection
            },
            version_before,
        });
    }

    fn version_before(&self, record: &LogRecord<'_>, loaded: &HashMap<String, OrderState>) -> Option<i32> {
        match self.order(record.key_text()?, loaded) {
            None => Some(0),
            Some(state) => Some(state.order.version).filter(|_| state.offset < record.offset),
        }
    }

    /// The order as the records so far leave it.
    fn order<'s>(&'s self, order_id: &str, loaded: &'s HashMap<String, OrderState>) -> Option<&'s OrderState> {
        let changed = self.orders.get(order_id).map(|changed| &changed.state);
        changed.or_else(|| loaded.get(order_id))
    }
}

/// The outcome as the event's writer sees it. `here` is the record's partition and offset.
fn event_outcome(
    outcome: &Outcome,
    current: Option<&OrderState>,
    event: &OrderEvent,
    here: (i32, i64),
) -> EventOutcome {
    let (outcome, (partition, offset)) = match (outcome, current) {
        // It was written twice, and the first one has won.
        (Outcome::Duplicate, Some(first)) if first.order == event.order && !first.partial => {
            (Outcome::Duplicate, (first.partition, first.offset))
        }
        // Another event with the same id has won. To the fold they are the same event; to the writer they are not.
        (Outcome::Duplicate, _) => (Outcome::Superseded, here),
        (outcome, _) => (outcome.clone(), here),
    };
    EventOutcome {
        outcome,
        partition,
        offset,
    }
}

/// Whether a record has lost to an earlier one. If the state comes from a later record, this one is being re-read, and
/// its outcome differs from the original one.
fn has_lost(outcome: &Outcome, current: Option<&OrderState>, (partition, offset): (i32, i64)) -> bool {
    let earlier = |current: &OrderState| current.partition == partition && current.offset < offset;
    !matches!(outcome, Outcome::Applied { .. }) && current.is_some_and(earlier)
}

#[cfg(test)]
#[path = "fold_partition_tests.rs"]
mod tests;
