//! The partitions of the topic, as the consumer loop keeps them, and what others see of them.

use orderlog_kafka::log_reader::LogReader;
use tokio::sync::watch;

use crate::partition_state::PartitionState;
use crate::pause::{Pause, PauseReason};
use crate::prepare::PartitionStart;
use crate::progress::Progress;
use crate::store::PartitionRow;

/// All partitions, in order; none until the topic was found.
pub(crate) struct Partitions {
    states: Vec<PartitionState>,
    progress: watch::Sender<Progress>,
}

impl Partitions {
    /// None yet. What changes later is published there.
    pub fn new(progress: watch::Sender<Progress>) -> Self {
        Self {
            states: Vec::new(),
            progress,
        }
    }

    /// Starts all partitions; those already caught up stay caught up.
    pub fn start(&mut self, starts: Vec<PartitionStart>) {
        let caught_up: Vec<bool> = self.states.iter().map(PartitionState::is_caught_up).collect();
        let was = |n: usize| caught_up.get(n).copied().unwrap_or(false);
        let start = |(n, start)| PartitionState::new(start, was(n));
        self.states = starts.into_iter().enumerate().map(start).collect();
        self.progress
            .send_modify(|progress| progress.partitions = self.states.iter().map(PartitionState::progress).collect());
    }

    pub fn count(&self) -> usize {
        self.states.len()
    }

    pub fn get(&mut self, partition: i32) -> Option<&mut PartitionState> {
        self.states.get_mut(usize::try_from(partition).ok()?)
    }

    pub fn iter(&self) -> impl Iterator<Item = (i32, &PartitionState)> {
        (0..).zip(&self.states)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (i32, &mut PartitionState)> {
        (0..).zip(&mut self.states)
    }

    /// Publishes that partition's progress.
    pub fn publish(&self, partition: i32) {
        let Ok(n) = usize::try_from(partition) else { return };
        let Some(now) = self.states.get(n).map(PartitionState::progress) else {
            return;
        };
        self.progress.send_modify(|progress| {
            if let Some(shown) = progress.partitions.get_mut(n) {
                *shown = now;
            }
        });
    }

    /// Pauses a partition at its next record.
    pub fn pause(&mut self, partition: i32, pause: Pause, reader: &LogReader) {
        let Some(state) = self.get(partition) else { return };
        if let PauseReason::Failure { reason, .. } = &pause.reason
            && state.is_new_failure(reason)
        {
            tracing::error!(
                kafka.topic = reader.topic(),
                kafka.partition = partition,
                reason,
                "partition paused"
            );
        }
        let from = state.pause_for(pause);
        reader.pause_at(partition, from);
        self.publish(partition);
    }

    /// Pauses a partition whose breaker is open, until an operator resumes it.
    pub fn pause_for_breaker(&mut self, partition: i32, reader: &LogReader) {
        let Some(breaker) = self.get(partition).and_then(|state| state.breaker()) else {
            return;
        };
        tracing::error!(
            kafka.topic = reader.topic(),
            kafka.partition = partition,
            reason = breaker.reason(),
            "partition paused by its breaker"
        );
        self.pause(partition, Pause::new(PauseReason::Breaker(breaker), None), reader);
    }

    /// Reading was interrupted, so that no partition is known to be at its end.
    pub fn interrupt(&mut self) {
        self.states.iter_mut().for_each(PartitionState::interrupt);
        (0..).take(self.count()).for_each(|partition| self.publish(partition));
    }

    /// Takes a partition back to that row, and publishes it. The partition is not caught up until its end is reached
    /// again.
    pub fn rewind(&mut self, partition: i32, row: PartitionRow) {
        if let Some(state) = self.get(partition) {
            state.rewind(row);
        }
        self.publish(partition);
        // In this order: see `Progress::rewinds`.
        self.progress.send_modify(|progress| progress.rewinds += 1);
    }
}
