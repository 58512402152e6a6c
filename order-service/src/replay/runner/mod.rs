//! Runs the jobs, one after the other. Which dead letters were replayed is in the dead-letter topic and nowhere else: the
//! runner fences all others, waits until the index has read that topic to its end, and then sends only what is open there.
//! So whatever it was doing when it was killed or fenced, a dead letter is either open or replayed.

mod interruption;
mod send;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use interruption::Interruption;
use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::record_reader::RecordReader;
use orderlog_projection::View;
use orderlog_projection::store::blocking;
use orderlog_runtime::clock;
use orderlog_runtime::supervisor::Supervisor;
use send::merge;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use uuid::Uuid;

use crate::dead_letter::{DlqStatus, Index};
use crate::replay::job::{Job, JobState};
use crate::replay::jobs::Jobs;
use crate::replay::writer::ReplayWriter;

/// How long the runner waits after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How often it looks again at what it waits for, if nothing tells it.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Runs the jobs.
pub(in crate::replay) struct Runner {
    pub jobs: Jobs,
    pub index: Index,
    pub dlq_status: DlqStatus,
    pub reader: RecordReader,
    pub view: View,
    pub cluster: Cluster,
    pub topic: String,
    /// Held from the choice of dead letters until the topic says what became of them.
    pub turn: Arc<Semaphore>,
    pub supervisor: Supervisor,
}

impl Runner {
    /// Runs the jobs until the service stops.
    pub async fn run(self) {
        let mut changes = self.jobs.changes();
        let mut writer = None;
        loop {
            changes.borrow_and_update();
            let jobs = self.jobs.clone();
            if let Err(error) = blocking(move || jobs.store_complete()).await {
                tracing::error!(error = format!("{error:#}"), "outcomes of a stopped replay not stored");
            }
            match self.jobs.take_turn() {
                Some(id) => self.work(id, &mut writer).await,
                None => {
                    writer = None;
                    // We hold the sender, so this cannot fail.
                    let _ = changes.changed().await;
                }
            }
        }
    }

    /// Works on a job until it ends, or something is in the way; then, waits for a moment.
    async fn work(&self, id: Uuid, writer: &mut Option<ReplayWriter>) {
        let (pause, reason) = match self.advance(id, writer).await {
            Ok(()) => return,
            Err(Interruption::Stopped) => return self.end(id, JobState::Stopped, None).await,
            Err(Interruption::Failed(reason)) => {
                *writer = None;
                return self.end(id, JobState::Failed, Some(reason)).await;
            }
            Err(Interruption::Fenced) => {
                // So that two instances that both have a job do not fence each other at once.
                let pause = 1_000 + u64::from(crate::replay::new_id(0).as_bytes()[15]) * 4_000 / 255;
                (Duration::from_millis(pause), "another instance is replaying".to_owned())
            }
            Err(Interruption::Retry(reason)) => (RETRY_INTERVAL, reason),
        };
        *writer = None;
        tracing::debug!(job = %id, reason, "replay interrupted");
        self.wait_for(id, reason);
        let _ = self.pause(id, pause).await;
    }

    async fn advance(&self, id: Uuid, writer: &mut Option<ReplayWriter>) -> Result<(), Interruption> {
        // Also of one that was to be stopped before a restart: that takes no broker.
        self.check_stopping(id)?;
        if writer.is_none() {
            *writer = Some(self.begin().await?);
        }
        // A job before this one, or an instance before this process, may have sent what the index does not show yet.
        let begun = writer.as_ref().ok_or(Interruption::Fenced)?;
        self.catch_up(id, begun).await?;
        self.count_sent(id).await?;
        self.send_all(id, begun).await?;
        self.await_outcomes(id, begun).await
    }

    async fn begin(&self) -> Result<ReplayWriter, Interruption> {
        let dead_letter_topic = self.index.topic();
        let cluster = self.cluster.clone();
        Ok(ReplayWriter::begin(cluster, &self.topic, dead_letter_topic, &self.supervisor).await?)
    }

    /// Waits until the index has everything that was on the dead-letter topic when this writer fenced the others.
    async fn catch_up(&self, id: Uuid, writer: &ReplayWriter) -> Result<(), Interruption> {
        let ends = writer.dead_letter_ends().await?;
        let mut progress = self.index.progress();
        let is_behind = |next: &BTreeMap<i32, i64>| {
            ends.iter()
                .any(|(partition, end)| next.get(partition).copied().unwrap_or(0) < *end)
        };
        while is_behind(&progress.borrow_and_update()) {
            self.check_stopping(id)?;
            let reason = self.dlq_status.problems().into_iter().next();
            self.wait_for(
                id,
                reason.unwrap_or_else(|| "the index of dead letters is behind its topic".to_owned()),
            );
            let _ = tokio::time::timeout(LOOK_INTERVAL, progress.changed()).await;
        }
        self.jobs.note(id, |job| job.waiting = None);
        Ok(())
    }

