//! Reading records again that were passed over because the registry did not know their schema, once it does.
//!
//! What came after such a record was decided without it, so the order is forgotten as it was decided since, and everything
//! from the record on is read again: for other orders the fold takes what it has seen before for what it is. One thing is
//! lost: what the order was before the record. Where a misbehaving writer follows it with an illegal step, that step is
//! applied here until the order's next event.

use std::time::Duration;

use orderlog_kafka::log_reader::LogReader;
use tokio::sync::oneshot;

use super::rejections::RejectionHandler;
use super::run::Runner;
use crate::store::{BatchChanges, PartitionRow, Store};

/// How long the broker may take to tell where the partition begins.
const PATIENCE: Duration = Duration::from_secs(1);

/// A record that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The order that its key names.
    pub order_id: String,
    /// Its offset.
    pub offset: i64,
}

/// An order to read records of one partition again.
pub struct Reread {
    pub(super) partition: i32,
    pub(super) records: Vec<PassedOver>,
    pub(super) done: oneshot::Sender<()>,
}

impl<U: RejectionHandler> Runner<U> {
    /// Goes back to the first of those records and reads on from there. The partition counts as not caught up until it was
    /// read to its end again.
    pub(super) fn reread(&mut self, reader: &LogReader, reread: Reread) {
        match self.rewind(reader, &reread) {
            // Whoever has given up is not interested any more.
            Ok(true) => drop(reread.done.send(())),
            Ok(false) => {}
            Err(error) => tracing::error!(
                kafka.partition = reread.partition,
                error = format!("{error:#}"),
                "records could not be read again"
            ),
        }
    }

    fn rewind(&mut self, reader: &LogReader, reread: &Reread) -> anyhow::Result<bool> {
        let reads = self.reads();
        let Some(part) = self.part(reread.partition).filter(|part| part.is_read() && reads) else {
            return Ok(false);
        };
        let before = part.row.clone();
        let Some(first) = reread.records.iter().map(|record| record.offset).min() else {
            return Ok(true);
        };
        // What retention has deleted cannot be read any more, by nobody.
        let (oldest, _) = reader.bounds(reread.partition, PATIENCE)?;
        let mut row = before.clone();
        row.next = first.max(oldest).min(before.next);
        row.counted_to = before.next.max(before.counted_to);
        // The check of a start begins at the last record, which is one that comes later now.
        row.last = None;
        let Store::Embedded(store) = self.store.clone();
        let mut changes = BatchChanges::default();
        for record in &reread.records {
            let Some(state) = store.order(&record.order_id)? else {
                continue;
            };
            let since = state.partition == reread.partition && state.offset > record.offset;
            // Only what will be read again may be forgotten.
            if since && state.offset >= row.next {
                changes.orders.insert(record.order_id.clone(), None);
                row.counters.orders = row.counters.orders.saturating_sub(1);
            }
        }
        changes.partitions.insert(reread.partition, row.clone());
        self.unusables.read_again(&mut changes, &reread.records);
        // Told before it is so: nobody may take an order that was forgotten for one that does not exist.
        let next = row.next;
        self.begin_again(reread.partition, row);
        let committed = store.commit(&changes);
        let from = if committed.is_ok() { next } else { before.next };
        if committed.is_err() {
            self.begin_again(reread.partition, before);
        }
        // Also where nothing has changed: the partition is in doubt until its end is met again.
        reader.seek(reread.partition, from);
        committed?;
        tracing::info!(
            kafka.partition = reread.partition,
            kafka.offset = from,
            records = reread.records.len(),
            "reading records again whose schema is known now"
        );
        Ok(true)
    }

    fn begin_again(&mut self, partition: i32, row: PartitionRow) {
        if let Some(part) = self.part(partition) {
            part.begin_again(row);
        }
        self.publish(partition);
        // In this order: see `Progress::rewinds`.
        self.progress.send_modify(|progress| progress.rewinds += 1);
    }
}
