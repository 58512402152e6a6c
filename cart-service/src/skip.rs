//! What cart-service does with a rejected record: it skips it (the projection counts it). Keeping the record is
//! order-service's task. A record that somebody who knows its schema could read makes its order unresolved.

use anyhow::anyhow;
use orderlog_contract::rejection::Code;
use orderlog_projection::store::Transaction;
use orderlog_projection::{RejectedRecord, RejectionHandler, SkippedRecord, Unhandled};
use rdkafka::Message;

use crate::doubts::{Doubts, Passed};

/// Skips rejected records.
pub struct Skip(pub Doubts);

impl RejectionHandler for Skip {
    fn prepare(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn handle(&mut self, rejected: &[RejectedRecord<'_>]) -> Vec<Unhandled> {
        for rejected in rejected {
            let RejectedRecord { record, rejection, .. } = rejected;
            let in_doubt = rejection.code == Code::UnknownSchemaId && rejected.is_in_its_partition();
            let order_id = record.key().filter(|_| in_doubt).map(String::from_utf8_lossy);
            match order_id {
                None => tracing::info!(
                    kafka.topic = record.topic(),
                    kafka.partition = record.partition(),
                    kafka.offset = record.offset(),
                    code = rejection.code.as_str(),
                    reason = rejection.reason,
                    "record skipped"
                ),
                Some(order_id) => tracing::warn!(
                    kafka.topic = record.topic(),
                    kafka.partition = record.partition(),
                    kafka.offset = record.offset(),
                    code = rejection.code.as_str(),
                    reason = rejection.reason,
                    // Read-only until the record is read, or for ten minutes.
                    order.in_doubt = &*order_id,
                    "record skipped; its order is read-only for now"
                ),
            }
        }
        let unknown = rejected.iter().filter_map(|rejected| {
            let RejectedRecord { record, rejection, .. } = rejected;
            let schema_id = rejection
                .schema_id
                .filter(|_| rejection.code == Code::UnknownSchemaId)?;
            // Outside its key's partition it is not a record of the order, whatever it contains.
            let key = record.key().filter(|_| rejected.is_in_its_partition());
            Some(Passed {
                key,
                partition: record.partition(),
                offset: record.offset(),
                schema_id,
                version: rejected.version_before,
            })
        });
        // The offset must not move past a record that was not noted.
        match self.0.note(unknown) {
            Ok(()) => Vec::new(),
            Err(error) => {
                let unhandled = |index| Unhandled {
                    index,
                    reason: anyhow!("noting an unresolved order failed: {error:#}"),
                };
                (0..rejected.len()).map(unhandled).collect()
            }
        }
    }

    fn on_rewind(&mut self, transaction: &mut Transaction, records: &[SkippedRecord]) {
        for record in records {
            self.0.drop_one(transaction, &record.order_id);
        }
    }

    fn tick(&mut self) {}
}