    /// Counts what the marks on the topic say was sent: the transaction that a killed process committed last may not be in its
    /// store.
    async fn count_sent(&self, id: Uuid) -> Result<(), Interruption> {
        let (index, jobs) = (self.index.clone(), self.jobs.clone());
        let sent = blocking(move || {
            jobs.decide_sending(&index)?;
            index.replayed_by(id)
        })
        .await?;
        self.jobs.note(id, |job| job.set_sent(sent));
        Ok(())
    }

    /// Waits until it is known what became of every record, and ends the job.
    async fn await_outcomes(&self, id: Uuid, writer: &ReplayWriter) -> Result<(), Interruption> {
        let mut ends = writer.event_ends().await?;
        merge(&mut ends, &self.job(id)?.sent_to);
        let mut progress = self.view.watch();
        loop {
            let is_read = {
                let progress = progress.borrow_and_update();
                let read_to = |partition| progress.partition(partition).map_or(0, |state| state.read_to);
                ends.iter().all(|(partition, end)| read_to(*partition) >= *end)
            };
            // After that: outcomes are noted before the progress is.
            let job = self.job(id)?;
            if job.in_flight() == 0 || is_read {
                self.finish(&job).await;
                return Ok(());
            }
            self.check_stopping(id)?;
            self.wait_for(id, self.outcome_wait(&job));
            let mut changes = self.jobs.changes();
            tokio::select! {
                _ = changes.changed() => {}
                _ = progress.changed() => {}
                () = sleep(LOOK_INTERVAL) => {}
            }
        }
    }

    /// Ends a job whose records were all read, as far as they are there.
    async fn finish(&self, job: &Job) {
        let missing = job.in_flight();
        if missing == 0 {
            return self.end(job.id, JobState::Done, None).await;
        }
        self.jobs.note(job.id, Job::give_up);
        let reason = format!(
            "{missing} records were sent, but deleted from topic {} before this instance read them: check its retention.ms and cleanup.policy",
            self.topic
        );
        self.end(job.id, JobState::Done, Some(reason)).await;
    }

    /// Why the outcomes of what was sent are not known yet.
    fn outcome_wait(&self, job: &Job) -> String {
        let paused = self.view.problems().into_iter().next();
        let waiting = format!("{} records were sent and not read yet", job.in_flight());
        match paused {
            Some(problem) => format!("{waiting}: {problem}"),
            None => waiting,
        }
    }

    async fn end(&self, id: Uuid, state: JobState, error: Option<String>) {
        let at = clock::now_ms().unwrap_or_default();
        let jobs = self.jobs.clone();
        let reason = error.clone();
        let ended = blocking(move || jobs.change(id, Vec::new(), |job| job.end(state, at, reason.clone()))).await;
        match ended {
            Ok(Some(job)) => log_end(&job),
            Ok(None) => {}
            Err(error) => {
                // Still running in the store: it ends again after a restart, too.
                tracing::error!(job = %id, error = format!("{error:#}"), "end of a replay not stored");
                self.wait_for(id, format!("the store fails: {error:#}"));
                sleep(RETRY_INTERVAL).await;
            }
        }
    }

    fn job(&self, id: Uuid) -> Result<Job, Interruption> {
        self.jobs.get(id).ok_or(Interruption::Stopped)
    }

    fn check_stopping(&self, id: Uuid) -> Result<(), Interruption> {
        if self.job(id)?.stopping {
            return Err(Interruption::Stopped);
        }
        Ok(())
    }

    fn wait_for(&self, id: Uuid, reason: String) {
        if self
            .jobs
            .get(id)
            .is_some_and(|job| job.waiting.as_ref() != Some(&reason))
        {
            self.jobs.note(id, |job| job.waiting = Some(reason));
        }
    }

    /// Waits, or until the job is to be stopped.
    async fn pause(&self, id: Uuid, pause: Duration) -> Result<(), Interruption> {
        let mut changes = self.jobs.changes();
        let stopping = async {
            while self.check_stopping(id).is_ok() {
                let _ = changes.changed().await;
            }
        };
        tokio::select! {
            () = sleep(pause) => Ok(()),
            () = stopping => Err(Interruption::Stopped),
        }
    }
}

fn log_end(job: &Job) {
    let outcomes = &job.outcomes;
    tracing::info!(
        job = %job.id,
        by = job.by,
        state = job.state.as_str(),
        total = job.total,
        sent = job.sent,
        applied = outcomes.applied,
        duplicate = outcomes.duplicate,
        superseded = outcomes.superseded,
        dead_lettered = outcomes.dead_lettered,
        parked = outcomes.parked,
        failed = outcomes.failed,
        reason = job.error,
        "replay ended"
    );
}
