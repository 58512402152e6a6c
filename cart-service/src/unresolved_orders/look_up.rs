//! What a command needs to know about an order, in one access to the store.

use orderlog_contract::idempotency::IdempotencyKey;
use orderlog_contract::order::OrderState;
use orderlog_projection::store::{KeyUse, StoreError, blocking};

use super::{ReservedVersions, UnresolvedOrder, UnresolvedOrders};

/// An order, and what may prevent writing it.
#[derive(Clone, Debug)]
pub struct OrderLookup {
    /// The order, if it exists.
    pub order: Option<OrderState>,
    /// The use of the request's key, if it has one that was used.
    pub key_use: Option<KeyUse>,
    /// Why the order is unresolved, if it is.
    pub unresolved: Option<UnresolvedOrder>,
    /// The versions that skipped records of the order may have, unless the order is above all of them.
    pub reserved: Option<ReservedVersions>,
}

impl UnresolvedOrders {
    /// Looks up an order and the use of a key, without blocking a server thread.
    ///
    /// # Errors
    /// The disk fails, or a value has a format that this release does not read.
    pub async fn look_up(&self, order_id: &str, key: Option<&IdempotencyKey>) -> Result<OrderLookup, StoreError> {
        let (this, order_id, key) = (self.clone(), order_id.to_owned(), key.cloned());
        blocking(move || {
            let (order, key_use) = this.store.order_and_key_use(&order_id, key.as_ref())?;
            let unresolved = this.row(&order_id)?;
            // In this order: versions are reserved before an order stops being unresolved.
            let reserved = this.reserved(&order_id, order.as_ref())?;
            Ok(OrderLookup {
                order,
                key_use,
                unresolved,
                reserved,
            })
        })
        .await
    }

    /// Why the order is unresolved, if it is. Does not block a server thread.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn get(&self, order_id: &str) -> Result<Option<UnresolvedOrder>, StoreError> {
        let (this, order_id) = (self.clone(), order_id.to_owned());
        blocking(move || this.row(&order_id)).await
    }

    /// The versions that are reserved above an order's version. A row that the order has passed is removed.
    pub(super) fn reserved(
        &self,
        order_id: &str,
        order: Option<&OrderState>,
    ) -> Result<Option<ReservedVersions>, StoreError> {
        let version = order.map_or(0, |order| order.order.version);
        let Some(reserved) = self.reserved_row(order_id)? else {
            return Ok(None);
        };
        if reserved.includes(version) {
            return Ok(Some(reserved));
        }
        // A stale row is harmless, and a request must not wait for a scan of all rows.
        let Ok(_changing) = self.changing.try_lock() else {
            return Ok(None);
        };
        // Another record may have been skipped in the meantime; then the order is unresolved as well.
        if self.reserved_row(order_id)? == Some(reserved) {
            self.reserved.commit(&[self.reserved.remove(order_id.as_bytes())])?;
        }
        Ok(None)
    }
}
