//! Discards dead letters: a mark on the topic says that their records are not needed, and why.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderlog_kafka::cluster::{Cluster, ProducerOptions};
use orderlog_kafka::producer::{Delivered, Producer, WriteError};
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::error::ReplayError;
use super::select::{Scope, Selecting, select};
use super::selection::Selection;
use super::steps::Steps;
use super::turn::{Ends, SharedTurn, await_indexed, is_ahead};
use super::writer::{by_partition, mark};
use crate::dead_letter::marks::{MAX_IDS, Mark};
use crate::dead_letter::{DeadLetterId, DeadLetterState, Index};

/// How long a mark is retried.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the replay that has the turn may take to write what it has chosen.
const TURN_TIMEOUT: Duration = Duration::from_secs(20);
/// How long it may take until the index has what is on the topic.
const INDEX_TIMEOUT: Duration = Duration::from_secs(5);
/// How many of those that were not discarded are named.
const MAX_SKIPPED: usize = 100;

/// What was discarded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discarded {
    /// How many dead letters.
    pub count: u64,
    /// Those that were named and were neither open nor parked, and why not; at most 100.
    pub skipped: Vec<(DeadLetterId, &'static str)>,
}

/// Discards dead letters. Clones share everything.
#[derive(Clone)]
pub(super) struct Discarder {
    index: Index,
    turn: SharedTurn,
    ends: Ends,
    steps: Steps,
    /// Writes marks that are not part of a transaction.
    marks: Arc<Producer>,
    supervisor: Supervisor,
}

/// What is to be discarded, and why.
#[derive(Clone, Debug)]
pub(super) struct Discard {
    pub selection: Selection,
    pub reason: String,
    pub by: String,
}

impl Discarder {
    /// One for that index. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The producer cannot be created.
    pub fn new(
        cluster: Cluster,
        index: Index,
        turn: SharedTurn,
        steps: Steps,
        supervisor: &Supervisor,
    ) -> anyhow::Result<Self> {
        let options = ProducerOptions::within(DELIVERY_TIMEOUT);
        let supervisor = supervisor.clone();
        Ok(Self {
            marks: Producer::new(cluster.clone(), index.topic(), options, supervisor.clone())?,
            ends: Ends {
                cluster,
                supervisor: supervisor.clone(),
            },
            index,
            turn,
            steps,
            supervisor,
        })
    }

