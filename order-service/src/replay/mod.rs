//! Replays dead letters: writes their records back to the event topic, once each, and says what became of them. Which were
//! replayed or discarded is in the dead-letter topic, as marks, and nowhere else; jobs are in the store, for progress and the
//! record of who did what.
//!
//! A [`Selection`] says which dead letters; `dry_run` tells what would become of them. A real run is a [`Job`], kept with
//! the others in [`Jobs`]: the `runner` selects, makes a `plan` of each dead letter, and has the `writer` write records and
//! marks in one transaction. [`ReplayOutcomes`] notes what became of each record when the projection folds it. Nothing here
//! decides whether a record is valid.

mod discard;
mod dry_run;
mod job;
mod jobs;
mod outcomes;
mod plan;
mod runner;
mod select;
mod selection;
mod writer;

use std::sync::Arc;

pub use discard::Discarded;
pub use dry_run::{DryRun, Forecast, ForecastLetter, MAX_EXAMINED};
pub use job::{Job, JobState, LetterOutcome, LetterResult, Outcomes};
pub use jobs::{Jobs, MAX_RUNNING};
use orderlog_kafka::cluster::{Cluster, ProducerOptions};
use orderlog_kafka::producer::{Producer, WriteError};
use orderlog_kafka::record_reader::{ReadError, RecordReader};
use orderlog_projection::View;
use orderlog_projection::store::{StoreError, blocking};
use orderlog_runtime::clock;
use orderlog_runtime::supervisor::Supervisor;
pub use outcomes::ReplayOutcomes;
use runner::Runner;
pub use selection::{MAX_IDS, Selection};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use uuid::{NoContext, Timestamp, Uuid};

use crate::dead_letter::{DlqStatus, Index};
use crate::inspect::Inspector;

