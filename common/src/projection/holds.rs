//! Partitions that wait, and when they go on: their schema has come, or their time is up.

use std::time::{Duration, Instant};

use super::part::{Hold, Part};
use super::run::Runner;
use super::unusables::Unusables;
use crate::kafka::log_reader::LogReader;

/// How long to wait for the first record of a batch; commands wait as long at the most.
const PATIENCE: Duration = Duration::from_millis(20);
/// The same while a partition waits for the registry's first answer, which does not wake the consumer.
const SHORT_PATIENCE: Duration = Duration::from_millis(2);

impl<U: Unusables> Runner<U> {
    /// How long to wait for the first record of the next batch.
    pub(super) fn patience(&self) -> Duration {
        let soon = |part: &Part| matches!(part.hold, Some(Hold::Schema(_))) && part.paused.is_none();
        if self.parts.iter().any(soon) {
            SHORT_PATIENCE
        } else {
            PATIENCE
        }
    }

    /// Lets partitions go on whose schema has come or whose time is up.
    pub(super) fn release(&mut self, reader: &LogReader) {
        if let Err(another) = self.lookup.take_answers() {
            self.halt(another.to_string());
        }
        let mut changed = Vec::new();
        for (partition, part) in (0..).zip(&mut self.parts) {
            match &part.hold {
                // A flood of new ids is worth a moment: reading on for each of them would cost a fetch each.
                Some(Hold::Schema(id))
                    if self.lookup.is_asking(*id)
                        || !part.waits_too_long() && self.lookup.is_asking_ahead(partition) =>
                {
                    let why = self.lookup.outage(*id).or_else(|| {
                        part.waits_long()
                            .then(|| format!("asking the schema registry for schema id {id} and those behind it"))
                    });
                    if why.is_some() && part.paused != why {
                        part.paused = why;
                        changed.push(partition);
                    }
                }
                Some(Hold::Until { until, .. }) if Instant::now() < *until => {}
                Some(_) => {
                    part.release();
                    reader.resume(partition);
                    changed.push(partition);
                }
                None => {}
            }
        }
        for partition in changed {
            self.publish(partition);
        }
    }
}
