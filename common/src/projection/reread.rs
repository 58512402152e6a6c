//! Reading records again that were passed over because the registry did not know their schema, once it does.

use std::time::Duration;

use tokio::sync::oneshot;

use super::run::Runner;
use super::unusables::Unusables;
use crate::kafka::log_reader::LogReader;

/// How long the broker may take to tell where the partition begins.
const PATIENCE: Duration = Duration::from_secs(2);

/// A record that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The order that its key names.
    pub order_id: String,
    /// Its offset.
    pub offset: i64,
    /// The schema id that it names.
    pub schema_id: u32,
}

/// An order to read records of one partition again.
pub struct Reread {
    pub(super) partition: i32,
    pub(super) records: Vec<PassedOver>,
    pub(super) done: oneshot::Sender<()>,
}

impl<U: Unusables> Runner<U> {
    /// Goes back to the first of those records and reads on from there, whatever lies behind it too: the fold takes what
    /// it has seen before for what it is. The partition counts as not caught up until that is done.
    pub(super) fn reread(&mut self, reader: &LogReader, reread: Reread) {
        let ids: Vec<u32> = reread.records.iter().map(|record| record.schema_id).collect();
        self.lookup.forget_unknown(&ids);
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
        let Some(first) = reread.records.iter().map(|record| record.offset).min() else {
            return Ok(true);
        };
        // Behind what retention has deleted: those records cannot be read any more, by nobody.
        let (oldest, _) = reader.bounds(reread.partition, PATIENCE)?;
        let store = self.store.clone();
        let halted = self.halted;
        let Some(part) = self.part(reread.partition).filter(|part| part.is_read() && !halted) else {
            return Ok(false);
        };
        let mut row = part.row.clone();
        let mut transaction = store.begin();
        for record in &reread.records {
            // What came after the record was decided without it. What came before it stays, in case it is newer.
            let Some(state) = store
                .order(&record.order_id)?
                .filter(|state| state.offset > record.offset)
            else {
                continue;
            };
            transaction.remove_order(&state.order.order_id);
            row.counters.orders = row.counters.orders.saturating_sub(1);
        }
        row.next = first.max(oldest).min(row.next);
        row.last = None;
        transaction.put_partition(reread.partition, &row)?;
        transaction.commit()?;
        tracing::info!(
            kafka.partition = reread.partition,
            kafka.offset = row.next,
            records = reread.records.len(),
            "reading records again whose schema is known now"
        );
        part.begin_again(row);
        let from = part.position();
        reader.seek(reread.partition, from);
        self.publish(reread.partition);
        Ok(true)
    }
}
