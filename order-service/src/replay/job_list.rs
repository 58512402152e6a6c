//! The jobs in memory, and which of them await outcomes. Pure.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use uuid::Uuid;

use super::job::{Job, LetterResult};
use crate::dead_letter::DeadLetterId;

/// How many jobs that have ended are kept, the newest ones.
pub(super) const MAX_ENDED: usize = 100;

/// The jobs. They are shared with readers: one that is changed while somebody reads it is copied.
#[derive(Default)]
pub(super) struct JobList {
    jobs: BTreeMap<Uuid, Arc<Job>>,
    /// The one whose turn it is.
    current: Option<Uuid>,
    /// What was given to the producer by this process and not read back yet: its outcomes are believed.
    sent: HashMap<Uuid, HashSet<DeadLetterId>>,
    /// Jobs whose outcomes are final, which is not stored yet.
    complete: BTreeSet<Uuid>,
}

/// What became of a record that was sent: its job, what was known before, and what is known now.
pub(super) struct Folded {
    pub job: Uuid,
    pub letter: DeadLetterId,
    pub before: Option<LetterResult>,
    pub now: LetterResult,
}

impl JobList {
    /// Adds a job, or replaces it.
    pub fn insert(&mut self, job: Job) {
        let id = job.id;
        self.note_sending(id, job.sending());
        self.jobs.insert(id, Arc::new(job));
        self.complete_if_known(id);
    }

    /// Forgets a job.
    pub fn remove(&mut self, id: Uuid) {
        self.jobs.remove(&id);
    }

    /// The job with that id.
    pub fn get(&self, id: Uuid) -> Option<Arc<Job>> {
        self.jobs.get(&id).cloned()
    }

    /// All jobs, in no particular order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Job>> {
        self.jobs.values()
    }

    /// The job whose turn it is.
    pub fn current(&self) -> Option<Uuid> {
        self.current
    }

    /// How many are running or wait for that.
    pub fn running(&self) -> usize {
        self.all().filter(|job| job.is_running()).count()
    }

    /// How many await outcomes.
    pub fn awaiting(&self) -> usize {
        self.all().filter(|job| job.awaits_outcomes()).count()
    }

    /// The place of the next job.
    pub fn next_sequence(&self) -> u64 {
        self.all().map(|job| job.sequence).max().unwrap_or(0) + 1
    }

    /// Gives the oldest running job its turn. Returns whether another one had it.
    pub fn take_turn(&mut self) -> bool {
        let running = self.all().filter(|job| job.is_running());
        let next = running.min_by_key(|job| place(job)).map(|job| job.id);
        std::mem::replace(&mut self.current, next) != next
    }

    /// The jobs that have ended and are not kept.
    pub fn old(&self) -> Vec<Uuid> {
        let mut ended: Vec<&Arc<Job>> = self.all().filter(|job| !job.is_running()).collect();
        ended.sort_by_key(|job| place(job));
        ended.truncate(ended.len().saturating_sub(MAX_ENDED));
        ended.into_iter().map(|job| job.id).collect()
    }

    /// Changes a job. Returns it; `None` if there is none.
    pub fn change(&mut self, id: Uuid, change: impl FnOnce(&mut Job)) -> Option<Arc<Job>> {
        change(Arc::make_mut(self.jobs.get_mut(&id)?));
        self.complete_if_known(id);
        let job = self.get(id)?;
        if !job.is_running() && self.current == Some(id) {
            self.current = None;
        }
        Some(job)
    }

    /// A transaction with the records of these dead letters is about to be written.
    pub fn note_sending(&mut self, id: Uuid, letters: impl Iterator<Item = DeadLetterId>) {
        let mut letters = letters.peekable();
        if letters.peek().is_some() {
            self.sent.entry(id).or_default().extend(letters);
        }
    }

    /// Whether that job has sent, or may have sent, the record of that dead letter, and it was not read yet.
    pub fn has_sent(&self, id: Uuid, letter: DeadLetterId) -> bool {
        self.sent.get(&id).is_some_and(|sent| sent.contains(&letter))
    }

    /// Takes note of an outcome.
    pub fn note_folded(&mut self, folded: Folded) {
        let Folded {
            job: id,
            letter,
            before,
            now,
        } = folded;
        if let Some(sent) = self.sent.get_mut(&id) {
            sent.remove(&letter);
        }
        if let Some(job) = self.jobs.get_mut(&id)
            && job.awaits_outcomes()
        {
            let job = Arc::make_mut(job);
            job.note_read(letter);
            job.note_folded(before.map(|before| before.outcome), now);
            self.complete_if_known(id);
        }
    }

    /// Jobs whose outcomes are final, which is not stored yet.
    pub fn complete(&self) -> Vec<Uuid> {
        self.complete.iter().copied().collect()
    }

    /// It is stored that the outcomes of that job are final.
    pub fn note_stored(&mut self, id: Uuid) {
        self.complete.remove(&id);
    }

    /// From the moment on that every outcome of a job is known, none is noted any more: so what is stored then is what is shown.
    fn complete_if_known(&mut self, id: Uuid) {
        if let Some(job) = self.jobs.get_mut(&id)
            && job.is_complete()
            && !job.is_final
        {
            Arc::make_mut(job).is_final = true;
            self.complete.insert(id);
            self.sent.remove(&id);
        }
    }
}

/// The newest of these jobs, at most that many, the newest first.
pub(super) fn newest(mut jobs: Vec<Arc<Job>>, limit: usize) -> Vec<Arc<Job>> {
    jobs.sort_by_key(|job| Reverse(place(job)));
    jobs.truncate(limit);
    jobs
}

/// The job as others see it: one whose turn has not come waits.
pub(super) fn shown(mut job: Arc<Job>, current: Option<Uuid>) -> Arc<Job> {
    if let Some(current) = current.filter(|current| job.is_running() && *current != job.id) {
        Arc::make_mut(&mut job).waiting = Some(format!("replay {current} is running"));
    }
    job
}

fn place(job: &Job) -> (u64, Uuid) {
    (job.sequence, job.id)
}
