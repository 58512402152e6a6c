//! One batch, from records to a commit. Every step sees the batch as a whole. If a step fails for a partition, that
//! partition stays where it was:
//!
//! 1. `classify` each record, per partition, up to the first that must wait for its schema (`partition_batch`): pure;
//! 2. load the orders of all of them from the store, in one go;
//! 3. `fold_partition`, per partition and in order: pure;
//! 4. have the rejected records handled; the offset passes only those that were;
//! 5. commit everything in one atomic write, with what the service adds to it.
//!
//! The waiters are notified after that, by the topic reader.

mod classify;
mod fold_partition;
mod partition_batch;
mod placement;
mod record;
#[cfg(test)]
mod testing;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use orderlog_contract::event::OrderEvent;
use orderlog_contract::order::OrderState;
use orderlog_kafka::log_reader::LogEvent;
use orderlog_kafka::partition::Partitioning;
use orderlog_runtime::crash_point::{self, Point};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::code_counters::CodeCounters;
use crate::folded_record::FoldedRecord;
use crate::rejections::{RejectedRecord, RejectionHandler, Unhandled};
use crate::store::{BatchChanges, KeyChanges, PartitionRow, Store, StoreError};
use crate::waiters::{EventOutcome, Waiters};
use fold_partition::{FoldOptions, FoldedAt, PartitionChanges};

pub(crate) use partition_batch::{AwaitedSchemas, Ending, PartitionBatch};
pub(crate) use placement::Placement;
pub(crate) use record::{LogRecord, hash, request};

/// What processing a batch needs.
pub(crate) struct BatchProcessor<H> {
    /// Counts rejected records.
    pub rejections: CodeCounters,
    pub store: Store,
    pub runtime: Handle,
    pub waiters: Waiters,
    pub handler: H,
    /// How many idempotency keys are kept; 0: none.
    pub max_keys: usize,
    /// Whether a partition with too many dead letters is paused.
    pub has_breaker: bool,
}

/// What was committed of a partition's records, and what comes after them.
pub(crate) struct Committed {
    pub row: PartitionRow,
    pub ending: Ending,
    /// Outcomes of the events that a request waits for.
    pub outcomes: Vec<(Uuid, EventOutcome)>,
    /// The orders that changed, and the versions that they have now.
    pub versions: Vec<(String, i32)>,
}

