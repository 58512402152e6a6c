//! Sends the records of a job, one transaction after the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderlog_kafka::producer::transactional::TransactionError;
use orderlog_projection::store::blocking;
use tokio::time::sleep_until;
use uuid::Uuid;

use super::{Interruption, LOOK_INTERVAL, Runner};
use crate::dead_letter::DeadLetterId;
use crate::replay::job::{Job, LetterOutcome, LetterResult};
use crate::replay::plan::{self, Plan, ReplayRecord};
use crate::replay::select::{Selecting, select};
use crate::replay::selection::Selection;
use crate::replay::writer::ReplayWriter;

/// How many records a transaction has at most.
const MAX_RECORDS: usize = 100;
/// How many bytes, but at least one record.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// How many records may be sent whose outcome is not known: what a paused partition may have to wait for.
const MAX_IN_FLIGHT: u64 = 2_000;
/// How long reading the dead letters of a transaction may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

impl Runner {
    /// Sends what is left to send.
    pub(super) async fn send_all(&self, id: Uuid, writer: &ReplayWriter) -> Result<(), Interruption> {
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
            let sent = self.send_next(&job, writer).await?;
            let pace = Duration::from_secs_f64(sent as f64 / f64::from(job.rate.max(1)));
            next_at = next_at.max(Instant::now()) + pace;
            sleep_until(next_at.into()).await;
        }
    }

    /// Sends the next dead letters. Returns how many.
    async fn send_next(&self, job: &Job, writer: &ReplayWriter) -> Result<usize, Interruption> {
        // Never closed.
        let _turn = self.turn.acquire().await;
        let limit = MAX_RECORDS.min(usize::try_from(job.rate).unwrap_or(MAX_RECORDS)).max(1);
        let (index, selection) = (self.index.clone(), job.selection.clone());
        let (cursor, below) = (job.cursor(), job.below.clone());
        let page = blocking(move || select(&index, &selection, cursor, &below, limit, Selecting::Open)).await?;
        let was_named = matches!(job.selection, Selection::Ids(_));
        let mut chunk = Chunk {
            cursor: page.last,
            is_last: page.is_last,
            ..Chunk::default()
        };
        let mut open = Vec::new();
        for selected in page.selected {
            match plan::plan(&selected, &self.topic, job.id, was_named) {
                Plan::Send(row) => open.push((selected.0, row)),
                Plan::Refuse(result) => chunk.refused.push((selected.0, result)),
                Plan::SentBefore | Plan::Skip => {}
            }
        }
        let positions: Vec<(i32, i64)> = open.iter().map(|(id, _)| (id.partition, id.offset)).collect();
        let records = self.reader.read(&positions, Instant::now() + READ_TIMEOUT).await?;
        let mut bytes = 0;
        for ((id, row), record) in open.into_iter().zip(records) {
            match plan::replay(id, row, record, job.id) {
                Ok(record) => {
                    bytes += record.size();
                    if bytes > MAX_BYTES && !chunk.records.is_empty() {
                        chunk.end_before(id);
                        break;
                    }
                    chunk.records.push(record);
                }
                Err(result) => chunk.refused.push((id, result)),
            }
        }
        self.write(job, chunk, writer).await
    }

    async fn write(&self, job: &Job, mut chunk: Chunk, writer: &ReplayWriter) -> Result<usize, Interruption> {
        let mut ends = BTreeMap::new();
        let records = Arc::new(std::mem::take(&mut chunk.records));
        let mut sent = records.len();
        if sent > 0 {
            let (jobs, id, letters) = (self.jobs.clone(), job.id, records.clone());
            blocking(move || {
                let letters: Vec<DeadLetterId> = letters.iter().map(|record| record.id).collect();
                jobs.begin_sending(id, &letters)
            })
            .await?;
            match writer.write(records.clone(), job.id, job.by.clone()).await {
                Ok(written) => ends = written,
                // Which one it was, only its own transaction tells.
                Err(TransactionError::TooLarge) => {
                    sent = 0;
                    for record in records.iter() {
                        match writer
                            .write(Arc::new(vec![record.clone()]), job.id, job.by.clone())
                            .await
                        {
                            Ok(written) => {
                                merge(&mut ends, &written);
                                sent += 1;
                            }
                            Err(TransactionError::TooLarge) => chunk.refused.push((record.id, too_large(record))),
                            Err(error) => return Err(error.into()),
                        }
                    }
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
        blocking(move || {
            jobs.change(id, refused, |job| {
                job.end_sending(&not_sent);
                job.all_sent = is_last;
                job.waiting = None;
                merge(&mut job.sent_to, &ends);
                if let Some(cursor) = cursor {
                    job.advance(cursor);
                }
            })
        })
        .await?;
        Ok(sent)
    }
}

/// What is done in one transaction, and in the same commit of the store.
#[derive(Default)]
struct Chunk {
    records: Vec<ReplayRecord>,
    refused: Vec<(DeadLetterId, LetterResult)>,
    /// Every dead letter up to this one is dealt with after it.
    cursor: Option<DeadLetterId>,
    is_last: bool,
}

impl Chunk {
    /// That dead letter, and all after it, are left to the next one.
    fn end_before(&mut self, id: DeadLetterId) {
        self.refused.retain(|(refused, _)| *refused < id);
        self.cursor = Some(DeadLetterId {
            offset: id.offset - 1,
            ..id
        });
        self.is_last = false;
    }
}

fn too_large(record: &ReplayRecord) -> LetterResult {
    let reason = "with the headers of a replay it is larger than the event topic allows: raise its max.message.bytes";
    plan::refused(record.id, Some(&record.row), LetterOutcome::Failed, reason.to_owned())
}

/// The higher offset of each partition.
pub(super) fn merge(ends: &mut BTreeMap<i32, i64>, others: &BTreeMap<i32, i64>) {
    for (partition, other) in others {
        let end = ends.entry(*partition).or_default();
        *end = (*end).max(*other);
    }
}
