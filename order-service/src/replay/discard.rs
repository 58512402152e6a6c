//! Discards dead letters: a mark on the topic says that their records are not needed, and why.

use std::time::{Duration, Instant};

use orderlog_kafka::producer::{Delivered, Producer, WriteError};
use orderlog_projection::store::blocking;
use tokio::sync::oneshot;

use super::select::{Selecting, select};
use super::selection::Selection;
use super::writer::{by_partition, mark};
use super::{ReplayError, Replays};
use crate::dead_letter::marks::{MAX_IDS, Mark};
use crate::dead_letter::{DeadLetterId, DeadLetterState};

/// How long a mark is retried.
pub(super) const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long it may take until the index has the marks; after that, the answer is given without.
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

impl Replays {
    /// Discards the selected dead letters that are open or parked. What was discarded before an error
    /// stays so.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn discard(&self, selection: Selection, reason: String, by: String) -> Result<Discarded, ReplayError> {
        let discarded = self.mark_all(&selection, &reason, &by).await;
        if let Ok(Discarded { count, .. }) = &discarded {
            tracing::info!(by, reason, discarded = count, "dead letters discarded");
        }
        discarded
    }

    async fn mark_all(&self, selection: &Selection, reason: &str, by: &str) -> Result<Discarded, ReplayError> {
        // A replay that runs now neither sends one of them meanwhile, nor chooses one before the index has the marks.
        let _turn = self.turn.acquire().await;
        let below = self.index.next_offsets()?;
        let (mut cursor, mut discarded, mut last) = (None, Discarded::default(), None);
        loop {
            let (index, selection, bounds) = (self.index.clone(), selection.clone(), below.clone());
            let selected = move || select(&index, &selection, cursor, &bounds, MAX_IDS, Selecting::Unsettled);
            let page = blocking(selected).await?;
            let mut unsettled = Vec::new();
            for (id, row) in &page.selected {
                match refusal(row.as_ref().map(|row| row.state)) {
                    None => unsettled.push(*id),
                    Some(reason) if discarded.skipped.len() < MAX_SKIPPED => discarded.skipped.push((*id, reason)),
                    Some(_) => {}
                }
            }
            for (partition, ids) in by_partition(unsettled) {
                discarded.count += ids.len() as u64;
                let (reason, by) = (reason.to_owned(), by.to_owned());
                let written = self.write_mark(partition, &Mark::Discarded { ids, reason, by }).await?;
                last = written.or(last);
            }
            cursor = page.last;
            if page.is_last {
                break;
            }
        }
        if let Some(last) = last {
            self.await_indexed(last).await;
        }
        Ok(discarded)
    }

    /// Writes a mark. Returns where it is.
    async fn write_mark(&self, partition: i32, discarded: &Mark) -> Result<Option<DeadLetterId>, ReplayError> {
        let (report, delivered) = oneshot::channel();
        let on_delivery = move |result: Result<Delivered, WriteError>| drop(report.send(result));
        let producer: &Producer = &self.marks;
        producer
            .send(mark(partition, discarded), on_delivery)
            .map_err(ReplayError::NotMarked)?;
        let delivered = delivered.await.map_err(|_| ReplayError::Stopping)?;
        let delivered = delivered.map_err(|error| ReplayError::NotMarked(producer.explain(error)))?;
        Ok(delivered.offset.map(|offset| DeadLetterId {
            partition: delivered.partition,
            offset,
        }))
    }

    /// Waits until the index has that record, so that the next list does not show what was discarded.
    async fn await_indexed(&self, id: DeadLetterId) {
        let mut progress = self.index.progress();
        let indexed = progress.wait_for(|next| next.get(&id.partition).is_some_and(|next| *next > id.offset));
        let deadline = Instant::now() + INDEX_TIMEOUT;
        // If it takes longer, the dead letters are discarded all the same.
        let _ = tokio::time::timeout_at(deadline.into(), indexed).await;
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
