//! Whose turn it is to settle dead letters: one replay or discard chooses and marks after the other, so that none chooses what
//! another is marking. And how far the index of dead letters must be for a choice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::high_watermarks::high_watermarks;
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::Mutex;

use super::thread::on_thread;
use crate::dead_letter::Index;

/// How long a broker may take to tell the end of a partition.
const ENDS_TIMEOUT: Duration = Duration::from_secs(3);

/// What whoever has the turn must know.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Whether the index may lack marks of a discard, so that a replay must catch up before it chooses.
    pub marks_unread: bool,
}

/// The turn. It is held from the choice of dead letters until their marks are on the topic. The index may read the marks
/// of a replay later: that replay does not choose the same dead letters again, and whoever else has the turn catches up first.
pub(super) type SharedTurn = Arc<Mutex<Turn>>;

/// Asks for ends of topics.
#[derive(Clone)]
pub(super) struct Ends {
    pub cluster: Cluster,
    pub supervisor: Supervisor,
}

impl Ends {
    /// The high watermarks of a topic.
    ///
    /// # Errors
    /// No broker answers.
    pub async fn of(&self, topic: &str) -> anyhow::Result<BTreeMap<i32, i64>> {
        let (cluster, topic) = (self.cluster.clone(), topic.to_owned());
        let ask = move || high_watermarks(&cluster, &topic, ENDS_TIMEOUT);
        on_thread(&self.supervisor, "asking for the ends of a topic", ask).await?
    }
}

/// Whether that is not all below those ends.
pub(super) fn is_behind(next: &BTreeMap<i32, i64>, ends: &BTreeMap<i32, i64>) -> bool {
    ends.iter()
        .any(|(partition, end)| next.get(partition).copied().unwrap_or(0) < *end)
}

/// Whether that is above those ends in some partition, which is so only if the topic was recreated or truncated.
pub(super) fn is_ahead(next: &BTreeMap<i32, i64>, ends: &BTreeMap<i32, i64>) -> bool {
    next.iter()
        .any(|(partition, next)| *next > ends.get(partition).copied().unwrap_or(0))
}

/// Waits until the index has everything below those ends. Returns whether it has.
pub(super) async fn await_indexed(index: &Index, ends: &BTreeMap<i32, i64>, deadline: Instant) -> bool {
    let mut progress = index.progress();
    let indexed = progress.wait_for(|next| !is_behind(next, ends));
    matches!(tokio::time::timeout_at(deadline.into(), indexed).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_goes_beyond_the_end_of_any_partition_is_of_another_topic() {
        let ends = BTreeMap::from([(0, 5), (1, 0)]);
        let is_ahead = |next: &[(i32, i64)]| is_ahead(&next.iter().copied().collect(), &ends);
        assert!(!is_ahead(&[]) && !is_ahead(&[(0, 5), (1, 0)]) && !is_ahead(&[(2, 0)]));
        assert!(is_ahead(&[(0, 6)]) && is_ahead(&[(1, 1)]) && is_ahead(&[(2, 1)]));
    }

    #[test]
    fn every_partition_must_have_been_read_to_its_end() {
        let ends = BTreeMap::from([(0, 5), (1, 0), (2, 7)]);
        for (next, expected) in [
            (vec![], true),
            (vec![(0, 5), (2, 6)], true),
            (vec![(0, 4), (2, 7)], true),
            (vec![(0, 5), (2, 7)], false),
            (vec![(0, 9), (1, 9), (2, 9), (3, 1)], false),
        ] {
            assert_eq!(
                is_behind(&next.clone().into_iter().collect(), &ends),
                expected,
                "{next:?}"
            );
        }
    }
}
