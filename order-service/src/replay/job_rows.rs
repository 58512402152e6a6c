//! The jobs in the store: a row for each, and one for each of its dead letters while outcomes of the job are awaited, from which
//! they are counted again after a restart. All of it blocks.

use std::ops::Bound;

use anyhow::Context;
use orderlog_projection::store::{RowChange, Store, StoreError, Table, TableName};
use uuid::Uuid;

use super::job::{Job, LetterResult};
use crate::dead_letter::DeadLetterId;

/// How many rows are removed in one commit.
const CHUNK: usize = 1_000;

/// The rows of the jobs.
pub(super) struct JobRows {
    jobs: Table,
    /// Job and dead letter → [`LetterResult`].
    letters: Table,
}

impl JobRows {
    /// Those of a store.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            jobs: store.table(TableName("replay_jobs"))?,
            letters: store.table(TableName("replay_letters"))?,
        })
    }

    /// All jobs, as far as they can be read; completes what was interrupted.
    ///
    /// # Errors
    /// The disk fails.
    pub fn load(&self) -> Result<Vec<Job>, StoreError> {
        let mut jobs = Vec::new();
        for row in self.jobs.range(Bound::Unbounded, Bound::Unbounded) {
            let (key, value) = row?;
            let mut job = match serde_json::from_slice::<Job>(&value) {
                Ok(job) => job,
                Err(error) => {
                    // Of another release. What it has sent is in the topic.
                    let Ok(id) = Uuid::from_slice(&key) else { continue };
                    tracing::warn!(job = %id, error = %error, "replay in the store not readable; it is shown as failed");
                    jobs.push(Job::unreadable(id, &serde_json::from_slice(&value).unwrap_or_default()));
                    continue;
                }
            };
            if job.is_final {
                self.remove_letters(job.id)?;
            } else {
                self.count_again(&mut job)?;
            }
            jobs.push(job);
        }
        Ok(jobs)
    }

    /// Counts what was stored of the dead letters of a job that awaits outcomes.
    fn count_again(&self, job: &mut Job) -> Result<(), StoreError> {
        job.forget_outcomes();
        let (from, to) = letter_bounds(job.id);
        for row in self.letters.range(Bound::Included(&from), Bound::Included(&to)) {
            let Ok(result) = serde_json::from_slice::<LetterResult>(&row?.1) else {
                continue;
            };
            match result.sent_to {
                Some(_) => {
                    if let Ok(letter) = result.id.parse() {
                        job.note_read(letter);
                    }
                    job.note_folded(None, result);
                }
                None => job.note_unsent(result),
            }
        }
        if job.is_done() {
            job.give_up();
        }
        Ok(())
    }

    /// The row of a job.
    pub fn job_row(&self, job: &Job) -> anyhow::Result<RowChange> {
        let encoded = if job.is_final {
            serde_json::to_vec(job)
        } else {
            // What it shows is counted again from the rows of its dead letters.
            let mut short = job.clone();
            short.messages.clear();
            serde_json::to_vec(&short)
        };
        Ok(self.jobs.put(job.id.as_bytes(), encoded.context("encoding a replay")?))
    }

    /// A row that this release would not write.
    #[cfg(test)]
    pub fn raw_job_row(&self, id: Uuid, row: &[u8]) -> RowChange {
        self.jobs.put(id.as_bytes(), row.to_vec())
    }

    /// The row of a dead letter's result.
    pub fn letter_row(&self, job: Uuid, letter: DeadLetterId, result: &LetterResult) -> anyhow::Result<RowChange> {
        let value = serde_json::to_vec(result).context("encoding the result of a replay")?;
        Ok(self.letters.put(&letter_key(job, letter), value))
    }

    /// What is stored of a dead letter of a job.
    ///
    /// # Errors
    /// The disk fails.
    pub fn letter(&self, job: Uuid, letter: DeadLetterId) -> Result<Option<LetterResult>, StoreError> {
        let row = self.letters.get(&letter_key(job, letter))?;
        Ok(row.and_then(|row| serde_json::from_slice(&row).ok()))
    }

    /// Stores rows.
    ///
    /// # Errors
    /// The disk fails.
    pub fn commit(&self, rows: &[RowChange]) -> Result<(), StoreError> {
        self.jobs.commit(rows)
    }

    /// Removes the rows of a job's dead letters. If that is interrupted, [`Self::load`] completes it: the job's own row must say
    /// before that its outcomes are final.
    ///
    /// # Errors
    /// The disk fails.
    pub fn remove_letters(&self, id: Uuid) -> Result<(), StoreError> {
        let (from, to) = letter_bounds(id);
        let mut rows = Vec::new();
        for row in self.letters.range(Bound::Included(&from), Bound::Included(&to)) {
            rows.push(self.letters.remove(&row?.0));
            if rows.len() == CHUNK {
                self.letters.commit(&rows)?;
                rows.clear();
            }
        }
        self.letters.commit(&rows)
    }

    /// Removes a job.
    ///
    /// # Errors
    /// The disk fails.
    pub fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        self.remove_letters(id)?;
        self.jobs.commit(&[self.jobs.remove(id.as_bytes())])
    }
}

fn letter_key(job: Uuid, letter: DeadLetterId) -> Vec<u8> {
    [&job.as_bytes()[..], &letter.to_key()].concat()
}

fn letter_bounds(job: Uuid) -> (Vec<u8>, Vec<u8>) {
    let bound = |byte| [&job.as_bytes()[..], &[byte; 12]].concat();
    (bound(0), bound(u8::MAX))
}