    /// Discards the selected dead letters that are open or parked. What was discarded before an error stays so. It goes on if the
    /// caller goes away.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn discard(&self, discard: Discard) -> Result<Discarded, ReplayError> {
        let (own, step) = (self.clone(), self.steps.begin().await);
        let (report, result) = oneshot::channel();
        let task = async move {
            let stopping = own.supervisor.clone();
            let result = tokio::select! {
                () = stopping.shutdown_started() => Err(ReplayError::Stopping),
                result = own.run(&discard) => result,
            };
            // Before the step ends: it holds the store.
            drop(own);
            drop(step);
            // The caller may have gone away.
            let _ = report.send(result);
        };
        drop(self.supervisor.spawn("discarding dead letters", task));
        result.await.unwrap_or(Err(ReplayError::Stopping))
    }

    async fn run(&self, discard: &Discard) -> Result<Discarded, ReplayError> {
        let Discard { selection, reason, by } = discard;
        let selection = serde_json::to_string(selection).unwrap_or_default();
        tracing::info!(by, reason, selection, "dead letters to be discarded");
        let mut discarded = Discarded::default();
        let result = self.mark_all(discard, &mut discarded).await;
        let count = discarded.count;
        match &result {
            Ok(()) => tracing::info!(by, reason, selection, discarded = count, "dead letters discarded"),
            Err(error) => {
                tracing::warn!(by, reason, selection, discarded = count, %error, "not all dead letters discarded");
            }
        }
        result.map(|()| discarded)
    }

    async fn mark_all(&self, discard: &Discard, discarded: &mut Discarded) -> Result<(), ReplayError> {
        let not_current = |reason: &str| ReplayError::NotCurrent(reason.to_owned());
        // No replay chooses one of them meanwhile, nor marks one that is chosen here.
        let turn = timeout(TURN_TIMEOUT, self.turn.lock()).await;
        let mut turn = turn.map_err(|_| not_current("a replay takes long to write its records"))?;
        let generation = self.index.generation();
        // The replay before may have sent what the index does not show yet.
        let next = self.index.next_offsets()?;
        let ends = self.ends.of(self.index.topic()).await;
        let ends = ends.map_err(|error| ReplayError::NotCurrent(format!("{error:#}")))?;
        if is_ahead(&next, &ends) {
            return Err(not_current("the dead-letter topic was recreated, and is read again"));
        }
        if !await_indexed(&self.index, &ends, Instant::now() + INDEX_TIMEOUT).await {
            return Err(not_current(
                "the index of dead letters is behind its topic, where another producer's transaction may be open",
            ));
        }
        turn.marks_unread = true;
        let mut written = BTreeMap::new();
        let result = self.mark_from(discard, generation, discarded, &mut written).await;
        let is_read = await_indexed(&self.index, &written, Instant::now() + INDEX_TIMEOUT).await;
        // Whether one that failed is on the topic, only the topic tells.
        turn.marks_unread = !is_read || result.is_err();
        result
    }

    /// Marks all selected dead letters. `written` is behind the last mark of each partition.
    async fn mark_from(
        &self,
        discard: &Discard,
        generation: Uuid,
        discarded: &mut Discarded,
        written: &mut BTreeMap<i32, i64>,
    ) -> Result<(), ReplayError> {
        let mut scope = Scope {
            selection: discard.selection.clone(),
            below: self.index.next_offsets()?,
            cursor: None,
        };
        loop {
            let (index, selected) = (self.index.clone(), scope.clone());
            let page = move || select(&index, &selected, MAX_IDS, Selecting::Unsettled);
            let page = self.steps.blocking(page).await?;
            if self.index.generation() != generation {
                return Err(ReplayError::Recreated);
            }
            let mut unsettled = Vec::new();
            for (id, row) in &page.selected {
                match refusal(row.as_ref().map(|row| row.state)) {
                    None => unsettled.push(*id),
                    Some(reason) if discarded.skipped.len() < MAX_SKIPPED => discarded.skipped.push((*id, reason)),
                    Some(_) => {}
                }
            }
            for (partition, ids) in by_partition(unsettled) {
                let count = ids.len() as u64;
                let (reason, by) = (discard.reason.clone(), discard.by.clone());
                let at = self.write_mark(partition, &Mark::Discarded { ids, reason, by }).await?;
                discarded.count += count;
                if let Some(offset) = at.offset {
                    written.insert(at.partition, offset + 1);
                }
                tracing::info!(
                    by = discard.by,
                    kafka.topic = self.index.topic(),
                    kafka.partition = at.partition,
                    kafka.offset = at.offset,
                    discarded = count,
                    "dead letters marked as discarded"
                );
            }
            scope.cursor = page.last;
            if page.is_last {
                return Ok(());
            }
        }
    }

    /// Writes a mark. Returns where it is.
    async fn write_mark(&self, partition: i32, discarded: &Mark) -> Result<Delivered, ReplayError> {
        let (report, delivered) = oneshot::channel();
        let on_delivery = move |result: Result<Delivered, WriteError>| drop(report.send(result));
        self.marks
            .send(mark(partition, discarded), on_delivery)
            .map_err(ReplayError::NotMarked)?;
        let delivered = delivered.await.map_err(|_| ReplayError::Stopping)?;
        delivered.map_err(|error| ReplayError::NotMarked(self.marks.explain(error)))
    }
}

/// Why a dead letter in that state is not discarded; `None` if it is. Without a state, there is none.
fn refusal(state: Option<DeadLetterState>) -> Option<&'static str> {
    match state {
        None => Some("there is no dead letter with this id"),
        Some(DeadLetterState::Replayed) => Some("it was replayed already"),
        Some(DeadLetterState::Discarded) => Some("it was discarded already"),
        Some(DeadLetterState::Open | DeadLetterState::Parked) => None,
    }
}
