//! `GET /stats`: progress of each partition and outcomes of all records.

use actix_web::web;
use orderlog_projection::store::Counters;
use orderlog_projection::{OpenTransaction, PartitionProgress, Progress};
use orderlog_web::{Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::State;

/// Progress and outcomes of the topic.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Topic of the order events.
    #[schema(example = "order-events")]
    topic: String,
    /// Number of orders.
    orders: u64,
    /// Number of records read: applied + duplicate + superseded + ignored + deadLettered.
    records: u64,
    /// Progress and outcomes of each partition.
    partitions: Vec<PartitionStats>,
    /// Totals over all partitions.
    totals: Outcomes,
}

/// Progress and outcomes of one partition.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartitionStats {
    /// Number of the partition.
    partition: i32,
    /// Offset of the next record to read.
    position: i64,
    /// End offset (one after the last record) as last reported by the broker; null if not reported yet.
    end: Option<i64>,
    /// Upper bound for the number of unread records (transaction markers occupy offsets, too); null if the end is unknown.
    lag: Option<i64>,
    /// Why reading is paused; null if it is not.
    paused: Option<String>,
    /// Open transaction of another producer, which blocks reading beyond it; null if there is none.
    open_transaction: Option<OpenTransactionStats>,
    /// Outcomes of the partition's records.
    #[serde(flatten)]
    outcomes: Outcomes,
}

/// An open transaction that blocks a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenTransactionStats {
    /// Offset of the transaction's first record.
    offset: i64,
    /// When it was first seen (RFC 3339, UTC).
    since: Option<String>,
}

/// Outcomes of records. Each record is counted in exactly one of the first five.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// Applied to an order.
    applied: u64,
    /// Repetitions of the event that an order's state is from.
    duplicate: u64,
    /// Lost against a concurrent write, or outdated.
    superseded: u64,
    /// Records without a value.
    ignored: u64,
    /// Rejected and dead-lettered; see /dlq/messages.
    dead_lettered: u64,
    /// Applied events that do not follow the order's previous version.
    gaps: u64,
}

/// Returns the statistics.
#[utoipa::path(
    get, path = "/stats", tag = "operations",
    summary = "Progress and outcomes",
    description = "Returns how far each partition of the event topic has been read, and what became of the records.",
    responses((status = 200, description = "The statistics.", body = Stats))
)]
pub async fn stats(state: web::Data<State>) -> Result<Reply<Stats>, Problem> {
    let progress = state.view.progress();
    let ends = |partition| state.view.connection().end_offset(partition);
    let partitions = if progress.partitions.is_empty() {
        stats_from_store(&state, &progress).await?
    } else {
        (0..).zip(progress.partitions.iter().cloned()).collect()
    };
    Ok(Reply::ok(
        "Stats",
        build_stats(
            &state.topic,
            partitions,
            progress.stop_reason().map(String::as_str),
            ends,
            &state.view.open_transactions(),
        ),
    ))
}

/// Progress as stored, until the topic has been seen.
async fn stats_from_store(state: &State, progress: &Progress) -> Result<Vec<(i32, PartitionProgress)>, Problem> {
    let rows = state.view.store().partitions().await.map_err(Problem::internal)?;
    let row = |(partition, row): (i32, orderlog_projection::store::PartitionRow)| {
        let paused = progress.starting.clone();
        (
            partition,
            PartitionProgress {
                next: row.next,
                counters: row.counters,
                paused,
                ..PartitionProgress::default()
            },
        )
    };
    Ok(rows.into_iter().map(row).collect())
}

fn build_stats(
    topic: &str,
    partitions: Vec<(i32, PartitionProgress)>,
    halted: Option<&str>,
    ends: impl Fn(i32) -> Option<i64>,
    open: &[OpenTransaction],
) -> Stats {
    let mut totals = Counters::default();
    let mut shown = Vec::with_capacity(partitions.len());
    for (partition, progress) in partitions {
        totals.add(&progress.counters);
        let open = open.iter().find(|open| open.partition == partition);
        // Records behind an open transaction exist but are not readable yet.
        let at_end = progress.at_end && open.is_none();
        // The last reported end may be older than what has been read since.
        let reported = ends(partition).map(|end| end.max(progress.next));
        let end = if at_end {
            Some(reported.unwrap_or(progress.next))
        } else {
            reported
        };
        shown.push(PartitionStats {
            partition,
            position: progress.next,
            end,
            lag: if at_end {
                Some(0)
            } else {
                end.map(|end| end - progress.next)
            },
            open_transaction: open.map(|open| OpenTransactionStats {
                offset: open.offset,
                since: open.since.clone(),
            }),
            paused: progress.paused.or_else(|| halted.map(str::to_owned)),
            outcomes: Outcomes::from(&progress.counters),
        });
    }
    Stats {
        topic: topic.to_owned(),
        orders: totals.orders,
        records: totals.records(),
        partitions: shown,
        totals: Outcomes::from(&totals),
    }
}

impl From<&Counters> for Outcomes {
    fn from(counters: &Counters) -> Self {
        Self {
            applied: counters.applied,
            duplicate: counters.duplicate,
            superseded: counters.superseded,
            ignored: counters.ignored,
            dead_lettered: counters.dead_lettered,
            gaps: counters.gaps,
        }
    }
}

#[cfg(test)]
#[path = "stats_tests.rs"]
mod tests;
