//! The next dead letters of a selection, read from their topic and planned: what a replay writes in one transaction, and a dry
//! run examines at once.

use std::time::{Duration, Instant};

use orderlog_kafka::record_reader::{ReadError, RecordReader};
use orderlog_projection::store::StoreError;
use uuid::Uuid;

use super::job::LetterResult;
use super::plan::{self, Plan, ReplayRecord};
use super::select::{Scope, Selecting, select};
use super::selection::{Selected, Selection};
use super::steps::Steps;
use crate::dead_letter::{DeadLetterId, DeadLetterRow, Index};

/// How many bytes of values a chunk has at most, unless it has only one record.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
/// How long reading a chunk may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// The next dead letters of a selection.
#[derive(Default)]
pub(super) struct Chunk {
    /// To be sent, by ascending id.
    pub records: Vec<ReplayRecord>,
    /// Not to be sent.
    pub refused: Vec<(DeadLetterId, LetterResult)>,
    /// Every dead letter up to this one is dealt with after it.
    pub cursor: Option<DeadLetterId>,
    /// Whether none comes after it.
    pub is_last: bool,
}

/// Chooses chunks.
#[derive(Clone)]
pub(super) struct Chooser {
    pub index: Index,
    pub reader: RecordReader,
    /// The event topic.
    pub topic: String,
    pub steps: Steps,
}

impl Chooser {
    /// The next chunk for that job, of at most `limit` dead letters.
    ///
    /// # Errors
    /// The disk fails, or the dead letters cannot be read.
    pub async fn next<E>(&self, scope: &Scope, job: Uuid, limit: usize) -> Result<Chunk, E>
    where
        E: From<StoreError> + From<ReadError>,
    {
        let (index, selected) = (self.index.clone(), scope.clone());
        let page = self
            .steps
            .blocking(move || select(&index, &selected, limit, Selecting::Open))
            .await?;
        let was_named = matches!(scope.selection, Selection::Ids(_));
        let mut planned = planned(&page.selected, |selected| {
            plan::plan(selected, &self.topic, job, was_named)
        });
        if !planned.is_cut {
            (planned.chunk.cursor, planned.chunk.is_last) = (page.last, page.is_last);
        }
        let mut chunk = planned.chunk;
        let positions: Vec<(i32, i64)> = planned.open.iter().map(|(id, _)| (id.partition, id.offset)).collect();
        let records = self.reader.read(&positions, Instant::now() + READ_TIMEOUT).await?;
        for ((id, row), record) in planned.open.into_iter().zip(records) {
            match plan::replay(id, row, record, job) {
                Ok(record) => chunk.records.push(record),
                Err(result) => chunk.refused.push((id, result)),
            }
        }
        Ok(chunk)
    }
}

/// A chunk whose records are not read yet.
#[derive(Default)]
struct Planned {
    chunk: Chunk,
    open: Vec<(DeadLetterId, DeadLetterRow)>,
    /// Whether it ends before the page does.
    is_cut: bool,
}

/// Plans dead letters, up to the first one with which their values would be too large.
fn planned(page: &[Selected], plan: impl Fn(&Selected) -> Plan) -> Planned {
    let mut planned = Planned::default();
    let mut bytes: u64 = 0;
    for selected in page {
        let id = selected.0;
        match plan(selected) {
            Plan::Send(row) => {
                bytes = bytes.saturating_add(row.size);
                if bytes > MAX_BYTES && !planned.open.is_empty() {
                    planned.is_cut = true;
                    break;
                }
                planned.open.push((id, row));
            }
            Plan::Refuse(result) => planned.chunk.refused.push((id, result)),
            Plan::SentBefore | Plan::Skip => {}
        }
        planned.chunk.cursor = Some(id);
    }
    planned
}

#[cfg(test)]
#[path = "chunk_tests.rs"]
mod tests;
