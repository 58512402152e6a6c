//! The handle through which the rest of a service sees the projection.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use tokio::sync::{oneshot, watch};
use tokio::time::timeout_at;

use super::{Command, PassedOver, Progress, Reread, Waiters};
use crate::kafka::ends::Ends;
use crate::kafka::link::Link;
use crate::kafka::partition;
use crate::store::Store;

/// How long a partition may take to reach its end by itself before its end is looked for.
const USUAL: Duration = Duration::from_millis(100);

/// Sees the projection. Clones see the same one.
#[derive(Clone)]
pub struct View {
    store: Store,
    waiters: Waiters,
    progress: watch::Receiver<Progress>,
    link: Link,
    ends: Ends,
    commands: mpsc::Sender<Command>,
}

/// Why what is known may be older than the question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotFresh(pub String);

impl View {
    pub(super) fn new(
        store: Store,
        waiters: Waiters,
        progress: watch::Receiver<Progress>,
        link: Link,
        ends: Ends,
        commands: mpsc::Sender<Command>,
    ) -> Self {
        Self {
            store,
            waiters,
            progress,
            link,
            ends,
            commands,
        }
    }

    /// The orders.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where to wait for events and versions.
    pub fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    /// The link to the broker.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// How far it is now.
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// How far it is, for those who wait for a change.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// The partition of an order; `None` until the topic was seen.
    pub fn partition_of(&self, order_id: &str) -> Option<i32> {
        let count = self.progress.borrow().partition_count()?;
        Some(partition::of_key(order_id.as_bytes(), count))
    }

    /// Why that partition's orders cannot be trusted to be the newest; `None` when they can, within
    /// [`SILENCE`](crate::kafka::link::SILENCE).
    pub fn doubt(&self, partition: i32) -> Option<String> {
        let progress = self.progress.borrow();
        if let Some(reason) = progress
            .stopped()
            .or(progress.starting.as_ref())
            .or(progress.unwritable.as_ref())
        {
            return Some(reason.clone());
        }
        let Some(state) = progress.partition(partition) else {
            return Some("the topic was not seen yet".to_owned());
        };
        if let Some(reason) = &state.paused {
            return Some(format!("partition {partition} is paused: {reason}"));
        }
        if !state.caught_up {
            return Some(format!("partition {partition} is still being read"));
        }
        (!self.link.hears(partition)).then(|| format!("the broker of partition {partition} is not heard"))
    }

    /// Has records of a partition read again that were passed over because their schema was not known. Returns whether
    /// the reading has begun; until it has come so far, [`Self::doubt`] tells so.
    pub async fn reread(&self, partition: i32, records: Vec<PassedOver>) -> bool {
        let (done, begun) = oneshot::channel();
        let reread = Reread {
            partition,
            records,
            done,
        };
        self.commands.send(Command::Reread(reread)).is_ok() && begun.await.is_ok()
    }

    /// Waits until that partition was read at least as far as it reached when this call began.
    ///
    /// # Errors
    /// When that cannot be found out by the deadline.
    pub async fn catch_up_with_now(&self, partition: i32, deadline: Instant) -> Result<(), NotFresh> {
        let late = || NotFresh(format!("partition {partition} was not read to its end in time"));
        let deadline = deadline.into();
        let end = timeout_at(deadline, self.ends.ask(partition))
            .await
            .map_err(|_| late())?
            .map_err(NotFresh)?;
        let reached = self.reach(partition, end);
        tokio::pin!(reached);
        if let Ok(result) = tokio::time::timeout(USUAL, &mut reached).await {
            return result;
        }
        // Behind the last record there may be only a transaction's marker, which takes an offset but is never delivered:
        // then the position stays short of the end, and an end that is met from now on is the proof.
        let (done, met) = oneshot::channel();
        self.commands
            .send(Command::Recheck(partition, done))
            .map_err(|_| NotFresh("the projection has stopped".to_owned()))?;
        let either = async {
            tokio::select! {
                result = &mut reached => result,
                Ok(()) = met => Ok(()),
            }
        };
        timeout_at(deadline, either).await.map_err(|_| late())?
    }

    async fn reach(&self, partition: i32, end: i64) -> Result<(), NotFresh> {
        let mut progress = self.progress.clone();
        let reached = |progress: &Progress| {
            progress.stopped().is_some()
                || progress
                    .partition(partition)
                    .is_some_and(|p| p.next >= end || p.paused.is_some())
        };
        let now = progress
            .wait_for(reached)
            .await
            .map_err(|_| NotFresh("the projection has stopped".to_owned()))?;
        if let Some(reason) = now.stopped() {
            return Err(NotFresh(reason.clone()));
        }
        match now.partition(partition) {
            Some(state) if state.next >= end => Ok(()),
            state => Err(NotFresh(
                state.and_then(|state| state.paused.clone()).unwrap_or_default(),
            )),
        }
    }
}
