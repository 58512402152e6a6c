//! What cart-service does with a record that it cannot use: it counts it (the projection does) and goes on. Keeping the
//! record is order-service's business.

use common::projection::{Refused, Unusables};
use rdkafka::Message;

/// Skips what cannot be used.
pub struct Skip;

impl Unusables for Skip {
    fn prepare(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn dispose(&mut self, refused: &[Refused<'_>]) -> Vec<Result<(), String>> {
        for Refused { record, why } in refused {
            tracing::info!(
                kafka.topic = record.topic(),
                kafka.partition = record.partition(),
                kafka.offset = record.offset(),
                code = why.code.as_str(),
                reason = why.reason,
                "record skipped"
            );
        }
        vec![Ok(()); refused.len()]
    }

    fn tick(&mut self) {}
}
