//! Offsets that are never handed out: the markers of transactions, and the records of those that were aborted. Where they lie
//! behind a partition's last record, it was read as far as the end all the same, and the store says so: else their deletion
//! would look like that of records that were not read.

use super::run::Runner;
use super::unusables::Unusables;
use crate::kafka::log_reader::LogReader;

impl<U: Unusables> Runner<U> {
    /// Moves partitions that were read to their end to where that is. It asks the client, so it is called between batches,
    /// when nobody waits for the next one.
    pub(super) fn pass_over_markers(&mut self, reader: &LogReader) {
        if self.halted || !self.parts.iter().any(|part| part.has_new_end()) {
            return;
        }
        if let Err(error) = self.try_to_pass(reader) {
            // It is tried again at the next end; whether the store can be written is told elsewhere.
            tracing::debug!(
                error = format!("{error:#}"),
                "what lies behind the last records was not passed over"
            );
        }
    }

    fn try_to_pass(&mut self, reader: &LogReader) -> anyhow::Result<()> {
        let mut transaction = self.store.begin();
        let mut moved = Vec::new();
        for (partition, position) in reader.positions()? {
            if let Some(row) = self.part(partition).and_then(|part| part.passed_over(position)) {
                transaction.put_partition(partition, &row)?;
                moved.push((partition, row));
            }
        }
        transaction.commit()?;
        for (partition, row) in moved {
            if let Some(part) = self.part(partition) {
                part.row = row;
            }
            self.publish(partition);
        }
        Ok(())
    }
}
