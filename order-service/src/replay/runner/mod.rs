//! Runs the jobs, one after the other. Which dead letters were replayed is in the dead-letter topic and nowhere else: the
//! runner fences all others, waits until the index has read that topic to its end, and then sends only what is open there.
//! So whatever it was doing when it was killed or fenced, a dead letter is either open or replayed.

mod awaiting;
mod interruption;
mod send;

use std::time::Duration;

use interruption::Interruption;
use orderlog_projection::View;
use orderlog_runtime::clock;
use tokio::time::sleep;
use uuid::Uuid;

use crate::dead_letter::{DlqStatus, Index};
use crate::replay::chunk::Chooser;
use crate::replay::id::new_id;
use crate::replay::job::{Job, JobState};
use crate::replay::jobs::Jobs;
use crate::replay::turn::{Ends, SharedTurn};
use crate::replay::writer::ReplayWriter;

/// How long the runner waits after a failure.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// How often it looks again at what it waits for, if nothing tells it.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Runs the jobs.
pub(in crate::replay) struct Runner {
    pub jobs: Jobs,
    pub dlq_status: DlqStatus,
    pub chooser: Chooser,
    pub view: View,
    pub ends: Ends,
    pub turn: SharedTurn,
}

/// What the runner keeps from one attempt to the next.
#[derive(Default)]
struct Session {
    /// Of the job before, or of the last attempt.
    writer: Option<ReplayWriter>,
    /// Why the job does not go on, if it does not.
    interrupted: Option<String>,
}

impl Session {
    /// Logs a reason once, however often it is met.
    fn interrupt(&mut self, job: Uuid, reason: &str) {
        if self.interrupted.as_deref() != Some(reason) {
            tracing::warn!(%job, reason, "replay interrupted");
            self.interrupted = Some(reason.to_owned());
        }
    }

    fn go_on(&mut self, job: Uuid) {
        if self.interrupted.take().is_some() {
            tracing::info!(%job, "replay goes on");
        }
    }
}

impl Runner {
    /// Runs the jobs until the service stops.
    pub async fn run(self) {
        let mut changes = self.jobs.changes();
        let mut session = Session::default();
        loop {
            changes.borrow_and_update();
            let jobs = self.jobs.clone();
            let stored = self.chooser.steps.blocking(move || jobs.store_complete()).await;
            if let Err(error) = stored {
                tracing::error!(error = format!("{error:#}"), "outcomes of a stopped replay not stored");
            }
            match self.jobs.take_turn() {
                Some(id) => self.work(id, &mut session).await,
                None => {
                    session = Session::default();
                    // We hold the sender, so this cannot fail.
                    let _ = changes.changed().await;
                }
            }
        }
    }

    /// Works on a job until it ends, or something is in the way; then, waits for a moment.
    async fn work(&self, id: Uuid, session: &mut Session) {
        let (pause, reason) = match self.advance(id, session).await {
            Ok(()) => return,
            Err(Interruption::Stopped) => {
                session.interrupted = None;
                return self.end(id, JobState::Stopped, None).await;
            }
            Err(Interruption::Failed(reason)) => {
                *session = Session::default();
                return self.end(id, JobState::Failed, Some(reason)).await;
            }
            Err(Interruption::Fenced) => {
                // So that two instances that both have a job do not fence each other at once.
                let pause = 1_000 + u64::from(new_id(0).as_bytes()[15]) * 4_000 / 255;
                (Duration::from_millis(pause), "another instance is replaying".to_owned())
            }
            Err(Interruption::Retry(reason)) => (RETRY_INTERVAL, reason),
        };
        session.writer = None;
        session.interrupt(id, &reason);
        self.wait_for(id, reason);
        let _ = self.pause(id, pause).await;
    }

    async fn advance(&self, id: Uuid, session: &mut Session) -> Result<(), Interruption> {
        // Also of one that was to be stopped before a restart: that takes no broker.
        self.check_stopping(id)?;
        if !self.job(id)?.all_sent {
            if session.writer.is_none() {
                session.writer = Some(self.begin().await?);
            }
            // A job before this one, or an instance before this process, may have sent what the index does not show yet.
            let ends = self.catch_up(id).await?;
            self.count_sent(id).await?;
            self.send_all(id, session, &ends).await?;
        }
        self.await_outcomes(id).await?;
        session.go_on(id);
        Ok(())
    }

    async fn begin(&self) -> Result<ReplayWriter, Interruption> {
        let Ends { cluster, supervisor } = self.ends.clone();
        let (topic, dead_letter_topic) = (&self.chooser.topic, self.index().topic());
        Ok(ReplayWriter::begin(cluster, topic, dead_letter_topic, &supervisor).await?)
    }

    /// Counts what the marks on the topic say was sent: the transaction that a killed process committed last may not be in its
    /// store.
    async fn count_sent(&self, id: Uuid) -> Result<(), Interruption> {
        let (index, jobs) = (self.index().clone(), self.jobs.clone());
        let count = move || {
            jobs.decide_sending(&index)?;
            index.replayed_by(id)
        };
        let sent = self.chooser.steps.blocking(count).await?;
        self.jobs.note(id, |job| job.set_sent(sent));
        Ok(())
    }

    async fn end(&self, id: Uuid, state: JobState, error: Option<String>) {
        let at = clock::now_ms().unwrap_or_default();
        self.change_to_end(id, move |job| job.end(state, at, error.clone()))
            .await;
    }

    /// Stores a change that ends a job, and logs it.
    async fn change_to_end(&self, id: Uuid, end: impl Fn(&mut Job) + Send + 'static) {
        let jobs = self.jobs.clone();
        let ended = self.chooser.steps.blocking(move || jobs.change(id, Vec::new(), end));
        match ended.await {
            Ok(Some(job)) => log_end(&job),
            Ok(None) => {}
            Err(error) => {
                // Still running: it is ended again.
                tracing::error!(job = %id, error = format!("{error:#}"), "end of a replay not stored");
                self.wait_for(id, format!("the store fails: {error:#}"));
                sleep(RETRY_INTERVAL).await;
            }
        }
    }

    fn index(&self) -> &Index {
        &self.chooser.index
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
