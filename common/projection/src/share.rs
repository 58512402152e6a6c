//! One partition's share of a batch: what its records do, held in memory until the whole batch is written or dropped.

use std::collections::{HashMap, HashSet};

use orderlog_contract::event::OrderEvent;
use orderlog_contract::frame::{self, SchemaRef};
use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::{OrderState, Outcome, fold};
use orderlog_contract::rejection::{Code, Rejection};
use orderlog_kafka::headers;
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::judge::{Judged, Place, judge};
use super::lookup::{Known, Lookup};
use super::rejections::Refused;
use super::schema_wait::SchemaWait;
use super::waiters::{Settled, Waiters};
use crate::store::{BatchChanges, Embedded, KeyChange, KeyOutcome, KeyRow, LastRecord, PartitionRow, StoredOrder};

/// The time of a record that has none, as Kafka has it.
const NO_TIME: i64 = -1;

/// What a share of a batch will change.
pub(super) struct Share<'a> {
    place: Place,
    row: PartitionRow,
    orders: HashMap<String, Changed<'a>>,
    /// The events that somebody waits for.
    settled: Vec<(Uuid, Settled)>,
    refused: Vec<Unused<'a>>,
    /// The requests that events were written for, in the log's order; `None` when none are remembered.
    keyed: Option<Vec<Keyed>>,
    last: Option<&'a BorrowedMessage<'a>>,
    /// What the registry said of the schemas of these records, if it was asked.
    asked: Option<SchemaWait>,
    /// Where the share ends, if it ends early.
    waits_for: Option<Awaited>,
    /// Where the partition's end was met, if it was.
    met_end: Option<i64>,
    /// Whether it was met after the last record.
    at_end: bool,
}

/// Most schemas that one wait is about. Those of records further behind get their turn.
const MOST_AWAITED: usize = 1_000;

/// Schemas that are not known yet.
pub(super) struct Awaited {
    /// That of the first record that is not in the share.
    pub first: SchemaRef,
    /// Those of records behind it, in their order.
    pub further: Vec<SchemaRef>,
    /// All of them.
    seen: HashSet<SchemaRef>,
    /// The offset behind the last of these records.
    pub to: i64,
}

/// An order that the share changes, and the datum of the event that does.
struct Changed<'a> {
    state: OrderState,
    schema_id: u32,
    datum: &'a [u8],
}

/// A record that cannot be used, why, and which version its key's order had before it.
struct Unused<'a> {
    record: &'a BorrowedMessage<'a>,
    why: Rejection,
    version: Option<i32>,
}

/// A request, the order that it was for, and what became of its event.
struct Keyed {
    request: KeyedRequest,
    order_id: String,
    end: End,
}

enum End {
    /// It is an answer to the request, at that time.
    Applied(KeyRow, i64),
    /// The record at that offset is nobody's answer. Read again, it may have been one before.
    Lost(i64),
}

impl<'a> Share<'a> {
    pub fn new(place: Place, row: &PartitionRow, asked: Option<SchemaWait>, keeps_keys: bool) -> Self {
        Self {
            place,
            row: row.clone(),
            orders: HashMap::new(),
            settled: Vec::new(),
            refused: Vec::new(),
            keyed: keeps_keys.then(Vec::new),
            last: None,
            asked,
            waits_for: None,
            met_end: None,
            at_end: false,
        }
    }

