//! The jobs, in the store and in memory. What became of single dead letters is stored only while a job awaits outcomes.
//! Everything that touches the store blocks.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use orderlog_projection::store::{RowChange, Store, StoreError, Table, TableName};
use tokio::sync::watch;
use uuid::Uuid;

use super::job::{Job, JobState, LetterResult};
use crate::dead_letter::DeadLetterId;

/// How many jobs that have ended are kept, the newest ones.
const MAX_ENDED: usize = 100;
/// How many jobs may be running, of which all but one wait.
pub const MAX_RUNNING: usize = 10;

/// The jobs. Clones share them.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    jobs: Table,
    /// Job and dead letter → [`LetterResult`].
    letters: Table,
    /// Held while a job is stored, so that one change is stored after the other.
    storing: Mutex<()>,
    /// Never locked while the disk is written: requests read it, too.
    state: Mutex<State>,
    /// How many jobs await outcomes: read for every batch of the projection.
    awaiting: AtomicUsize,
    /// Incremented with every change.
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<Uuid, Job>,
    /// The one whose turn it is.
    current: Option<Uuid>,
    /// Jobs that had ended before their last outcomes were known, which are known now.
    complete: Vec<Uuid>,
}

impl Jobs {
    /// The jobs of that store.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let jobs = store.table(TableName("replay_jobs"))?;
        let letters = store.table(TableName("replay_letters"))?;
        let mut state = State::default();
        for row in jobs.range(Bound::Unbounded, Bound::Unbounded) {
            let (_, value) = row?;
            let Ok(mut job) = serde_json::from_slice::<Job>(&value) else {
                // Of a release that knew more; what was sent is in the topic.
                continue;
            };
            restore(&mut job, &letters)?;
            state.jobs.insert(job.id, job);
        }
        let opened = Self(Arc::new(Inner {
            jobs,
            letters,
            storing: Mutex::new(()),
            state: Mutex::new(state),
            awaiting: AtomicUsize::new(0),
            changed: watch::Sender::new(0),
        }));
        opened.notify(&opened.lock());
        Ok(opened)
    }

    /// Adds a job.
    ///
    /// # Errors
    /// `None` if [`MAX_RUNNING`] are running; or the disk fails.
    pub(super) fn add(&self, job: Job) -> Result<Option<Job>, StoreError> {
        let _storing = self.storing();
        if self.lock().jobs.values().filter(|job| job.is_running()).count() >= MAX_RUNNING {
            return Ok(None);
        }
        self.0
            .jobs
            .commit(&[self.0.jobs.put(job.id.as_bytes(), encode(&job)?)])?;
        let mut state = self.lock();
        state.jobs.insert(job.id, job.clone());
        self.notify(&state);
        Ok(Some(job))
    }

    /// The job with that id.
    pub fn get(&self, id: Uuid) -> Option<Job> {
        let state = self.lock();
        state.jobs.get(&id).map(|job| shown(job, state.current))
    }

    /// All jobs, the newest first.
    pub fn list(&self) -> Vec<Job> {
        let state = self.lock();
        state.jobs.values().rev().map(|job| shown(job, state.current)).collect()
    }

    /// The job whose turn it is.
    pub fn running(&self) -> Option<Job> {
        let state = self.lock();
        state.current.and_then(|id| state.jobs.get(&id)).cloned()
    }

    /// A channel whose value changes with any job.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Whether any job awaits the outcome of a record.
    pub(super) fn is_any_awaiting(&self) -> bool {
        self.0.awaiting.load(Ordering::Relaxed) > 0
    }

    /// Gives the oldest running job its turn.
    pub(super) fn take_turn(&self) -> Option<Uuid> {
        let mut state = self.lock();
        let next = state.jobs.values().find(|job| job.is_running()).map(|job| job.id);
        if let Some(job) = next.and_then(|id| state.jobs.get_mut(&id)) {
            job.has_turn = true;
        }
        if state.current != next {
            state.current = next;
            self.notify(&state);
        }
        next
    }

    /// Changes a job in memory only: for what is known again after a restart.
    pub(super) fn note(&self, id: Uuid, change: impl FnOnce(&mut Job)) {
        let mut state = self.lock();
        if let Some(job) = state.jobs.get_mut(&id) {
            change(job);
            self.notify(&state);
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
        let _storing = self.storing();
        let Some(mut stored) = self.lock().jobs.get(&id).cloned() else {
            return Ok(None);
        };
        let apply = |job: &mut Job| {
            for (_, result) in &unsent {
                job.note_unsent(result.clone());
            }
            change(job);
        };
        apply(&mut stored);
        let mut rows = vec![self.0.jobs.put(id.as_bytes(), encode(&stored)?)];
        for (letter, result) in &unsent {
            rows.push(self.letter_row(id, *letter, result)?);
        }
        self.0.jobs.commit(&rows)?;
        let changed = self.apply(id, apply);
        if let Some(job) = changed.as_ref().filter(|job| !job.awaits_outcomes()) {
            self.clean_up(job.id)?;
        }
        Ok(changed)
    }

    /// Changes a job in memory, where outcomes may have been noted meanwhile.
    fn apply(&self, id: Uuid, change: impl Fn(&mut Job)) -> Option<Job> {
        let mut state = self.lock();
        let job = state.jobs.get_mut(&id)?;
        change(job);
        let changed = job.clone();
        if !changed.is_running() && state.current == Some(id) {
            state.current = None;
        }
        self.notify(&state);
        Some(changed)
    }

    /// The row of a dead letter's result.
    pub(super) fn letter_row(
        &self,
        job: Uuid,
        letter: DeadLetterId,
        result: &LetterResult,
    ) -> anyhow::Result<RowChange> {
        let value = serde_json::to_vec(result).context("encoding the result of a replay")?;
        Ok(self.0.letters.put(&letter_key(job, letter), value))
    }

    /// What is stored of a dead letter of a job.
    pub(super) fn letter(&self, job: Uuid, letter: DeadLetterId) -> Result<Option<LetterResult>, StoreError> {
        let row = self.0.letters.get(&letter_key(job, letter))?;
        Ok(row.and_then(|row| serde_json::from_slice(&row).ok()))
    }

    /// Whether that job awaits the outcome of a record.
    pub(super) fn awaits(&self, id: Uuid) -> bool {
        self.lock().jobs.get(&id).is_some_and(Job::awaits_outcomes)
    }

    /// Takes note of outcomes that were committed.
    pub(super) fn note_folded(&self, results: Vec<(Uuid, Option<LetterResult>, LetterResult)>) {
        let mut state = self.lock();
        for (id, before, result) in results {
            if let Some(job) = state.jobs.get_mut(&id) {
                job.note_folded(before.map(|before| before.outcome), result);
                if !job.awaits_outcomes() {
                    state.complete.push(id);
                }
            }
        }
        self.notify(&state);
    }

    /// Stores jobs that had ended before their last outcomes were known.
    ///
    /// # Errors
    /// The disk fails.
    pub(super) fn store_complete(&self) -> Result<(), StoreError> {
        let complete = std::mem::take(&mut self.lock().complete);
        for id in complete {
            self.change(id, Vec::new(), |_| ())?;
        }
        Ok(())
    }

    /// Removes what is stored of single dead letters of a job that awaits no more outcomes, and jobs that are too old.
    fn clean_up(&self, id: Uuid) -> Result<(), StoreError> {
        self.remove_letters(id)?;
        for old in self.forget_old() {
            self.remove_letters(old)?;
            self.0.jobs.commit(&[self.0.jobs.remove(old.as_bytes())])?;
        }
        Ok(())
    }

    fn remove_letters(&self, id: Uuid) -> Result<(), StoreError> {
        let (from, to) = letter_bounds(id);
        let mut rows = Vec::new();
        for row in self.0.letters.range(Bound::Included(&from), Bound::Included(&to)) {
            rows.push(self.0.letters.remove(&row?.0));
            if rows.len() == 1_000 {
                self.0.letters.commit(&rows)?;
                rows.clear();
            }
        }
        self.0.letters.commit(&rows)
    }

    fn forget_old(&self) -> Vec<Uuid> {
        let mut state = self.lock();
        let ended = state.jobs.values().filter(|job| !job.is_running());
        let mut old: Vec<Uuid> = ended.map(|job| job.id).collect();
        old.truncate(old.len().saturating_sub(MAX_ENDED));
        state.jobs.retain(|id, _| !old.contains(id));
        old
    }

    fn storing(&self) -> MutexGuard<'_, ()> {
        self.0.storing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self, state: &State) {
        let awaiting = state.jobs.values().filter(|job| job.awaits_outcomes()).count();
        self.0.awaiting.store(awaiting, Ordering::Relaxed);
        self.0.changed.send_modify(|changes| *changes += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half changed: a job is replaced, or one counter after the other is.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The job as others see it: one whose turn has not come waits.
fn shown(job: &Job, current: Option<Uuid>) -> Job {
    let mut job = job.clone();
    if let Some(current) = current.filter(|current| job.state == JobState::Running && *current != job.id) {
        job.waiting = Some(format!("replay {current} is running"));
    }
    job
}

/// Counts again what was stored of its dead letters.
fn restore(job: &mut Job, letters: &Table) -> Result<(), StoreError> {
    if !job.awaits_outcomes() {
        return Ok(());
    }
    job.folded = 0;
    job.outcomes = Default::default();
    job.messages.clear();
    let (from, to) = letter_bounds(job.id);
    for row in letters.range(Bound::Included(&from), Bound::Included(&to)) {
        let Ok(result) = serde_json::from_slice::<LetterResult>(&row?.1) else {
            continue;
        };
        match result.sent_to {
            Some(_) => job.note_folded(None, result),
            None => job.note_unsent(result),
        }
    }
    Ok(())
}

fn letter_key(job: Uuid, letter: DeadLetterId) -> Vec<u8> {
    [&job.as_bytes()[..], &letter.to_key()].concat()
}

fn letter_bounds(job: Uuid) -> (Vec<u8>, Vec<u8>) {
    let bound = |byte| [&job.as_bytes()[..], &[byte; 12]].concat();
    (bound(0), bound(u8::MAX))
}

/// While it awaits outcomes, what it shows is counted again from their rows after a restart.
fn encode(job: &Job) -> anyhow::Result<Vec<u8>> {
    let encoded = if job.awaits_outcomes() {
        let mut short = job.clone();
        short.messages.clear();
        serde_json::to_vec(&short)
    } else {
        serde_json::to_vec(job)
    };
    encoded.context("encoding a replay")
}
