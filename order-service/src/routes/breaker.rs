//! The breakers of the partitions, as `/dlq/info` shows them.

use orderlog_projection::{BreakerProgress, PartitionProgress};
use serde::Serialize;
use utoipa::ToSchema;

/// The breakers. A partition whose breaker is open has too many dead letters and is not read until `POST /dlq/resume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Breaker {
    /// Whether the breaker of any partition is open.
    #[schema(example = false)]
    open: bool,
    /// Which partitions are paused, why, and what to do; null if none is.
    reason: Option<String>,
    /// The breaker of each partition. Until the service has found the topic after startup, only of those that it had stored.
    partitions: Vec<PartitionBreaker>,
}

/// The breaker of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartitionBreaker {
    /// Number of the partition.
    #[schema(example = 2)]
    partition: i32,
    /// Whether it is open: there were more dead letters than tolerated, and the partition is not read.
    #[schema(example = false)]
    open: bool,
    /// Number of dead letters among the partition's last `records` records, since it was last resumed.
    #[schema(example = 3)]
    dead_letters: u32,
    /// How many records the breaker looks back.
    #[schema(example = 2000)]
    records: u32,
    /// How many of them may be dead letters.
    #[schema(example = 1000)]
    limit: u32,
}

impl Breaker {
    /// The breakers of these partitions.
    pub fn of(partitions: &[(i32, PartitionProgress)]) -> Self {
        let breakers: Vec<(i32, BreakerProgress)> = partitions
            .iter()
            .filter_map(|(partition, progress)| Some((*partition, progress.breaker?)))
            .collect();
        Self {
            open: breakers.iter().any(|(_, breaker)| breaker.open),
            reason: reason(&breakers),
            partitions: breakers.into_iter().map(PartitionBreaker::of).collect(),
        }
    }
}

impl PartitionBreaker {
    fn of((partition, breaker): (i32, BreakerProgress)) -> Self {
        let BreakerProgress {
            dead_letters,
            records,
            limit,
            open,
        } = breaker;
        Self {
            partition,
            open,
            dead_letters,
            records,
            limit,
        }
    }
}

/// The first one's reason, and which others there are.
fn reason(breakers: &[(i32, BreakerProgress)]) -> Option<String> {
    let mut open = breakers
        .iter()
        .filter_map(|(partition, breaker)| Some((partition, breaker.reason()?)));
    let (first, reason) = open.next()?;
    let others: Vec<String> = open.map(|(partition, _)| partition.to_string()).collect();
    Some(match others.as_slice() {
        [] => format!("partition {first} is paused: {reason}"),
        [other] => format!("partition {first} is paused: {reason}. So is partition {other}"),
        others => format!(
            "partition {first} is paused: {reason}. So are partitions {}",
            others.join(", ")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(n: i32, dead_letters: u32) -> (i32, PartitionProgress) {
        let breaker = BreakerProgress {
            dead_letters,
            records: 2_000,
            limit: 1_000,
            open: dead_letters > 1_000,
        };
        let progress = PartitionProgress {
            breaker: Some(breaker),
            ..PartitionProgress::default()
        };
        (n, progress)
    }

    #[test]
    fn without_an_open_breaker_there_is_no_reason() {
        let shown = Breaker::of(&[partition(0, 0), partition(1, 1_000)]);
        assert_eq!((shown.open, &shown.reason), (false, &None));
        let counts: Vec<u32> = shown.partitions.iter().map(|shown| shown.dead_letters).collect();
        assert_eq!(counts, [0, 1_000]);
    }

    #[test]
    fn the_reason_names_all_paused_partitions() {
        for (partitions, part) in [
            (&[1][..], "partition 1 is paused: 1001 of its last 2000"),
            (&[1, 3], "So is partition 3"),
            (&[1, 3, 4], "So are partitions 3, 4"),
        ] {
            let partitions: Vec<_> = partitions.iter().map(|n| partition(*n, 1_001)).collect();
            let shown = Breaker::of(&partitions);
            let reason = shown.reason.expect("a reason");
            assert!(shown.open && reason.contains(part), "{part} in {reason}");
        }
    }
}
