//! `GET /stats`: how far the topic was read, and what became of every record.

use actix_web::web;
use orderlog_projection::store::Counters;
use orderlog_projection::{OpenTransaction, PartitionProgress, Progress};
use orderlog_web::{Problem, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::read;
use crate::app::State;

/// How far the topic was read.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// The topic.
    #[schema(example = "order-events")]
    topic: String,
    /// Orders that exist.
    orders: u64,
    /// Records read: applied + duplicate + superseded + ignored + deadLettered.
    records: u64,
    /// One for each partition.
    partitions: Vec<PartitionStats>,
    /// The sums over all partitions.
    totals: Outcomes,
}

/// How far one partition was read.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartitionStats {
    /// Its number.
    partition: i32,
    /// Offset of the next record to read.
    position: i64,
    /// Offset behind its last record, as the broker last told; null when it has not told yet.
    end: Option<i64>,
    /// Records that are not read yet, at most (transaction markers take offsets, too); null when the end is not known.
    lag: Option<i64>,
    /// Why it waits; null when it does not.
    paused: Option<String>,
    /// Another producer's transaction that keeps what lies behind it from being read; null when there is none.
    open_transaction: Option<OpenTransactionStats>,
    /// What became of its records.
    #[serde(flatten)]
    outcomes: Outcomes,
}

/// A transaction that blocks a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenTransactionStats {
    /// Offset of its first record.
    offset: i64,
    /// Since when it was seen there (RFC 3339, UTC).
    since: Option<String>,
}

/// What became of records. Each one is counted once, in one of the first five.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcomes {
    /// Became an order's state.
    applied: u64,
    /// The event that made the state, seen again.
    duplicate: u64,
    /// Lost a race, or old.
    superseded: u64,
    /// Null values.
    ignored: u64,
    /// Could not be used; see /dlq/messages.
    dead_lettered: u64,
    /// Applied events before which something was missed.
    gaps: u64,
}

/// How far the topic was read, and what became of every record.
///
/// # Errors
/// A 500 when the disk fails.
#[utoipa::path(get, path = "/stats", tag = "operations", responses((status = 200, description = "The numbers", body = Stats)))]
pub async fn stats(state: web::Data<State>) -> Result<Reply<Stats>, Problem> {
    let progress = state.view.progress();
    let ends = |partition| state.view.link().end(partition);
    let partitions = if progress.partitions.is_empty() {
        stored(&state, &progress).await?
    } else {
        (0..).zip(progress.partitions.iter().cloned()).collect()
    };
    Ok(Reply::ok(
        "Stats",
        summed(
            &state.topic,
            partitions,
            progress.stopped().map(String::as_str),
            ends,
            &state.view.open_transactions(),
        ),
    ))
}

/// What the store has, while the topic was not seen yet.
async fn stored(state: &State, progress: &Progress) -> Result<Vec<(i32, PartitionProgress)>, Problem> {
    let store = state.view.store().clone();
    let rows = read(move || store.partitions()).await?;
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

fn summed(
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
        // What lies behind an open transaction is there, and not read.
        let at_end = progress.at_end && open.is_none();
        // The end that the broker told last may be older than what was read since.
        let told = ends(partition).map(|end| end.max(progress.next));
        let end = if at_end {
            Some(told.unwrap_or(progress.next))
        } else {
            told
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
mod tests {
    use super::*;

    fn partition(next: i64, at_end: bool) -> PartitionProgress {
        let counters = Counters {
            applied: 3,
            dead_lettered: 2,
            orders: 1,
            ..Counters::default()
        };
        PartitionProgress {
            next,
            counters,
            at_end,
            ..PartitionProgress::default()
        }
    }

    #[test]
    fn every_record_is_in_the_sums() {
        let stats = summed(
            "t",
            vec![(0, partition(5, true)), (1, partition(5, true))],
            None,
            |_| None,
            &[],
        );
        assert_eq!(
            (
                stats.orders,
                stats.records,
                stats.totals.applied,
                stats.totals.dead_lettered
            ),
            (2, 10, 6, 4)
        );
    }

    #[test]
    fn lag_is_nothing_at_the_end_and_unknown_without_a_broker() {
        let stats = |progress, end| {
            let stats = summed("t", vec![(0, progress)], None, |_| end, &[]);
            (stats.partitions[0].end, stats.partitions[0].lag)
        };
        // Behind the last record lies a transaction's marker.
        assert_eq!(stats(partition(5, true), Some(6)), (Some(6), Some(0)));
        assert_eq!(stats(partition(5, true), None), (Some(5), Some(0)));
        assert_eq!(stats(partition(5, false), Some(9)), (Some(9), Some(4)));
        assert_eq!(stats(partition(5, false), Some(3)), (Some(5), Some(0)));
        assert_eq!(stats(partition(5, false), None), (None, None));
    }

    #[test]
    fn what_lies_behind_an_open_transaction_is_lag() {
        let open = OpenTransaction {
            partition: 0,
            offset: 5,
            open_for: std::time::Duration::from_secs(3),
            since: Some("2026-01-02T03:04:05.006Z".to_owned()),
        };
        let partitions = vec![(0, partition(5, true)), (1, partition(5, true))];
        let stats = summed("t", partitions, None, |_| Some(9), &[open]);
        let shown: Vec<_> = stats
            .partitions
            .iter()
            .map(|p| (p.lag, p.open_transaction.is_some()))
            .collect();
        assert_eq!(shown, [(Some(4), true), (Some(0), false)]);
    }

    #[test]
    fn a_halt_shows_on_every_partition() {
        let stats = summed(
            "t",
            vec![(0, partition(5, false))],
            Some("another topic"),
            |_| None,
            &[],
        );
        assert_eq!(stats.partitions[0].paused.as_deref(), Some("another topic"));
    }
}
