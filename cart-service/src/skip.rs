//! How cart-service handles rejected records: the projection counts them, and they are skipped. order-service keeps them.
//! A record with an unknown schema might be valid, so its order becomes unresolved.

use anyhow::anyhow;
use orderlog_contract::rejection::Code;
use orderlog_projection::store::BatchChanges;
use orderlog_projection::{RejectedRecord, RejectionHandler, SkippedRecord, Unhandled};
use rdkafka::Message;

use crate::unresolved_orders::{UnreadRecord, UnresolvedOrders};

/// Skips rejected records.
pub struct SkipRejected(pub UnresolvedOrders);

impl RejectionHandler for SkipRejected {
    fn prepare(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn handle(&mut self, rejected: &[RejectedRecord<'_>]) -> Vec<Unhandled> {
        for rejected in rejected {
            let RejectedRecord { record, rejection, .. } = rejected;
            let unresolved = rejection.code == Code::UnknownSchemaId && rejected.is_in_its_partition();
            let order_id = record.key().filter(|_| unresolved).map(String::from_utf8_lossy);
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
                    // Until the record can be read, or ten minutes have passed.
                    order.id = &*order_id,
                    "record skipped; its order is unresolved: it cannot be written until the schema is known, or for ten minutes"
                ),
            }
        }
        let unknown = rejected.iter().filter_map(|rejected| {
            let RejectedRecord { record, rejection, .. } = rejected;
            let schema_id = rejection
                .schema_id
                .filter(|_| rejection.code == Code::UnknownSchemaId)?;
            // Outside its key's partition, it is not a record of the order, whatever it contains.
            let key = record.key().filter(|_| rejected.is_in_its_partition());
            Some(UnreadRecord {
                key,
                partition: record.partition(),
                offset: record.offset(),
                schema_id,
                version: rejected.version_before,
            })
        });
        // The offset must not move past a record whose order is not stored as unresolved.
        match self.0.note(unknown) {
            Ok(()) => Vec::new(),
            Err(error) => {
                let unhandled = |index| Unhandled {
                    index,
                    reason: anyhow!("cannot store an unresolved order: {error:#}"),
                };
                (0..rejected.len()).map(unhandled).collect()
            }
        }
    }

    fn on_rewind(&mut self, changes: &mut BatchChanges, records: &[SkippedRecord]) {
        let removed = records.iter().map(|record| self.0.remove(&record.order_id));
        changes.rows.extend(removed);
    }

    fn tick(&mut self) {}
}
