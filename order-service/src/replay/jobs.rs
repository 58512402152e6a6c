//! The jobs: in memory, as everyone sees them (`job_list`), and in the store (`job_rows`), in step.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use orderlog_projection::store::{RowChange, Store, StoreError};
use tokio::sync::watch;
use uuid::Uuid;

use super::job::{Job, LetterResult};
pub(super) use super::job_list::Folded;
use super::job_list::{JobList, newest, shown};
use super::job_rows::JobRows;
use crate::dead_letter::{DeadLetterId, Index};

/// How many jobs may be running, of which all but one wait.
pub const MAX_RUNNING: usize = 10;

/// The jobs. Clones share them.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    rows: JobRows,
    /// Held while a job is stored, so that one change is stored after the other.
    storing: Mutex<()>,
    /// Never locked while the disk is written: requests and the projection read it. A job is copied meanwhile only if a reader has
    /// it at that moment.
    list: Mutex<JobList>,
    /// How many jobs await outcomes: read for every batch of the projection.
    awaiting: AtomicUsize,
    /// Incremented with every change.
    changed: watch::Sender<u64>,
}

impl Jobs {
    /// The jobs of that store.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let rows = JobRows::open(store)?;
        let mut list = JobList::default();
        for job in rows.load()? {
            list.insert(job);
        }
        let opened = Self(Arc::new(Inner {
            rows,
            storing: Mutex::new(()),
            list: Mutex::new(list),
            awaiting: AtomicUsize::new(0),
            changed: watch::Sender::new(0),
        }));
        opened.notify(&opened.lock());
        Ok(opened)
    }

    /// Whether no more jobs may be added for now.
    pub(super) fn is_full(&self) -> bool {
        self.lock().running() >= MAX_RUNNING
    }

    /// Adds a job, after all others.
    ///
    /// # Errors
    /// `None` if [`MAX_RUNNING`] are running; or the disk fails.
    pub(super) fn add(&self, mut job: Job) -> Result<Option<Job>, StoreError> {
        let _storing = self.storing();
        if self.is_full() {
            return Ok(None);
        }
        job.sequence = self.lock().next_sequence();
        self.0.rows.commit(&[self.0.rows.job_row(&job)?])?;
        let mut list = self.lock();
        list.insert(job.clone());
        self.notify(&list);
        Ok(Some(job))
    }

    /// The job with that id.
    pub fn get(&self, id: Uuid) -> Option<Job> {
        let (job, current) = {
            let list = self.lock();
            (list.get(id)?, list.current())
        };
        Some(Arc::unwrap_or_clone(shown(job, current)))
    }

    /// The newest jobs, at most that many, the newest first.
    pub fn newest(&self, limit: usize) -> Vec<Arc<Job>> {
        let (jobs, current) = {
            let list = self.lock();
            (list.all().cloned().collect(), list.current())
        };
        let newest = newest(jobs, limit).into_iter();
        newest.map(|job| shown(job, current)).collect()
    }

    /// The job whose turn it is.
    pub fn running(&self) -> Option<Job> {
        let job = {
            let list = self.lock();
            list.get(list.current()?)?
        };
        Some(Arc::unwrap_or_clone(job))
    }

    /// A channel whose value changes with any job.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Gives the oldest running job its turn.
    pub(super) fn take_turn(&self) -> Option<Uuid> {
        let mut list = self.lock();
        if list.take_turn() {
            self.notify(&list);
        }
        list.current()
    }

    /// Changes a job in memory only: for what is known again after a restart.
    pub(super) fn note(&self, id: Uuid, change: impl FnOnce(&mut Job)) {
        let mut list = self.lock();
        if list.change(id, change).is_some() {
            self.notify(&list);
        }
    }

    /// Changes a job and stores it, with results of dead letters that were not sent.
    ///
    /// # Errors
    /// The disk fails; then nothing was changed.
    pub(super) fn change(
        &self,
        id: Uuid,
        unsent: Vec<(DeadLetterId, LetterResult)>,
        change: impl Fn(&mut Job),
    ) -> Result<Option<Job>, StoreError> {
        let storing = self.storing();
        let Some(mut stored) = self.job(id) else {
            return Ok(None);
        };
        let apply = |job: &mut Job| {
            for (_, result) in &unsent {
                job.note_unsent(result.clone());
            }
            change(job);
        };
        apply(Arc::make_mut(&mut stored));
        let mut rows = vec![self.0.rows.job_row(&stored)?];
        for (letter, result) in &unsent {
            rows.push(self.letter_row(id, *letter, result)?);
        }
        self.0.rows.commit(&rows)?;
        let changed = self.apply(id, apply);
        drop(storing);
        if let Err(error) = self.store_complete() {
            // It is still to be stored; the change itself is.
            tracing::error!(job = %id, error = format!("{error:#}"), "outcomes of a replay not stored; that is tried again with the next change");
        }
        Ok(changed)
    }

    /// Stores which dead letters a transaction is about to write. Until it is known whether it was committed, the job awaits their
    /// outcomes, whatever happens to it or to this process.
    ///
    /// # Errors
    /// The disk fails; then nothing was changed.
    pub(super) fn begin_sending(&self, id: Uuid, letters: &[DeadLetterId]) -> Result<(), StoreError> {
        self.lock().note_sending(id, letters.iter().copied());
        self.change(id, Vec::new(), |job| job.begin_sending(letters))?;
        Ok(())
    }

    /// Decides of jobs that have ended whether their last transactions were committed. The index must have everything that was
    /// written before nobody but the caller could write.
    ///
    /// # Errors
    /// The disk fails; call it again.
    pub(super) fn decide_sending(&self, index: &Index) -> Result<(), StoreError> {
        let undecided: Vec<Arc<Job>> = {
            let list = self.lock();
            let ended = list.all().filter(|job| !job.is_running());
            ended.filter(|job| job.sending().next().is_some()).cloned().collect()
        };
        for job in undecided {
            let mut not_sent = Vec::new();
            for letter in job.sending() {
                if !index.is_replayed_by(job.id, letter)? {
                    not_sent.push(letter);
                }
            }
            self.change(job.id, Vec::new(), |job| job.end_sending(&not_sent))?;
        }
        Ok(())
    }

    /// Changes a job in memory, where outcomes may have been noted meanwhile.
    fn apply(&self, id: Uuid, change: impl Fn(&mut Job)) -> Option<Job> {
        let changed = {
            let mut list = self.lock();
            let changed = list.change(id, change)?;
            self.notify(&list);
            changed
        };
        Some(Arc::unwrap_or_clone(changed))
    }

    /// The row of a dead letter's result.
    pub(super) fn letter_row(
        &self,
        job: Uuid,
        letter: DeadLetterId,
        result: &LetterResult,
    ) -> anyhow::Result<RowChange> {
        self.0.rows.letter_row(job, letter, result)
    }

    /// What is stored of a dead letter of a job.
    ///
    /// # Errors
    /// The disk fails.
    pub(super) fn letter(&self, job: Uuid, letter: DeadLetterId) -> Result<Option<LetterResult>, StoreError> {
        self.0.rows.letter(job, letter)
    }

    /// Whether any job awaits the outcome of a record.
    pub(super) fn is_any_awaiting(&self) -> bool {
        self.0.awaiting.load(Ordering::Relaxed) > 0
    }

    /// Whether that job awaits the outcome of a record.
    pub(super) fn awaits(&self, id: Uuid) -> bool {
        self.lock().get(id).is_some_and(|job| job.awaits_outcomes())
    }

    /// Whether that job has sent, or may have sent, the record of that dead letter lately.
    pub(super) fn has_sent(&self, id: Uuid, letter: DeadLetterId) -> bool {
        self.lock().has_sent(id, letter)
    }

    /// Takes note of outcomes that were committed.
    pub(super) fn note_folded(&self, results: Vec<Folded>) {
        let mut list = self.lock();
        for folded in results {
            list.note_folded(folded);
        }
        self.notify(&list);
    }

    /// Stores that the outcomes of jobs are final, and removes what was needed until then.
    ///
    /// # Errors
    /// The disk fails; call it again.
    pub(super) fn store_complete(&self) -> Result<(), StoreError> {
        let _storing = self.storing();
        let complete = self.lock().complete();
        for id in complete {
            if let Some(job) = self.job(id) {
                self.0.rows.commit(&[self.0.rows.job_row(&job)?])?;
                self.0.rows.remove_letters(id)?;
            }
            self.lock().note_stored(id);
            let old = self.lock().old();
            for old in old {
                self.0.rows.remove(old)?;
                self.lock().remove(old);
            }
        }
        Ok(())
    }

    fn job(&self, id: Uuid) -> Option<Arc<Job>> {
        self.lock().get(id)
    }

    fn storing(&self) -> MutexGuard<'_, ()> {
        self.0.storing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self, list: &JobList) {
        self.0.awaiting.store(list.awaiting(), Ordering::Relaxed);
        self.0.changed.send_modify(|changes| *changes += 1);
    }

    fn lock(&self) -> MutexGuard<'_, JobList> {
        // A panic cannot leave the state half changed: a job is replaced, or one counter after the other is.
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
