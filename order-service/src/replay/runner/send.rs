//! Sends the records of a job, one transaction after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderlog_kafka::producer::transactional::TransactionError;
use tokio::time::sleep_until;
use uuid::Uuid;

use super::{Interruption, LOOK_INTERVAL, Runner, Session};
use crate::dead_letter::DeadLetterId;
use crate::replay::chunk::Chunk;
use crate::replay::job::{Job, LetterOutcome, LetterResult};
use crate::replay::plan::{self, ReplayRecord};
use crate::replay::select::Scope;
use crate::replay::turn::{Turn, is_behind};
use crate::replay::writer::ReplayWriter;

/// How many records a transaction has at most.
const MAX_RECORDS: usize = 100;
/// How many records may be sent whose outcome is not known: what a paused partition may have to wait for.
const MAX_IN_FLIGHT: u64 = 2_000;

impl Runner {
    /// Sends what is left to send. The index has read to `ends`.
    pub(super) async fn send_all(
        &self,
        id: Uuid,
        session: &mut Session,
        ends: &BTreeMap<i32, i64>,
    ) -> Result<(), Interruption> {
        let writer = session.writer.clone().ok_or(Interruption::Fenced)?;
        let mut next_at = Instant::now();
        loop {
            self.check_stopping(id)?;
            let job = self.job(id)?;
            if job.all_sent {
                return Ok(());
            }
            if job.in_flight() >= MAX_IN_FLIGHT {
                self.wait_for(id, self.outcome_wait(&job));
                self.pause(id, LOOK_INTERVAL).await?;
                continue;
            }
            let sent = self.send_next(&job, &writer, ends).await?;
            session.go_on(id);
            let pace = Duration::from_secs_f64(sent as f64 / f64::from(job.rate.max(1)));
            next_at = next_at.max(Instant::now()) + pace;
            sleep_until(next_at.into()).await;
        }
    }

    /// Sends the next dead letters. Returns how many.
    async fn send_next(
        &self,
        job: &Job,
        writer: &ReplayWriter,
        ends: &BTreeMap<i32, i64>,
    ) -> Result<usize, Interruption> {
        let turn = self.turn.lock().await;
        // It may have been stopped while a discard had the turn.
        self.check_stopping(job.id)?;
        let limit = MAX_RECORDS.min(usize::try_from(job.rate).unwrap_or(MAX_RECORDS)).max(1);
        let scope = Scope {
            selection: job.selection.clone(),
            below: job.below.clone(),
            cursor: job.cursor(),
        };
        let chunk = self.chooser.next::<Interruption>(&scope, job.id, limit).await?;
        // After it was chosen: what was read of an index that is being discarded is not the truth.
        self.check_index(job, &turn, ends)?;
        self.write(job, chunk, writer).await
    }

    /// Whether the index has all that was on the topic when this runner began, and all marks since then but its own.
    fn check_index(&self, job: &Job, turn: &Turn, ends: &BTreeMap<i32, i64>) -> Result<(), Interruption> {
        if self.index().generation() != job.generation {
            return Err(Interruption::recreated());
        }
        if turn.marks_unread || is_behind(&self.index().progress().borrow(), ends) {
            return Err(Interruption::Retry(
                "the index of dead letters is behind its topic".to_owned(),
            ));
        }
        Ok(())
    }

    async fn write(&self, job: &Job, mut chunk: Chunk, writer: &ReplayWriter) -> Result<usize, Interruption> {
        let records = Arc::new(std::mem::take(&mut chunk.records));
        let mut sent = records.len();
        if sent > 0 {
            let (jobs, id, letters) = (self.jobs.clone(), job.id, records.clone());
            let begin = move || {
                let letters: Vec<DeadLetterId> = letters.iter().map(|record| record.id).collect();
                jobs.begin_sending(id, &letters)
            };
            self.chooser.steps.blocking(begin).await?;
            match writer.write(records.clone(), job.id, job.by.clone()).await {
                Ok(()) => {}
                Err(TransactionError::TooLarge) => {
                    let refused = self.write_singly(job, &records, writer).await?;
                    sent -= refused.len();
                    chunk.refused.extend(refused);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let (jobs, id) = (self.jobs.clone(), job.id);
        let Chunk {
            refused,
            cursor,
            is_last,
            ..
        } = chunk;
        let not_sent: Vec<DeadLetterId> = refused.iter().map(|(id, _)| *id).collect();
        let note = move || {
            jobs.change(id, refused, |job| {
                job.end_sending(&not_sent);
                job.all_sent = is_last;
                job.waiting = None;
                if let Some(cursor) = cursor {
                    job.advance(cursor);
                }
            })
        };
        self.chooser.steps.blocking(note).await?;
        Ok(sent)
    }

    /// Writes each record in a transaction of its own. Returns those that are too large: which ones, only that tells.
    async fn write_singly(
        &self,
        job: &Job,
        records: &[ReplayRecord],
        writer: &ReplayWriter,
    ) -> Result<Vec<(DeadLetterId, LetterResult)>, Interruption> {
        let mut refused = Vec::new();
        for record in records {
            let single = Arc::new(vec![record.clone()]);
            match writer.write(single, job.id, job.by.clone()).await {
                Ok(()) => {}
                Err(TransactionError::TooLarge) => refused.push((record.id, too_large(record))),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(refused)
    }
}

fn too_large(record: &ReplayRecord) -> LetterResult {
    let reason = "with the headers of a replay it is larger than the event topic allows: raise its max.message.bytes";
    plan::refused(record.id, Some(&record.row), LetterOutcome::Failed, reason.to_owned())
}
