//! The handle through which the rest of a service sees the projection.

use std::sync::mpsc;
use std::time::Instant;

use orderlog_kafka::connection::{ConnectionState, StalledLso};
use orderlog_kafka::end_offsets::{EndOffset, EndOffsets};
use orderlog_kafka::partition::Partitioner;
use orderlog_kafka::permissions::Permissions;
use tokio::sync::{oneshot, watch};
use tokio::time::timeout_at;

use crate::control_message::{ControlMessage, Rewind};
use crate::freshness::{self, Arrival, Stale};
use crate::lag::Lag;
use crate::open_transaction::OpenTransaction;
use crate::progress::{CATCHING_UP, PartitionProgress, Progress};
use crate::rejections::SkippedRecord;
use crate::settings::Settings;
use crate::store::Store;
use crate::store_figures::StoreReading;
use crate::waiters::Waiters;

/// A handle to the projection. Clones are handles to the same one.
#[derive(Clone)]
pub struct View {
    store: Store,
    waiters: Waiters,
    progress: watch::Receiver<Progress>,
    connection: ConnectionState,
    ends: EndOffsets,
    control: mpsc::Sender<ControlMessage>,
    service: &'static str,
    topic: String,
    partitioner: Partitioner,
    permissions: Permissions,
    keeps_keys: bool,
    store_reading: StoreReading,
}

impl View {
    pub(crate) fn new(
        store: Store,
        waiters: Waiters,
        progress: watch::Receiver<Progress>,
        connection: ConnectionState,
        ends: EndOffsets,
        control: mpsc::Sender<ControlMessage>,
        settings: &Settings,
    ) -> Self {
        Self {
            store,
            waiters,
            progress,
            connection,
            ends,
            control,
            service: settings.service,
            topic: settings.topic.name.clone(),
            partitioner: settings.cluster.partitioner,
            permissions: settings.cluster.permissions.clone(),
            keeps_keys: settings.max_idempotency_keys > 0,
            store_reading: StoreReading::default(),
        }
    }

