//! The orders of a customer: a row for each, written when an order's first event is applied, or one that may be its first
//! (an event that leaves a gap). For a store that had orders before this table existed, it is built once, in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use orderlog_contract::order::{OrderState, Outcome};
use orderlog_projection::FoldedRecord;
use orderlog_projection::store::{RowChange, Store, StoreError, Table, TableName, blocking};
use orderlog_runtime::supervisor::Supervisor;
use tokio::task::JoinHandle;

use super::{END, ids_in, key_of};

/// Key of the last order id that the building has reached; [`BUILT`] once it is done.
const PROGRESS: &[u8] = b"customers-built-to";
/// No order id begins with it.
const BUILT: &[u8] = b"\0built";
/// How many orders are read at once while it is built.
const CHUNK: usize = 500;
/// After how many orders the log says how far it has come.
const LOGGED_EVERY: u64 = 100_000;

/// Which orders each customer has. Clones share it.
#[derive(Clone)]
pub struct Customers {
    /// Customer id, 0, order id → nothing.
    orders: Table,
    meta: Table,
    is_built: Arc<AtomicBool>,
}

impl Customers {
    /// Opens the tables.
    ///
    /// # Errors
    /// The disk fails.
    pub(super) fn open(store: &Store) -> Result<Self, StoreError> {
        let meta = store.table(TableName("order_index"))?;
        let is_built = meta.get(PROGRESS)?.is_some_and(|progress| progress == BUILT);
        Ok(Self {
            orders: store.table(TableName("customer_orders"))?,
            meta,
            is_built: Arc::new(AtomicBool::new(is_built)),
        })
    }

    /// Empties the tables.
    ///
    /// # Errors
    /// The disk fails.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        // First: until the table is complete again, it must not be taken for complete.
        self.meta.clear()?;
        self.is_built.store(false, Ordering::Release);
        self.orders.clear()
    }

    /// Whether every order is in it.
    pub fn is_complete(&self) -> bool {
        self.is_built.load(Ordering::Acquire)
    }

    /// The key of that record's order, if the record may be its first.
    pub(super) fn key_of(record: &FoldedRecord) -> Option<Vec<u8>> {
        let (Some(event), Outcome::Applied { gap }) = (&record.event, &record.outcome) else {
            return None;
        };
        // The first event of an order has version 1, or leaves a gap.
        (event.version == 1 || *gap).then(|| key_of(&event.customer_id, END, event.order_id.as_bytes()))
    }

    /// The change that adds an order by its key.
    pub(super) fn put(&self, key: &[u8]) -> RowChange {
        self.orders.put(key, Vec::new())
    }

    /// Ids of the customer's orders in byte order, after `after`, at most `limit`. Blocks.
    ///
    /// # Errors
    /// The disk fails.
    pub fn orders_of(&self, customer_id: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        let rows = ids_in(&self.orders, customer_id, after).take(limit);
        let id = |row: Result<(Vec<u8>, Vec<u8>), StoreError>| {
            let (mut key, _) = row?;
            let id = String::from_utf8(key.split_off(customer_id.len() + 1));
            Ok(id.context("decoding an order id of a customer")?)
        };
        rows.map(id).collect()
    }

    /// Adds the orders that the store has already, unless that was done before; goes on where it was interrupted. Nothing
    /// waits for it: until it is done, [`Self::is_complete`] says that it is not. Whoever stops the service awaits the task,
    /// which holds the store.
    pub fn build(self, store: Store, supervisor: &Supervisor) -> Option<JoinHandle<()>> {
        if self.is_complete() {
            return None;
        }
        let stopping = supervisor.clone();
        let build = async move {
            let is_stopping = || stopping.stopping_reason().is_some();
            if let Err(error) = self.try_build(&store, is_stopping).await {
                let error = format!("{error:#}");
                tracing::error!(
                    error,
                    "list of each customer's orders not completed; it is tried again at the next start"
                );
            }
        };
        Some(supervisor.spawn("listing the orders of each customer", build))
    }

    /// Adds the orders that the store has and the table lacks, unless it is stopped between two chunks of them.
    ///
    /// # Errors
    /// The disk fails.
    pub(super) async fn try_build(&self, store: &Store, is_stopping: impl Fn() -> bool) -> Result<(), StoreError> {
        let meta = self.meta.clone();
        let reached = blocking(move || meta.get(PROGRESS)).await?;
        let mut after = reached.and_then(|id| String::from_utf8(id).ok());
        let (mut added, mut logged) = (0, 0);
        while !is_stopping() {
            let orders = store.orders(after.as_deref(), CHUNK).await?;
            added += orders.len() as u64;
            let last = orders.last().map(|state| state.order.order_id.clone());
            self.put_all(orders, last.as_deref().map_or(BUILT, str::as_bytes))
                .await?;
            let Some(last) = last else {
                self.is_built.store(true, Ordering::Release);
                if added > 0 {
                    tracing::info!(orders = added, "orders of each customer listed");
                }
                break;
            };
            after = Some(last);
            if added - logged >= LOGGED_EVERY {
                logged = added;
                tracing::info!(orders = added, "listing the orders of each customer");
            }
        }
        Ok(())
    }

    async fn put_all(&self, orders: Vec<OrderState>, reached: &[u8]) -> Result<(), StoreError> {
        let row = |state: &OrderState| {
            let order = &state.order;
            self.put(&key_of(&order.customer_id, END, order.order_id.as_bytes()))
        };
        let mut changes: Vec<RowChange> = orders.iter().map(row).collect();
        changes.push(self.meta.put(PROGRESS, reached.to_vec()));
        let meta = self.meta.clone();
        blocking(move || meta.commit(&changes)).await
    }
}
