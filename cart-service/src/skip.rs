//! What cart-service does with a record that it cannot use: it counts it (the projection does) and goes on. Keeping the
//! record is order-service's business. One that could be read by somebody who knows its schema puts its order in doubt.

use anyhow::anyhow;
use orderlog_contract::rejection::Code;
use orderlog_projection::store::Transaction;
use orderlog_projection::{RejectedRecord, RejectionHandler, SkippedRecord, Unhandled};
use rdkafka::Message;

use crate::doubts::{Doubts, Passed};

/// Skips what cannot be used.
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
                    // It is not written until the record is read, or for ten minutes.
                    order.in_doubt = &*order_id,
                    "record skipped: its order cannot be written for now"
                ),
            }
        }
        let unknown = rejected.iter().filter_map(|rejected| {
            let RejectedRecord { record, rejection, .. } = rejected;
            let schema_id = rejection
                .schema_id
                .filter(|_| rejection.code == Code::UnknownSchemaId)?;
            // In another partition than its key's it is no record of the order, whatever it says.
            let key = record.key().filter(|_| rejected.is_in_its_partition());
            Some(Passed {
                key,
                partition: record.partition(),
                offset: record.offset(),
                schema_id,
                version: rejected.version_before,
            })
        });
        // The offset does not move past a record whose doubt is not noted.
        match self.0.note(unknown) {
            Ok(()) => Vec::new(),
            Err(error) => {
                let unhandled = |index| Unhandled {
                    index,
                    reason: anyhow!("an order in doubt could not be noted: {error:#}"),
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