    /// Takes in one record, unless the share has ended.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn take(
        &mut self,
        record: &'a BorrowedMessage<'a>,
        lookup: &Lookup,
        store: &Embedded,
        waiters: &Waiters,
    ) -> anyhow::Result<()> {
        if record.offset() < self.row.next {
            return Ok(());
        }
        if let Some(awaited) = &mut self.waits_for {
            // Asked for together, so that a flood of new ids does not cost a round trip each.
            if let Some(Ok((schema, _))) = framed(record)
                && awaited.further.len() < MOST_AWAITED
                && lookup.recall(schema).is_none()
            {
                awaited.to = record.offset() + 1;
                if awaited.seen.insert(schema) {
                    awaited.further.push(schema);
                }
            }
            return Ok(());
        }
        let missing = |schema| {
            let reason = self.asked.as_ref()?.missing(schema, record.offset())?;
            Some(Known::Missing(reason.to_owned()))
        };
        let known = |schema| lookup.recall(schema).or_else(|| missing(schema));
        let outcome = match judge(record.key(), framed(record), self.place, known) {
            Judged::Wait(first) => {
                self.waits_for = Some(Awaited {
                    first,
                    further: Vec::new(),
                    seen: HashSet::from([first]),
                    to: record.offset() + 1,
                });
                return Ok(());
            }
            Judged::Null => Outcome::Ignored,
            Judged::Rejection(why) => Outcome::Rejected(why),
            Judged::Event(event, schema_id, writer) => {
                let partial = writer.order_fields_dropped().next().is_some();
                self.fold(*event, partial, record, schema_id, store, waiters)?
            }
        };
        self.row.next = record.offset() + 1;
        // What was counted before it is read again is counted once.
        if record.offset() >= self.row.counted_to {
            self.row.counters.count(&outcome);
        }
        self.last = Some(record);
        self.at_end = false;
        if let Outcome::Rejected(mut why) = outcome {
            // The fold sees no bytes, so a fault that it finds does not name the schema yet.
            why.schema_id = why.schema_id.or_else(|| framed(record)?.ok()?.0.id());
            let version = match why.code {
                Code::UnknownSchemaId => self.version_before(record, store)?,
                _ => None,
            };
            self.refused.push(Unused { record, why, version });
        }
        Ok(())
    }

    /// The version that the order of a record's key had before it, 0 where there was none.
    fn version_before(&self, record: &BorrowedMessage<'_>, store: &Embedded) -> anyhow::Result<Option<i32>> {
        let Some(order_id) = record.key().and_then(|key| std::str::from_utf8(key).ok()) else {
            return Ok(None);
        };
        let stored;
        let current = match self.orders.get(order_id) {
            Some(changed) => Some(&changed.state),
            None => {
                stored = store.order(order_id)?;
                stored.as_ref()
            }
        };
        Ok(match current {
            None => Some(0),
            Some(state) => Some(state.order.version).filter(|_| state.offset < record.offset()),
        })
    }

    fn fold(
        &mut self,
        event: OrderEvent,
        partial: bool,
        record: &'a BorrowedMessage<'a>,
        schema_id: u32,
        store: &Embedded,
        waiters: &Waiters,
    ) -> anyhow::Result<Outcome> {
        let stored;
        let current = match self.orders.get(&event.order.order_id) {
            Some(changed) => Some(&changed.state),
            None => {
                stored = store.order(&event.order.order_id)?;
                stored.as_ref()
            }
        };
        let outcome = fold(current, &event);
        let here = (self.place.partition, record.offset());
        if waiters.awaits(&event) {
            self.settled
                .push((event.event_id, settled(&outcome, current, &event, here)));
        }
        let lost = has_lost(&outcome, current, here);
        if matches!(outcome, Outcome::Applied { .. }) {
            self.row.counters.orders += u64::from(current.is_none());
            let state = OrderState {
                event_id: event.event_id,
                order: event.order,
                partition: self.place.partition,
                offset: record.offset(),
                partial,
            };
            let time_ms = record.timestamp().to_millis().unwrap_or(NO_TIME);
            self.note_request(record, &state.order.order_id, |request| {
                End::Applied(KeyRow::of(request, &state), time_ms)
            });
            let changed = Changed {
                schema_id,
                datum: framed(record)
                    .and_then(Result::ok)
                    .map(|(_, datum)| datum)
                    .unwrap_or_default(),
                state,
            };
            self.orders.insert(changed.state.order.order_id.clone(), changed);
        } else if lost {
            self.note_request(record, &event.order.order_id, |_| End::Lost(record.offset()));
        }
        Ok(outcome)
    }

    /// Notes which request an event was written for, if it says so.
    fn note_request(&mut self, record: &BorrowedMessage<'_>, order_id: &str, end: impl FnOnce(&KeyedRequest) -> End) {
        let Some(keyed) = &mut self.keyed else { return };
        let Some(request) = record
            .headers()
            .and_then(|found| KeyedRequest::of(|name| headers::last(found, name)))
        else {
            return;
        };
        keyed.push(Keyed {
            end: end(&request),
            order_id: order_id.to_owned(),
            request,
        });
    }

    /// Notes that the partition's end was met, at that offset.
    pub fn meet_end(&mut self, offset: i64) {
        // An end behind a record that waits is not where we are.
        if self.waits_for.is_none() {
            self.met_end = Some(offset);
            self.at_end = true;
        }
    }

    pub fn met_end(&self) -> Option<i64> {
        self.met_end
    }

    pub fn is_at_end(&self) -> bool {
        self.at_end
    }

    /// The schemas that it waits for.
    pub fn take_awaited(&mut self) -> Option<Awaited> {
        self.waits_for.take()
    }

    /// What the registry said, if there are records left that it was asked for.
    pub fn take_asked(&mut self) -> Option<SchemaWait> {
        self.asked.take().filter(|asked| asked.to() > self.row.next)
    }

    /// Whether it changes anything.
    pub fn has_records(&self) -> bool {
        self.last.is_some()
    }

    pub fn refused(&self) -> impl Iterator<Item = Refused<'_>> {
        self.refused.iter().map(|unused| Refused {
            record: unused.record,
            why: &unused.why,
            partitioning: self.place.partitioning,
            version: unused.version,
        })
    }

    /// Adds all that it changes.
    pub fn write(&mut self, changes: &mut BatchChanges) {
        if let Some(record) = self.last {
            self.row.last = Some(LastRecord {
                offset: record.offset(),
                hash: hash(record),
            });
        }
        for changed in self.orders.values() {
            let stored = StoredOrder {
                state: changed.state.clone(),
                schema_id: changed.schema_id,
                datum: changed.datum.to_vec(),
            };
            changes
                .orders
                .insert(changed.state.order.order_id.clone(), Some(stored));
        }
        for Keyed { request, order_id, end } in self.keyed.iter().flatten() {
            let outcome = match end {
                End::Applied(row, time_ms) => KeyOutcome::Applied {
                    row: row.clone(),
                    time_ms: *time_ms,
                },
                End::Lost(offset) => KeyOutcome::Lost { offset: *offset },
            };
            if let Some(keys) = &mut changes.keys {
                keys.changes.push(KeyChange {
                    request: request.clone(),
                    order_id: order_id.clone(),
                    outcome,
                });
            }
        }
        changes.partitions.insert(self.place.partition, self.row.clone());
    }

    /// What was written: the new row, what became of the events that are waited for, and the orders that changed.
    pub fn into_written(self) -> (PartitionRow, Vec<(Uuid, Settled)>, Vec<OrderState>) {
        let orders = self.orders.into_values().map(|changed| changed.state);
        (self.row, self.settled, orders.collect())
    }
}

