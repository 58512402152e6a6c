//! One partition's share of a batch: what its records do, held in memory until the whole batch is written or dropped.

use std::collections::HashMap;

use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::judge::{Judged, Place, judge};
use super::lookup::Lookup;
use super::unusables::Refused;
use super::waiters::Settled;
use crate::codec::frame;
use crate::event::OrderEvent;
use crate::idempotency::KeyedRequest;
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
    /// The schema id that the share ends at, if it ends early.
    waits_for: Option<u32>,
    /// Where the partition's end was met, if it was.
    met_end: Option<i64>,
    /// Whether it was met after the last record.
    at_end: bool,
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
    pub fn new(place: Place, row: &PartitionRow, keeps_keys: bool) -> Self {
        Self {
            place,
            row: row.clone(),
            orders: HashMap::new(),
            settled: Vec::new(),
            refused: Vec::new(),
            keyed: keeps_keys.then(Vec::new),
            last: None,
            waits_for: None,
            met_end: None,
            at_end: false,
        }
    }

    /// Takes in one record, unless the share has ended.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn take(&mut self, record: &'a BorrowedMessage<'a>, lookup: &mut Lookup, store: &Store) -> anyhow::Result<()> {
        if record.offset() < self.row.next {
            return Ok(());
        }
        if self.waits_for.is_some() {
            // Asked for together, so that a flood of new ids does not cost a round trip each.
            if let Some((id, _)) = framed(record) {
                lookup.prefetch(id, self.place.partition);
            }
            return Ok(());
        }
        let known = |id| lookup.get(id, self.place.partition);
        let (event_id, outcome) = match judge(record.key(), record.payload(), self.place, known) {
            Judged::Wait(id) => {
                self.waits_for = Some(id);
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
            why.schema_id = why.schema_id.or_else(|| Some(framed(record)?.0));
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
                datum: framed(record).map(|(_, datum)| datum).unwrap_or_default(),
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

    pub fn waits_for(&self) -> Option<u32> {
        self.waits_for
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

/// Schema id and datum, of a record that is framed.
fn framed<'a>(record: &'a BorrowedMessage<'a>) -> Option<(u32, &'a [u8])> {
    frame::split(record.payload()?).ok()
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
