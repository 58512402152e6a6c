//! How cart-service handles rejected records: the projection counts them, and they are skipped. order-service keeps them.
//! A record with an unknown schema might be valid, so its order becomes unresolved.

use orderlog_contract::rejection::Code;
use orderlog_projection::store::BatchChanges;
use orderlog_projection::{PassedOver, Refused, RejectionHandler};
use rdkafka::Message;

use crate::unresolved_orders::{UnreadRecord, UnresolvedOrders};

/// Skips rejected records.
pub struct SkipRejected(pub UnresolvedOrders);

impl RejectionHandler for SkipRejected {
    fn prepare(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn dispose(&mut self, refused: &[Refused<'_>]) -> Vec<Result<(), String>> {
        for refused in refused {
            let Refused { record, why, .. } = refused;
            let unresolved = why.code == Code::UnknownSchemaId && refused.is_at_home();
            let order_id = record.key().filter(|_| unresolved).map(String::from_utf8_lossy);
            match order_id {
                None => tracing::info!(
                    kafka.topic = record.topic(),
                    kafka.partition = record.partition(),
                    kafka.offset = record.offset(),
                    code = why.code.as_str(),
                    reason = why.reason,
                    "record skipped"
                ),
                Some(order_id) => tracing::warn!(
                    kafka.topic = record.topic(),
                    kafka.partition = record.partition(),
                    kafka.offset = record.offset(),
                    code = why.code.as_str(),
                    reason = why.reason,
                    // Until the record is read, or ten minutes have passed.
                    order.id = &*order_id,
                    "record skipped; its order is read-only for now"
                ),
            }
        }
        let unknown = refused.iter().filter_map(|refused| {
            let Refused { record, why, .. } = refused;
            let schema_id = why.schema_id.filter(|_| why.code == Code::UnknownSchemaId)?;
            // Outside its key's partition it is not a record of the order, whatever it contains.
            let key = record.key().filter(|_| refused.is_at_home());
            Some(UnreadRecord {
                key,
                partition: record.partition(),
                offset: record.offset(),
                schema_id,
                version: refused.version,
            })
        });
        // The offset must not move past a record whose order is not stored as unresolved.
        let noted = self
            .0
            .note(unknown)
            .map_err(|error| format!("cannot store an unresolved order: {error:#}"));
        vec![noted; refused.len()]
    }

    fn read_again(&mut self, changes: &mut BatchChanges, records: &[PassedOver]) {
        let removed = records.iter().map(|record| self.0.remove(&record.order_id));
        changes.rows.extend(removed);
    }

    fn tick(&mut self) {}
}