/// Why a partition's records were not committed.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum NotCommitted {
    #[error("the store cannot be read: {0:#}")]
    NotLoaded(#[source] Arc<StoreError>),
    #[error("{0:#}")]
    Unhandled(#[source] Arc<anyhow::Error>),
    #[error("the store cannot be written: {0:#}")]
    NotWritten(#[source] Arc<StoreError>),
}

impl<H: RejectionHandler> BatchProcessor<H> {
    /// Folds a batch, has its rejected records handled, and commits it. Returns what became of each partition's records.
    pub fn process(
        &mut self,
        events: &[LogEvent<'_>],
        batches: Vec<PartitionBatch<'_>>,
        partitioning: Partitioning,
    ) -> Vec<(i32, Result<Committed, NotCommitted>)> {
        let partitions: Vec<i32> = batches.iter().map(PartitionBatch::partition).collect();
        let loaded = match self.runtime.block_on(self.store.load(&order_ids(&batches))) {
            Ok(orders) => orders,
            Err(error) => {
                let error = NotCommitted::NotLoaded(Arc::new(error));
                return partitions
                    .into_iter()
                    .map(|partition| (partition, Err(error.clone())))
                    .collect();
            }
        };
        let counts = |index: usize| match events.get(index) {
            Some(LogEvent::Record(record)) => self.handler.counts_for_breaker(record),
            _ => unreachable!("a rejection has the index of its record"),
        };
        let options = FoldOptions {
            keeps_records: self.handler.keeps_records(),
            breaker: self.has_breaker.then_some(&counts),
        };
        let mut folded = fold(batches, &loaded, |event| self.waiters.is_awaited(event), options);
        let unhandled = self.handle_rejected(events, &folded, partitioning);
        folded.retain(|(changes, _)| !unhandled.contains_key(&changes.partition));
        let mut results: Vec<_> = unhandled
            .into_iter()
            .map(|(partition, error)| (partition, Err(NotCommitted::Unhandled(Arc::new(error)))))
            .collect();
        results.extend(self.commit(events, folded));
        results
    }

    /// Has rejected records handled. Returns the partitions in which that failed, and why.
    fn handle_rejected(
        &mut self,
        events: &[LogEvent<'_>],
        folded: &[(PartitionChanges, Ending)],
        partitioning: Partitioning,
    ) -> BTreeMap<i32, anyhow::Error> {
        let mut rejected = Vec::new();
        for rejection in folded.iter().flat_map(|(changes, _)| &changes.rejected) {
            let Some(LogEvent::Record(record)) = events.get(rejection.index) else {
                unreachable!("a rejection has the index of its record");
            };
            rejected.push(RejectedRecord {
                record,
                rejection: &rejection.rejection,
                partitioning,
                version_before: rejection.version_before,
            });
        }
        if rejected.is_empty() {
            return BTreeMap::new();
        }
        let partitions: Vec<i32> = rejected.iter().map(|rejected| rejected.record.partition()).collect();
        let unhandled = unhandled_partitions(&partitions, self.handler.handle(&rejected));
        let handled = rejected
            .iter()
            .filter(|rejected| !unhandled.contains_key(&rejected.record.partition()));
        for rejected in handled {
            self.rejections.count(rejected.rejection.code);
        }
        unhandled
    }

    /// Commits all partitions at once.
    fn commit(
        &mut self,
        events: &[LogEvent<'_>],
        mut folded: Vec<(PartitionChanges, Ending)>,
    ) -> impl Iterator<Item = (i32, Result<Committed, NotCommitted>)> + use<H> {
        let has_records = folded.iter().any(|(_, ending)| ending.had_records);
        if has_records {
            crash_point::reached(Point::BatchFolded);
        }
        let records = folded_records(events, &mut folded);
        let (mut changes, committed) = changes(folded, self.max_keys);
        if !records.is_empty() {
            self.handler.extend(&mut changes, &records);
        }
        let written = self.runtime.block_on(self.store.commit(&changes));
        if has_records {
            crash_point::reached(Point::BatchWritten);
        }
        if written.is_ok() && !records.is_empty() {
            self.handler.committed(&records);
        }
        let written = written.map_err(|error| NotCommitted::NotWritten(Arc::new(error)));
        committed
            .into_iter()
            .map(move |(partition, committed)| (partition, written.clone().map(|()| committed)))
    }
}

/// The partitions that stay where they were, given the partition of each rejected record and the handler's answer. An
/// answer about a record that was not rejected would say nothing about the others, either.
///
/// # Panics
/// The handler names a record that it was not given.
fn unhandled_partitions(partitions: &[i32], unhandled: Vec<Unhandled>) -> BTreeMap<i32, anyhow::Error> {
    let partition = |unhandled: Unhandled| {
        let partition = partitions.get(unhandled.index);
        (*partition.expect("an index of a rejected record"), unhandled.reason)
    };
    unhandled.into_iter().map(partition).collect()
}

/// The orders whose state the fold must know.
fn order_ids(batches: &[PartitionBatch<'_>]) -> BTreeSet<String> {
    let order_ids = batches.iter().flat_map(PartitionBatch::order_ids);
    order_ids.map(str::to_owned).collect()
}

/// What the records do, given their orders as they are in the store. `is_awaited` tells whether a request waits for
/// that very event.
fn fold(
    batches: Vec<PartitionBatch<'_>>,
    loaded: &HashMap<String, OrderState>,
    is_awaited: impl Fn(&OrderEvent) -> bool,
    options: FoldOptions<'_>,
) -> Vec<(PartitionChanges, Ending)> {
    let fold = |batch: PartitionBatch<'_>| batch.fold(loaded, &is_awaited, options);
    batches.into_iter().map(fold).collect()
}

/// What the records did, each with its message. It is taken out of `folded`.
fn folded_records<'a>(
    events: &'a [LogEvent<'a>],
    folded: &mut [(PartitionChanges, Ending)],
) -> Vec<(&'a BorrowedMessage<'a>, FoldedRecord)> {
    let all = folded
        .iter_mut()
        .flat_map(|(changes, _)| std::mem::take(&mut changes.folded));
    let with_message = |FoldedAt { index, what }| match events.get(index) {
        Some(LogEvent::Record(record)) => (record, what),
        _ => unreachable!("what a record did has the index of its record"),
    };
    all.map(with_message).collect()
}

/// All changes, as one commit, and what to report once it is committed.
fn changes(folded: Vec<(PartitionChanges, Ending)>, max_keys: usize) -> (BatchChanges, Vec<(i32, Committed)>) {
    let mut keys = KeyChanges {
        changes: Vec::new(),
        max_keys,
    };
    let mut changes = BatchChanges::default();
    let mut committed = Vec::new();
    for (partition, ending) in folded {
        let versions = partition
            .orders
            .iter()
            .map(|(id, stored)| (id.clone(), stored.state.order.version));
        let said = Committed {
            row: partition.row.clone(),
            versions: versions.collect(),
            outcomes: partition.outcomes,
            ending,
        };
        if said.ending.had_records {
            changes.partitions.insert(partition.partition, partition.row);
        }
        changes
            .orders
            .extend(partition.orders.into_iter().map(|(id, stored)| (id, Some(stored))));
        keys.changes.extend(partition.keys);
        committed.push((partition.partition, said));
    }
    changes.keys = (max_keys > 0).then_some(keys);
    (changes, committed)
}

#[cfg(test)]
mod tests;