/// Why a replay, or a discard, was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The disk fails.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The dead letters cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The registry does not answer, so what would become of them is not known.
    #[error("the schema registry does not answer, so it is not known what would become of the dead letters: {0}")]
    Registry(String),
    /// A mark was not written, for all that is known.
    #[error("the dead letters were not marked as discarded, or not all of them: {0}")]
    NotMarked(#[source] WriteError),
    /// Too many replays are waiting.
    #[error("{MAX_RUNNING} replays are running or waiting; stop one, or wait until one ends")]
    TooMany,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

/// What replaying needs.
pub struct ReplayParts {
    /// The jobs, whose outcomes the projection notes.
    pub jobs: Jobs,
    /// The index of dead letters.
    pub index: Index,
    /// Its status.
    pub dlq_status: DlqStatus,
    /// Reads dead letters.
    pub reader: RecordReader,
    /// Decodes them.
    pub inspector: Inspector,
    /// The projection.
    pub view: View,
    /// The cluster.
    pub cluster: Cluster,
    /// The event topic.
    pub topic: String,
    /// How many records a job sends in a second, unless it says otherwise.
    pub rate: u32,
}

/// Replays and discards dead letters. Clones share everything.
#[derive(Clone)]
pub struct Replays {
    jobs: Jobs,
    index: Index,
    reader: RecordReader,
    inspector: Inspector,
    view: View,
    topic: String,
    rate: u32,
    turn: Arc<Semaphore>,
    /// Writes marks that are not part of a transaction.
    marks: Arc<Producer>,
}

/// The runner of the jobs.
pub struct RunningReplays(JoinHandle<()>);

impl RunningReplays {
    /// Waits until it has ended, which it does when the service stops. Then it no longer holds the store.
    pub async fn stopped(self) {
        // A panic has failed the service already.
        let _ = self.0.await;
    }
}

impl Replays {
    /// Starts the runner, which goes on with what was not finished. Call it within a tokio runtime.
    ///
    /// # Errors
    /// A client cannot be created.
    pub fn start_runner(parts: ReplayParts, supervisor: &Supervisor) -> anyhow::Result<(Self, RunningReplays)> {
        let options = ProducerOptions::within(discard::DELIVERY_TIMEOUT);
        let marks = Producer::new(parts.cluster.clone(), parts.index.topic(), options, supervisor.clone())?;
        let turn = Arc::new(Semaphore::new(1));
        let replays = Self {
            jobs: parts.jobs.clone(),
            index: parts.index.clone(),
            reader: parts.reader.clone(),
            inspector: parts.inspector,
            view: parts.view.clone(),
            topic: parts.topic.clone(),
            rate: parts.rate,
            turn: turn.clone(),
            marks,
        };
        let runner = Runner {
            jobs: parts.jobs,
            index: parts.index,
            dlq_status: parts.dlq_status,
            reader: parts.reader,
            view: parts.view,
            cluster: parts.cluster,
            topic: parts.topic,
            turn,
            supervisor: supervisor.clone(),
        };
        let stopping = supervisor.clone();
        let task = supervisor.spawn("replaying dead letters", async move {
            tokio::select! {
                () = stopping.shutdown_started() => {}
                () = runner.run() => {}
            }
        });
        Ok((replays, RunningReplays(task)))
    }

    /// Starts a replay.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn start(&self, selection: Selection, rate: Option<u32>, by: String) -> Result<Job, ReplayError> {
        let at = clock::now_ms().unwrap_or_default();
        let mut job = Job::new(new_id(at), by, at, selection, rate.unwrap_or(self.rate));
        job.below = self.index.next_offsets()?;
        let (index, jobs) = (self.index.clone(), self.jobs.clone());
        let started = blocking(move || {
            job.total = select::count(&index, &job.selection, &job.below)?;
            jobs.add(job)
        });
        let job = started.await?.ok_or(ReplayError::TooMany)?;
        tracing::info!(
            job = %job.id,
            by = job.by,
            selection = serde_json::to_string(&job.selection).unwrap_or_default(),
            total = job.total,
            rate = job.rate,
            "replay started"
        );
        Ok(job)
    }

    /// Stops a replay: at once if nothing is being written. `None` if there is no such job.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn stop(&self, id: Uuid, by: &str) -> Result<Option<Job>, ReplayError> {
        let jobs = self.jobs.clone();
        let at = clock::now_ms().unwrap_or_default();
        let is_current = self.jobs.running().is_some_and(|job| job.id == id);
        let stopped = blocking(move || {
            jobs.change(id, Vec::new(), |job| {
                if job.is_running() {
                    job.stopping = true;
                }
                // One whose turn has not come has nothing to finish.
                if job.is_running() && !is_current {
                    job.end(JobState::Stopped, at, None);
                }
            })
        });
        let stopped = stopped.await?;
        if let Some(job) = &stopped {
            tracing::info!(job = %job.id, by, state = job.state.as_str(), "replay to be stopped");
        }
        if !is_current {
            return Ok(stopped);
        }
        let mut changes = self.jobs.changes();
        let ended = async {
            while self.jobs.get(id).is_some_and(|job| job.is_running()) {
                let _ = changes.changed().await;
            }
        };
        // It ends when the transaction that is being written has ended.
        let _ = tokio::time::timeout(STOP_WAIT, ended).await;
        Ok(self.jobs.get(id))
    }

    /// The jobs, the newest first.
    pub fn list(&self) -> Vec<Job> {
        self.jobs.list()
    }

    /// The job with that id.
    pub fn get(&self, id: Uuid) -> Option<Job> {
        self.jobs.get(id)
    }

    /// The job whose turn it is.
    pub fn running(&self) -> Option<Job> {
        self.jobs.running()
    }

    /// A channel whose value changes with any job.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.jobs.changes()
    }
}

/// How long stopping a job may take before the answer is given without.
const STOP_WAIT: std::time::Duration = std::time::Duration::from_secs(2);

/// Ids sort by the time.
fn new_id(at: i64) -> Uuid {
    let ms = u64::try_from(at).unwrap_or_default();
    let nanos = u32::try_from(ms % 1000).unwrap_or_default() * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, ms / 1000, nanos))
}
