//! What a job waits for: the index before anything is sent, and the outcomes of what was sent.

use std::collections::BTreeMap;
use std::time::Duration;

use orderlog_runtime::clock;
use tokio::time::sleep;
use uuid::Uuid;

use super::{Interruption, LOOK_INTERVAL, Runner};
use crate::replay::job::{Job, JobState};
use crate::replay::turn::{is_ahead, is_behind};

impl Runner {
    /// Waits until the index has everything that was on the dead-letter topic when this began, whatever transactions are open
    /// there. Returns where that ends.
    pub(super) async fn catch_up(&self, id: Uuid) -> Result<BTreeMap<i32, i64>, Interruption> {
        let ends = {
            let mut turn = self.turn.lock().await;
            let next = self.index().next_offsets()?;
            let ends = self.ends.of(self.index().topic()).await?;
            if is_ahead(&next, &ends) {
                return Err(Interruption::Retry(
                    "the dead-letter topic was recreated or truncated; it has to be read again".to_owned(),
                ));
            }
            turn.marks_unread = false;
            ends
        };
        let mut progress = self.index().progress();
        // Until it was complete once, nobody has looked whether the topic is still the one that the index was built from.
        let has_been_complete = || self.dlq_status.completeness().as_of.is_some();
        while is_behind(&progress.borrow_and_update(), &ends) || !has_been_complete() {
            self.check_stopping(id)?;
            self.check_generation(id)?;
            let reason = self.dlq_status.problems().into_iter().next();
            self.wait_for(
                id,
                reason.unwrap_or_else(|| {
                    "the index of dead letters is behind its topic; if that lasts, another producer's transaction may be open there".to_owned()
                }),
            );
            let _ = tokio::time::timeout(LOOK_INTERVAL, progress.changed()).await;
        }
        // What the index says of the job is not said of another topic.
        self.check_generation(id)?;
        self.jobs.note(id, |job| job.waiting = None);
        Ok(ends)
    }

    fn check_generation(&self, id: Uuid) -> Result<(), Interruption> {
        if self.index().generation() != self.job(id)?.generation {
            return Err(Interruption::recreated());
        }
        Ok(())
    }

    /// Waits until it is known what became of every record, and ends the job.
    pub(super) async fn await_outcomes(&self, id: Uuid) -> Result<(), Interruption> {
        let mut ends = None;
        let mut progress = self.view.watch();
        let mut changes = self.jobs.changes();
        loop {
            changes.borrow_and_update();
            let is_read = {
                let progress = progress.borrow_and_update();
                let read_to = |partition| progress.partition(partition).map_or(0, |state| state.read_to);
                let is_read =
                    |ends: &BTreeMap<i32, i64>| ends.iter().all(|(partition, end)| read_to(*partition) >= *end);
                ends.as_ref().is_some_and(is_read)
            };
            // After that: outcomes are noted before the progress is.
            let job = self.job(id)?;
            if job.in_flight() == 0 || is_read {
                self.finish(&job).await;
                return Ok(());
            }
            self.check_stopping(id)?;
            self.wait_for(id, self.outcome_wait(&job));
            if ends.is_none() {
                // Everything was sent before. What an open transaction hides is below its end, too.
                ends = Some(self.ends.of(&self.chooser.topic).await?);
                continue;
            }
            tokio::select! {
                _ = changes.changed() => {}
                _ = progress.changed() => {}
                () = sleep(LOOK_INTERVAL) => {}
            }
        }
    }

    /// Ends a job whose records were all read, as far as they are there.
    async fn finish(&self, job: &Job) {
        let (at, topic) = (clock::now_ms().unwrap_or_default(), self.chooser.topic.clone());
        self.change_to_end(job.id, move |job| {
            let missing = job.give_up();
            let reason = (missing > 0).then(|| {
                format!("{missing} records were sent, but deleted from topic {topic} before this instance read them: check its retention.ms and cleanup.policy")
            });
            job.end(JobState::Done, at, reason);
        })
        .await;
    }

    /// Why the outcomes of what was sent are not known yet.
    pub(super) fn outcome_wait(&self, job: &Job) -> String {
        let paused = self.view.problems().into_iter().next();
        let waiting = format!("{} records were sent and not read yet", job.in_flight());
        match paused {
            Some(problem) => format!("{waiting}: {problem}"),
            None => waiting,
        }
    }

    pub(super) fn wait_for(&self, id: Uuid, reason: String) {
        if self
            .jobs
            .get(id)
            .is_some_and(|job| job.waiting.as_ref() != Some(&reason))
        {
            self.jobs.note(id, |job| job.waiting = Some(reason));
        }
    }

    /// Waits, or until the job is to be stopped.
    pub(super) async fn pause(&self, id: Uuid, pause: Duration) -> Result<(), Interruption> {
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
