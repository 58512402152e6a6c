//! Catches the state up to the moment a request arrived, before that state is used to refuse the request.

use std::time::Instant;

use orderlog_kafka::end_offsets::EndOffset;
use orderlog_projection::{Arrival, Stale, View};
use tokio::time::timeout_at;

use crate::publisher::Publisher;

/// Waits until that partition has been read at least as far as any client could have seen when the request arrived.
/// With a single replica, that is the end offset that the broker reports; otherwise, an offset that the partition's
/// quorum has acknowledged since then.
///
/// # Errors
/// When that cannot be established by the deadline.
pub async fn catch_up(
    view: &View,
    publisher: &Publisher,
    partition: i32,
    arrival: Arrival,
    deadline: Instant,
) -> Result<(), Stale> {
    match view.end_offset(partition, deadline).await? {
        EndOffset::Known(end) => {
            arrival.check(end)?;
            view.read_to(partition, end, deadline).await
        }
        EndOffset::NeedsQuorum => {
            // Records acknowledged now come after the open transaction's first record and cannot be read.
            if let Some(transaction) = view.blocking_transaction(partition) {
                return Err(Stale(transaction.to_string()));
            }
            let acknowledged = timeout_at(deadline.into(), publisher.acknowledged_since(partition, arrival.at)).await;
            let unconfirmed = |why: &str| {
                Stale(format!(
                    "the replicas of partition {partition} did not confirm that its leader still leads: {why}"
                ))
            };
            let offset = acknowledged
                .map_err(|_| unconfirmed("no answer in time"))?
                .map_err(|error| unconfirmed(&error.to_string()))?;
            arrival.check(offset)?;
            let read = view.read_to(partition, offset + 1, deadline).await;
            read.map_err(|late| {
                let transaction = view.note_timeout(partition);
                transaction.map_or(late, |transaction| Stale(transaction.to_string()))
            })
        }
    }
}
