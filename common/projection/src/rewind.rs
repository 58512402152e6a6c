//! Re-reading records that were skipped because the registry did not know their schema, once it does.
//!
//! Events after such a record were folded without it, so the order's state is removed and everything from the record on
//! is re-read; for other orders, the fold recognizes events that it has seen before. One thing is lost: the order's
//! state before the record. If a misbehaving producer follows it with an illegal transition, that transition applies
//! here until the order's next event.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use orderlog_contract::order::OrderState;
use orderlog_kafka::log_reader::LogReader;
use tokio::runtime::Handle;

use crate::control_message::Rewind;
use crate::partitions::Partitions;
use crate::rejections::{RejectionHandler, SkippedRecord};
use crate::store::{BatchChanges, PartitionRow, Store};

/// How long the broker may take to report the partition's first offset.
const BROKER_TIMEOUT: Duration = Duration::from_secs(1);

/// What a rewind changes in the store.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    row: PartitionRow,
    /// Orders that are forgotten.
    forget: Vec<String>,
}

/// Goes back to the first of those records and continues from there. The partition does not count as caught up until it
/// has been read to its end again.
pub(crate) fn rewind<H: RejectionHandler>(
    request: Rewind,
    partitions: &mut Partitions,
    store: &Store,
    runtime: &Handle,
    handler: &mut H,
    reader: &LogReader,
) {
    let partition = request.partition;
    match try_rewind(&request, partitions, store, runtime, handler, reader) {
        // An error means that the caller has given up.
        Ok(true) => drop(request.done.send(())),
        Ok(false) => {}
        Err(error) => tracing::error!(
            kafka.partition = partition,
            error = format!("{error:#}"),
            "rewind failed"
        ),
    }
}

/// Returns whether the re-read has begun.
fn try_rewind<H: RejectionHandler>(
    request: &Rewind,
    partitions: &mut Partitions,
    store: &Store,
    runtime: &Handle,
    handler: &mut H,
    reader: &LogReader,
) -> anyhow::Result<bool> {
    let Rewind { partition, records, .. } = request;
    let Some(state) = partitions.get(*partition).filter(|state| state.is_read()) else {
        return Ok(false);
    };
    let before = state.row().clone();
    if records.is_empty() {
        return Ok(true);
    }
    // Records that retention has deleted cannot be read again.
    let (oldest, _) = reader.bounds(*partition, BROKER_TIMEOUT)?;
    let order_ids: BTreeSet<String> = records.iter().map(|record| record.order_id.clone()).collect();
    let orders = runtime.block_on(store.load(&order_ids))?;
    let Plan { row, forget } = plan(*partition, &before, records, oldest, &orders);
    let next = row.next;
    let mut changes = BatchChanges {
        orders: forget.into_iter().map(|order_id| (order_id, None)).collect(),
        partitions: BTreeMap::from([(*partition, row.clone())]),
        ..BatchChanges::default()
    };
    handler.on_rewind(&mut changes, records);
    // Published before it happens: a removed order must not be mistaken for one that does not exist.
    partitions.rewind(*partition, row);
    let committed = runtime.block_on(store.commit(&changes));
    let from = if committed.is_ok() { next } else { before.next };
    if committed.is_err() {
        partitions.rewind(*partition, before);
    }
    // Even if nothing has changed: the partition does not count as caught up until its end is reached again.
    reader.seek(*partition, from);
    committed?;
    tracing::info!(
        kafka.partition = partition,
        kafka.offset = from,
        records = records.len(),
        "rewinding to skipped records whose schema is now known"
    );
    Ok(true)
}

/// What changes when the records are read again. `oldest` is the first offset that the partition still has, `orders` are
/// the orders of the records.
fn plan(
    partition: i32,
    before: &PartitionRow,
    records: &[SkippedRecord],
    oldest: i64,
    orders: &HashMap<String, OrderState>,
) -> Plan {
    let first = records.iter().map(|record| record.offset).min().unwrap_or(before.next);
    let mut row = PartitionRow {
        next: first.max(oldest).min(before.next),
        counted_to: before.next.max(before.counted_to),
        // The check at startup uses the last record read, which has yet to be read again now.
        last: None,
        counters: before.counters,
        breaker: before.breaker.clone(),
    };
    let mut forget = Vec::new();
    for record in records {
        let Some(state) = orders.get(&record.order_id) else {
            continue;
        };
        let is_later = state.partition == partition && state.offset > record.offset;
        // Only an order whose records will be read again may be forgotten.
        if is_later && state.offset >= row.next {
            forget.push(record.order_id.clone());
            row.counters.orders = row.counters.orders.saturating_sub(1);
        }
    }
    Plan { row, forget }
}

#[cfg(test)]
mod tests {
    use orderlog_contract::testing::{an_event, state_after};

    use super::*;
    use crate::store::Counters;

    fn order(order_id: &str, partition: i32, offset: i64) -> (String, OrderState) {
        let state = state_after(&an_event(order_id, 1), (partition, offset));
        (order_id.to_owned(), state)
    }

    fn skipped(order_id: &str, offset: i64) -> SkippedRecord {
        SkippedRecord {
            order_id: order_id.to_owned(),
            offset,
        }
    }

    /// Partition 3, read below 100 with ten orders; A's record was skipped at 40, B's at 60.
    fn planned(oldest: i64, orders: impl IntoIterator<Item = (String, OrderState)>) -> Plan {
        let counters = Counters {
            orders: 10,
            ..Counters::default()
        };
        let before = PartitionRow {
            next: 100,
            counters,
            ..PartitionRow::default()
        };
        let records = [skipped("A", 40), skipped("B", 60)];
        plan(3, &before, &records, oldest, &orders.into_iter().collect())
    }

    #[test]
    fn reading_resumes_at_the_first_record_that_is_still_there() {
        for (oldest, next) in [(0, 40), (50, 50), (200, 100)] {
            let plan = planned(oldest, []);
            assert_eq!((plan.row.next, plan.row.counted_to, plan.row.last), (next, 100, None));
            assert_eq!((plan.forget.len(), plan.row.counters.orders), (0, 10));
        }
    }

    #[test]
    fn an_order_is_forgotten_if_its_state_comes_from_a_later_record_that_is_re_read() {
        for (order, oldest, is_forgotten) in [
            (order("A", 3, 41), 0, true),
            (order("A", 3, 39), 0, false),
            // Nothing could restore it from records that retention has deleted.
            (order("A", 3, 41), 50, false),
            (order("A", 3, 51), 50, true),
            (order("B", 3, 41), 0, false),
            // Offsets of two partitions do not compare.
            (order("A", 2, 41), 0, false),
        ] {
            let (order_id, state) = order.clone();
            let plan = planned(oldest, [order]);
            let expected: Vec<String> = is_forgotten.then_some(order_id).into_iter().collect();
            assert_eq!(plan.forget, expected, "{state:?}, from {oldest}");
            assert_eq!(plan.row.counters.orders, if is_forgotten { 9 } else { 10 });
        }
    }
}