/// What the writer of an event is told of it. `here` is where the record lies.
fn settled(outcome: &Outcome, current: Option<&OrderState>, event: &OrderEvent, here: (i32, i64)) -> Settled {
    let (outcome, (partition, offset)) = match (outcome, current) {
        // It was written twice, and the first one has won.
        (Outcome::Duplicate, Some(first)) if first.order == event.order && !first.partial => {
            (Outcome::Duplicate, (first.partition, first.offset))
        }
        // Another one with its id has won. To the fold they are the same event; to its writer they are not.
        (Outcome::Duplicate, _) => (Outcome::Superseded, here),
        (outcome, _) => (outcome.clone(), here),
    };
    Settled {
        outcome,
        partition,
        offset,
    }
}

/// Whether a record has lost to one before it. Where the state comes from a later record, this one is read again, and its
/// outcome tells nothing of what it was when it came.
fn has_lost(outcome: &Outcome, current: Option<&OrderState>, (partition, offset): (i32, i64)) -> bool {
    let before = |current: &OrderState| current.partition == partition && current.offset < offset;
    !matches!(outcome, Outcome::Applied { .. }) && current.is_some_and(before)
}

/// The name of its schema and the datum, of a record that has a value.
fn framed<'a>(record: &'a BorrowedMessage<'a>) -> Option<Result<(SchemaRef, &'a [u8]), Rejection>> {
    let own = record.headers();
    Some(frame::read(record.payload()?, |name| headers::last(own?, name)))
}

/// What tells one record from another at the same offset: SHA-256 of key and value, each with its length before it.
pub(super) fn hash(record: &BorrowedMessage<'_>) -> String {
    let mut hasher = Sha256::new();
    for part in [record.key(), record.payload()] {
        let length = part.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap_or(i64::MAX));
        hasher.update(length.to_be_bytes());
        hasher.update(part.unwrap_or_default());
    }
    format!("{:x}", hasher.finalize())
}

#[cfg(test)]
#[path = "share_tests.rs"]
mod tests;
