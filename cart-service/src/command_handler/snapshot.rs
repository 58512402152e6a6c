//! What a decision is based on: an order and the use of the request's key, as one consistent snapshot.

use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::order::OrderState;
use orderlog_projection::store::{KeyUse, StoreError};

use super::CommandHandler;
use crate::command_outcome::CommandError;
use crate::unresolved_orders::{OrderLookup, ReservedVersions};

/// The state of an order and of a request's key, consistent even during a rewind.
pub(super) struct Snapshot {
    /// The order's partition, which can be written to.
    pub partition: i32,
    /// The order, if it exists.
    pub order: Option<OrderState>,
    /// The use of the request's key, if it has one that was used.
    pub key_use: Option<KeyUse>,
    /// The versions that skipped records of the order may have.
    pub reserved: Option<ReservedVersions>,
    /// Number of rewinds when the snapshot was taken.
    pub rewinds: u64,
}

impl CommandHandler {
    /// Takes a snapshot.
    ///
    /// # Errors
    /// The partition cannot be written to, the order is unresolved, or the disk fails.
    pub(super) async fn snapshot(
        &self,
        order_id: &str,
        keyed: Option<&KeyedRequest>,
    ) -> Result<Snapshot, CommandError> {
        loop {
            let rewinds = self.view.rewinds();
            let partition = self.writable_partition(order_id)?;
            let found = self.unresolved.look_up(order_id, keyed.map(|keyed| &keyed.key)).await;
            let OrderLookup {
                order,
                key_use,
                unresolved,
                reserved,
            } = found.map_err(store_failed)?;
            if let Some(unresolved) = unresolved {
                let seconds_left = self.unresolved.seconds_left(&unresolved);
                return Err(CommandError::OrderUnresolved {
                    unresolved,
                    seconds_left,
                });
            }
            // The lookup may have seen the middle of a rewind, which removes an order until its records are re-read. A
            // rewind first marks its partition as not caught up, then increments the count, then removes the order. If
            // it incremented before our first read of the count, it was over before the lookup, because the partition
            // was ready. If it incremented after our second read, it had removed nothing yet. Otherwise the counts
            // differ.
            if self.view.rewinds() == rewinds {
                return Ok(Snapshot {
                    partition,
                    order,
                    key_use,
                    reserved,
                    rewinds,
                });
            }
        }
    }

    fn writable_partition(&self, order_id: &str) -> Result<i32, CommandError> {
        let Some(partition) = self.view.partition_of(order_id) else {
            let progress = self.view.progress();
            return Err(CommandError::Unavailable(
                progress
                    .stop_reason()
                    .cloned()
                    .or(progress.starting)
                    .unwrap_or_else(|| "starting".to_owned()),
            ));
        };
        match self.view.not_current(partition) {
            None => Ok(partition),
            Some(reason) => Err(CommandError::Unavailable(reason)),
        }
    }
}

fn store_failed(error: StoreError) -> CommandError {
    CommandError::Unavailable(format!("{error:#}"))
}
