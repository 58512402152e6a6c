//! One partition's share of a batch: what its records do, held in memory until the whole batch is written or dropped.

use std::collections::{HashMap, HashSet};

use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::judge::{Judged, Place, judge};
use super::lookup::{Known, Lookup};
use super::schema_wait::SchemaWait;
use super::unusables::Refused;
use super::waiters::Settled;
use crate::codec::frame::{self, SchemaRef};
use crate::event::OrderEvent;
use crate::idempotency::KeyedRequest;
use crate::kafka::headers;
use crate::order::{OrderState, Outcome, fold};
use crate::store::{KeyRow, LastRecord, PartitionRow, Store, Transaction};
use crate::unusable::Unusable;

/// What a share of a batch will change.
pub(super) struct Share<'a> {
    place: Place,
    row: PartitionRow,
    orders: HashMap<String, Changed<'a>>,
    settled: Vec<(Uuid, Settled)>,
    refused: Vec<(&'a BorrowedMessage<'a>, Unusable)>,
    /// The requests that events were written for, in the log's order; `None` when none are remembered.
    keyed: Option<Vec<Keyed>>,
    last: Option<&'a BorrowedMessage<'a>>,
    /// What the registry said of the schemas of these records, if it was asked.
    asked: Option<SchemaWait>,
    /// Where the share ends, if it ends early.
    waits_for: Option<Awaited>,
    /// Whether the partition's end was met.
    met_end: bool,
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

/// A request, the order that it was for, and what became of its event.
struct Keyed {
    request: KeyedRequest,
    order_id: String,
    end: End,
}

enum End {
    /// It is the request's answer.
    Applied(KeyRow),
    /// It is nobody's answer. Read again, it may have been one before.
    Lost(Uuid),
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
            met_end: false,
            at_end: false,
        }
    }

    /// Takes in one record, unless the share has ended.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn take(&mut self, record: &'a BorrowedMessage<'a>, lookup: &Lookup, store: &Store) -> anyhow::Result<()> {
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
        let (event_id, outcome) = match judge(record.key(), framed(record), self.place, known) {
            Judged::Wait(first) => {
                self.waits_for = Some(Awaited {
                    first,
                    further: Vec::new(),
                    seen: HashSet::from([first]),
                    to: record.offset() + 1,
                });
                return Ok(());
            }
            Judged::Null => (None, Outcome::Ignored),
            Judged::Unusable(why) => (None, Outcome::Rejected(why)),
            Judged::Event(event, schema_id, writer) => {
                let event_id = event.event_id;
                let partial = writer.order_fields_dropped().next().is_some();
                let outcome = self.fold(*event, partial, record, schema_id, store)?;
                (Some(event_id), outcome)
            }
        };
        self.row.next = record.offset() + 1;
        // What was counted before it is read again is counted once.
        if record.offset() >= self.row.counted_to {
            self.row.counters.count(&outcome);
        }
        self.last = Some(record);
        self.at_end = false;
        if let Some(event_id) = event_id {
            let settled = Settled {
                outcome: outcome.clone(),
                partition: self.place.partition,
                offset: record.offset(),
            };
            self.settled.push((event_id, settled));
        }
        if let Outcome::Rejected(mut why) = outcome {
            // The fold sees no bytes, so a fault that it finds does not name the schema yet.
            why.schema_id = why.schema_id.or_else(|| framed(record)?.ok()?.0.id());
            self.refused.push((record, why));
        }
        Ok(())
    }

    fn fold(
        &mut self,
        event: OrderEvent,
        partial: bool,
        record: &'a BorrowedMessage<'a>,
        schema_id: u32,
        store: &Store,
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
        if matches!(outcome, Outcome::Applied { .. }) {
            self.row.counters.orders += u64::from(current.is_none());
            let state = OrderState {
                event_id: event.event_id,
                order: event.order,
                partition: self.place.partition,
                offset: record.offset(),
                partial,
            };
            self.note_request(record, &state.order.order_id, |request| {
                End::Applied(KeyRow::of(request, &state))
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
        } else if outcome != Outcome::Duplicate {
            self.note_request(record, &event.order.order_id, |_| End::Lost(event.event_id));
        }
        Ok(outcome)
    }

    /// Notes which request an event was written for, if it says so.
    fn note_request(&mut self, record: &BorrowedMessage<'_>, order_id: &str, end: impl FnOnce(&KeyedRequest) -> End) {
        let Some(keyed) = &mut self.keyed else { return };
        let Some(request) = record.headers().and_then(KeyedRequest::of) else {
            return;
        };
        keyed.push(Keyed {
            end: end(&request),
            order_id: order_id.to_owned(),
            request,
        });
    }

    /// Notes that the partition's end was met.
    pub fn meet_end(&mut self) {
        // An end behind a record that waits is not where we are.
        if self.waits_for.is_none() {
            self.met_end = true;
            self.at_end = true;
        }
    }

    pub fn has_met_end(&self) -> bool {
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
        self.refused.iter().map(|(record, why)| Refused {
            record,
            why,
            partitions: self.place.partitions,
        })
    }

    /// Puts all that it changes into the transaction, which keeps so many keys.
    ///
    /// # Errors
    /// When something cannot be encoded, or the disk fails.
    pub fn write(&mut self, transaction: &mut Transaction, most_keys: usize) -> anyhow::Result<()> {
        if let Some(record) = self.last {
            self.row.last = Some(LastRecord {
                offset: record.offset(),
                hash: hash(record),
            });
        }
        for changed in self.orders.values() {
            transaction.put_order(&changed.state, changed.schema_id, changed.datum);
        }
        for Keyed { request, order_id, end } in self.keyed.iter().flatten() {
            match end {
                End::Applied(row) => transaction.remember_key(request, order_id, row, most_keys)?,
                End::Lost(event_id) => transaction.take_back_key(request, order_id, *event_id)?,
            }
        }
        transaction.put_partition(self.place.partition, &self.row)
    }

    /// What was written: the new row, the events that were settled, and the orders that changed.
    pub fn into_written(self) -> (PartitionRow, Vec<(Uuid, Settled)>, Vec<OrderState>) {
        let orders = self.orders.into_values().map(|changed| changed.state);
        (self.row, self.settled, orders.collect())
    }
}

/// The name of its schema and the datum, of a record that has a value.
fn framed<'a>(record: &'a BorrowedMessage<'a>) -> Option<Result<(SchemaRef, &'a [u8]), Unusable>> {
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