    /// The orders.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Name of the service, for metrics.
    pub(crate) fn service(&self) -> &'static str {
        self.service
    }

    /// Whether it keeps idempotency keys.
    pub(crate) fn keeps_keys(&self) -> bool {
        self.keeps_keys
    }

    /// The reading of the store for gauges.
    pub(crate) fn store_reading(&self) -> &StoreReading {
        &self.store_reading
    }

    /// Where to wait for events and versions.
    pub fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// The state of the connection to Kafka.
    pub fn connection(&self) -> &ConnectionState {
        &self.connection
    }

    /// How far it is now.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// The progress, as a channel on which to wait for a change.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// The partition of an order; `None` until the topic was found.
    pub fn partition_of(&self, order_id: &str) -> Option<i32> {
        let count = self.progress.borrow().partition_count()?;
        Some(self.partitioner.of_key(order_id.as_bytes(), count))
    }

    /// How the topic is partitioned.
    pub fn partitioner(&self) -> Partitioner {
        self.partitioner
    }

    /// Problems with reading the topic, for a health report, one sentence each.
    pub fn problems(&self) -> Vec<String> {
        let progress = self.progress.borrow();
        let mut problems = progress.problems();
        if !progress.is_caught_up() && progress.starting.is_none() && progress.stop_reason().is_none() {
            problems.push(CATCHING_UP.to_owned());
        }
        drop(progress);
        problems.extend(self.permissions.problems());
        let disconnected = self
            .connection
            .disconnected()
            .map(|disconnected| disconnected.to_string());
        problems.extend(disconnected.or_else(|| self.connection.minority()));
        problems.extend(self.open_transactions().iter().map(ToString::to_string));
        problems
    }

    /// What the brokers do not authorize this service to do.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// Why the account lacks rights on the topic; `None` when it does not.
    pub fn denied(&self) -> Option<String> {
        self.permissions.denial(&self.topic)
    }

    /// Why that partition's orders may not be the newest; `None` when they are, within
    /// [`MAX_SILENCE`](orderlog_kafka::connection::MAX_SILENCE).
    pub fn not_current(&self, partition: i32) -> Option<String> {
        let progress = self.progress.borrow();
        if let Some(reason) = progress.not_reading().or(progress.unwritable.as_ref()) {
            return Some(reason.clone());
        }
        if let Some(reason) = self.denied() {
            return Some(reason);
        }
        let Some(state) = progress.partition(partition) else {
            return Some("the partitions of the topic are not known yet".to_owned());
        };
        if let Some(reason) = &state.paused {
            return Some(format!("partition {partition} is paused: {reason}"));
        }
        if !state.caught_up {
            return Some(format!(
                "partition {partition}, which holds this order, has not been read to its end yet"
            ));
        }
        (!self.connection.is_leader_connected(partition))
            .then(|| format!("not connected to the broker that leads partition {partition}, which holds this order"))
    }

    /// Re-reads records of a partition that were skipped because their schema was unknown. Returns whether reading has begun
    /// again; until it has come as far as before, [`Self::not_current`] says so.
    pub async fn rewind(&self, partition: i32, records: Vec<SkippedRecord>) -> bool {
        let (done, begun) = oneshot::channel();
        let rewind = Rewind {
            partition,
            records,
            done,
        };
        self.control(ControlMessage::Rewind(rewind)) && begun.await.is_ok()
    }

    /// Sends a message to the projection's thread. Returns whether that is there.
    pub(crate) fn control(&self, message: ControlMessage) -> bool {
        self.control.send(message).is_ok()
    }

    /// Records that a request for that order arrives now.
    pub fn arrival(&self, order_id: &str) -> Arrival {
        let next = self
            .partition_of(order_id)
            .and_then(|partition| self.next_offset(partition));
        // In this order: a record that is sent after this time and acknowledged is at `next` or after it.
        Arrival {
            next: next.unwrap_or(0),
            at: Instant::now(),
        }
    }

    /// Offset of the next record to read of that partition; `None` until the topic was found.
    pub fn next_offset(&self, partition: i32) -> Option<i64> {
        self.progress.borrow().partition(partition).map(|state| state.next)
    }

    /// How often any partition was rewound. What was read from the store is whole if the partition was
    /// [current](Self::not_current) between a first call of this and that read, and a second call after it gives the same.
    pub fn rewinds(&self) -> u64 {
        self.progress.borrow().rewinds
    }

    /// The end offset of that partition, or that its quorum must confirm it.
    ///
    /// # Errors
    /// When the end offset is not known by the deadline.
    pub async fn end_offset(&self, partition: i32, deadline: Instant) -> Result<EndOffset, Stale> {
        let asked = timeout_at(deadline.into(), self.ends.fetch(partition)).await;
        asked
            .map_err(|_| Stale::late(partition))?
            .map_err(|error| Stale(error.to_string()))
    }

    /// Waits until everything below that offset of the partition has been read.
    ///
    /// # Errors
    /// When it has not been read by the deadline, or cannot be read for now.
    pub async fn read_to(&self, partition: i32, offset: i64, deadline: Instant) -> Result<(), Stale> {
        freshness::read_to(self.watch(), partition, offset, deadline).await
    }

    /// Partitions that another producer's transaction blocks for longer than ordinary ones do.
    pub fn open_transactions(&self) -> Vec<OpenTransaction> {
        let partitions = self.progress.borrow().partition_count().unwrap_or(0);
        (0..partitions)
            .filter_map(|partition| self.open_transaction(partition))
            .collect()
    }

    /// The same for one partition.
    pub fn open_transaction(&self, partition: i32) -> Option<OpenTransaction> {
        let still = self.stalled_lso(partition).filter(StalledLso::is_long)?;
        Some(OpenTransaction::of(partition, still))
    }

    /// How much of a partition is unread, given how far it has been read.
    pub fn lag(&self, partition: i32, read: &PartitionProgress) -> Lag {
        let still = self.connection.stalled_lso(partition).filter(|_| read.at_end);
        let is_blocked = still.is_some_and(|still| still.is_long());
        let is_reading = self.progress.borrow().not_reading().is_none();
        Lag::of(
            read,
            self.connection.end_offset(partition),
            is_blocked || !is_reading,
            self.connection.end_unknown_since(partition),
        )
    }

    /// What blocks that partition, once a [wait has timed out](Self::note_timeout) for a record after it.
    pub fn blocking_transaction(&self, partition: i32) -> Option<OpenTransaction> {
        let still = self.stalled_lso(partition).filter(|still| still.has_timed_out)?;
        Some(OpenTransaction::of(partition, still))
    }

    /// Notes that a wait for a record of that partition has timed out. Returns what blocks it, if that is why.
    pub fn note_timeout(&self, partition: i32) -> Option<OpenTransaction> {
        self.stalled_lso(partition)?;
        self.connection.note_timeout(partition);
        self.blocking_transaction(partition)
    }

    /// Where the last stable offset of a partition is stalled, if everything before that offset has been read: a partition
    /// that waits for something else fetches nothing that would show it.
    fn stalled_lso(&self, partition: i32) -> Option<StalledLso> {
        let at_end = self.progress.borrow().partition(partition)?.at_end;
        self.connection.stalled_lso(partition).filter(|_| at_end)
    }
}
