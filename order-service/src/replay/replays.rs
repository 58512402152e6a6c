//! What can be done with replays: start, watch and stop them, try one, and discard dead letters instead.

use std::sync::Arc;
use std::time::Duration;

use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::record_reader::RecordReader;
use orderlog_projection::View;
use orderlog_runtime::clock;
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::chunk::Chooser;
use super::discard::{Discard, Discarded, Discarder};
use super::dry_run::{DryRun, DryRunner};
use super::error::ReplayError;
use super::id::new_id;
use super::job::{Job, JobState};
use super::jobs::Jobs;
use super::runner::Runner;
use super::select::{Scope, count};
use super::selection::Selection;
use super::steps::Steps;
use super::turn::{Ends, SharedTurn};
use crate::dead_letter::{DlqStatus, Index};
use crate::inspect::Inspector;

/// How long stopping a job may take before the answer is given without.
const STOP_WAIT: Duration = Duration::from_secs(2);

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
    dry_runner: DryRunner,
    discarder: Discarder,
    rate: u32,
    steps: Steps,
}

/// The runner of the jobs, and whatever else holds the store.
pub struct RunningReplays {
    runner: JoinHandle<()>,
    steps: Steps,
}

impl RunningReplays {
    /// Waits until it has ended, which it does when the service stops. Then it no longer holds the store.
    pub async fn stopped(self) {
        // A panic has failed the service already.
        let _ = self.runner.await;
        self.steps.ended().await;
    }
}

impl Replays {
    /// Starts the runner, which goes on with what was not finished. Call it within a tokio runtime.
    ///
    /// # Errors
    /// A client cannot be created.
    pub fn start_runner(parts: ReplayParts, supervisor: &Supervisor) -> anyhow::Result<(Self, RunningReplays)> {
        let (turn, steps) = (SharedTurn::default(), Steps::default());
        let chooser = Chooser {
            index: parts.index.clone(),
            reader: parts.reader,
            topic: parts.topic,
            steps: steps.clone(),
        };
        let (cluster, index) = (parts.cluster.clone(), parts.index.clone());
        let replays = Self {
            jobs: parts.jobs.clone(),
            dry_runner: DryRunner::new(chooser.clone(), parts.inspector, parts.view.store().clone()),
            discarder: Discarder::new(cluster, index, turn.clone(), steps.clone(), supervisor)?,
            index: parts.index,
            rate: parts.rate,
            steps: steps.clone(),
        };
        let runner = Runner {
            jobs: parts.jobs,
            dlq_status: parts.dlq_status,
            chooser,
            view: parts.view,
            ends: Ends {
                cluster: parts.cluster,
                supervisor: supervisor.clone(),
            },
            turn,
        };
        let stopping = supervisor.clone();
        let task = supervisor.spawn("replaying dead letters", async move {
            tokio::select! {
                () = stopping.shutdown_started() => {}
                () = runner.run() => {}
            }
        });
        Ok((replays, RunningReplays { runner: task, steps }))
    }

    /// What a replay of that selection would do.
    ///
    /// # Errors
    /// [`ReplayError`]; also when the registry does not answer, as without it nothing can be said.
    pub async fn dry_run(&self, selection: Selection) -> Result<DryRun, ReplayError> {
        self.dry_runner.run(selection).await
    }

    /// Discards the selected dead letters that are open or parked. What was discarded before an error stays so.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn discard(&self, selection: Selection, reason: String, by: String) -> Result<Discarded, ReplayError> {
        let discard = Discard { selection, reason, by };
        self.discarder.discard(discard).await
    }

    /// Starts a replay.
    ///
    /// # Errors
    /// [`ReplayError`].
    pub async fn start(&self, selection: Selection, rate: Option<u32>, by: String) -> Result<Job, ReplayError> {
        // To count them takes longer.
        if self.jobs.is_full() {
            return Err(ReplayError::TooMany);
        }
        let at = clock::now_ms().unwrap_or_default();
        let mut job = Job::new(new_id(at), by, at, selection, rate.unwrap_or(self.rate));
        // In this order: if the index is discarded in between, the job ends at once.
        job.generation = self.index.generation();
        job.below = self.index.next_offsets()?;
        let (index, jobs) = (self.index.clone(), self.jobs.clone());
        let started = self.steps.blocking(move || {
            let scope = Scope {
                selection: job.selection.clone(),
                below: job.below.clone(),
                cursor: None,
            };
            job.total = count(&index, &scope)?;
            // Before anything is sent, which may be before this returns.
            tracing::info!(
                job = %job.id,
                by = job.by,
                selection = serde_json::to_string(&job.selection).unwrap_or_default(),
                total = job.total,
                rate = job.rate,
                "replay to be started"
            );
            let id = job.id;
            let added = jobs.add(job)?;
            if added.is_none() {
                tracing::info!(job = %id, "replay not started: too many are running or waiting");
            }
            Ok::<_, ReplayError>(added)
        });
        started.await?.ok_or(ReplayError::TooMany)
    }

    /// Stops a replay: at once if nothing is being written. `None` if there is no such job.
    ///
    /// # Errors
    /// The disk fails.
    pub async fn stop(&self, id: Uuid, by: &str) -> Result<Option<Job>, ReplayError> {
        let jobs = self.jobs.clone();
        let at = clock::now_ms().unwrap_or_default();
        tracing::info!(job = %id, by, "replay to be stopped");
        let stop = move |job: &mut Job| {
            if job.is_running() {
                job.stopping = true;
                // One whose turn has not come has nothing to finish.
                if !job.has_turn {
                    job.end(JobState::Stopped, at, None);
                }
            }
        };
        let stopped = self.steps.blocking(move || jobs.change(id, Vec::new(), stop)).await?;
        let Some(stopped) = stopped.filter(Job::is_running) else {
            return Ok(self.jobs.get(id));
        };
        let mut changes = self.jobs.changes();
        let ended = async {
            while self.jobs.get(id).is_some_and(|job| job.is_running()) {
                let _ = changes.changed().await;
            }
        };
        // It ends when the transaction that is being written has ended.
        let _ = tokio::time::timeout(STOP_WAIT, ended).await;
        Ok(self.jobs.get(id).or(Some(stopped)))
    }

    /// The newest jobs, at most that many, the newest first.
    pub fn newest(&self, limit: usize) -> Vec<Arc<Job>> {
        self.jobs.newest(limit)
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
