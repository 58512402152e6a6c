//! `GET /stats`: progress of each partition and outcomes of all records.

use std::time::Instant;

use actix_web::web;
use orderlog_projection::store::Counters;
use orderlog_projection::{Lag, OpenTransaction, PartitionProgress, rfc3339_of};
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
    /// Sum of the partitions' lags; null while any of them is unknown.
    lag: Option<i64>,
    /// Since when the lag of any partition is unknown (RFC 3339, UTC); null while all are known.
    #[schema(format = DateTime)]
    lag_unknown_since: Option<String>,
    /// Progress and outcomes of each partition. Until the service has found the topic after startup, they are what it had stored before.
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
    /// Upper bound on the number of unread records (transaction markers occupy offsets, too); null while it is unknown,
    /// because the broker is away, or the partition has not been looked at since the start.
    lag: Option<i64>,
    /// Since when the lag is unknown (RFC 3339, UTC): the last contact with the partition's broker, or the service's start if
    /// there was none. Null while it is known.
    #[schema(format = DateTime)]
    lag_unknown_since: Option<String>,
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
    /// Repetitions of the event that gave an order its current state.
    duplicate: u64,
    /// Lost to a concurrent write, or outdated.
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
    Ok(Reply::ok("Stats", Stats::of(&state).await?))
}

impl Stats {
    /// The statistics as of now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn of(state: &State) -> Result<Self, Problem> {
        let partitions = state.view.known_partitions().await.map_err(Problem::internal)?;
        let progress = state.view.progress();
        let not_reading = progress.not_reading();
        let shown = |(partition, progress): (i32, PartitionProgress)| ShownPartition {
            partition,
            lag: state.view.lag(partition, &progress),
            open: state.view.open_transaction(partition),
            paused: progress.paused.clone().or_else(|| not_reading.cloned()),
            progress,
        };
        let partitions: Vec<_> = partitions.into_iter().map(shown).collect();
        // Partition 0 stands for all: every topic has it, and nothing is known about any partition while there are none here.
        let nothing_known_since = state.view.connection().end_unknown_since(0);
        Ok(build_stats(&state.topic, partitions, nothing_known_since))
    }
}

/// What is known of a partition.
struct ShownPartition {
    partition: i32,
    progress: PartitionProgress,
    lag: Lag,
    open: Option<OpenTransaction>,
    paused: Option<String>,
}

/// `nothing_known_since`: since when the lag is unknown if there are no partitions.
fn build_stats(topic: &str, partitions: Vec<ShownPartition>, nothing_known_since: Option<Instant>) -> Stats {
    let mut totals = Counters::default();
    for shown in &partitions {
        totals.add(&shown.progress.counters);
    }
    // Without any partitions, the lag is unknown rather than zero.
    let lags = partitions.iter().map(|shown| shown.lag.records);
    let lag = lags.sum::<Option<i64>>().filter(|_| !partitions.is_empty());
    let unknown_since = match partitions.is_empty() {
        true => nothing_known_since,
        false => partitions.iter().filter_map(|shown| shown.lag.unknown_since).min(),
    };
    Stats {
        topic: topic.to_owned(),
        orders: totals.orders,
        records: totals.records(),
        lag,
        lag_unknown_since: unknown_since.and_then(rfc3339_of),
        partitions: partitions.into_iter().map(PartitionStats::from).collect(),
        totals: Outcomes::from(&totals),
    }
}

impl From<ShownPartition> for PartitionStats {
    fn from(shown: ShownPartition) -> Self {
        Self {
            partition: shown.partition,
            position: shown.progress.next,
            end: shown.lag.end,
            lag: shown.lag.records,
            lag_unknown_since: shown.lag.unknown_since.and_then(rfc3339_of),
            paused: shown.paused,
            open_transaction: shown.open.map(|open| OpenTransactionStats {
                offset: open.offset,
                since: open.since,
            }),
            outcomes: Outcomes::from(&shown.progress.counters),
        }
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
