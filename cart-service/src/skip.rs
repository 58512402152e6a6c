//! What cart-service does with a record that it cannot use: it counts it (the projection does) and goes on. Keeping the
//! record is order-service's business. One that could be read by somebody who knows its schema puts its order in doubt.

use orderlog_contract::rejection::Code;
use orderlog_projection::store::Transaction;
use orderlog_projection::{PassedOver, Refused, RejectionHandler};
use rdkafka::Message;

use crate::doubts::{Doubts, Passed};

/// Skips what cannot be used.
pub struct Skip(pub Doubts);

impl RejectionHandler for Skip {
    fn prepare(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn dispose(&mut self, refused: &[Refused<'_>]) -> Vec<Result<(), String>> {
        for refused in refused {
            let Refused { record, why, .. } = refused;
            let in_doubt = why.code == Code::UnknownSchemaId && refused.is_at_home();
            let order_id = record.key().filter(|_| in_doubt).map(String::from_utf8_lossy);
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
                    // It is not written until the record is read, or for ten minutes.
                    order.in_doubt = &*order_id,
                    "record skipped: its order cannot be written for now"
                ),
            }
        }
        let unknown = refused.iter().filter_map(|refused| {
            let Refused { record, why, .. } = refused;
            let schema_id = why.schema_id.filter(|_| why.code == Code::UnknownSchemaId)?;
            // In another partition than its key's it is no record of the order, whatever it says.
            let key = record.key().filter(|_| refused.is_at_home());
            Some(Passed {
                key,
                partition: record.partition(),
                offset: record.offset(),
                schema_id,
                version: refused.version,
            })
        });
        // The offset does not move past a record whose doubt is not noted.
        let noted = self
            .0
            .note(unknown)
            .map_err(|error| format!("an order in doubt could not be noted: {error:#}"));
        vec![noted; refused.len()]
    }

    fn read_again(&mut self, transaction: &mut Transaction, records: &[PassedOver]) {
        for record in records {
            self.0.drop_one(transaction, &record.order_id);
        }
    }

    fn tick(&mut self) {}
}
