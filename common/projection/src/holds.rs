//! Partitions that wait, and when they go on: their schema has come, or their time is up.

use std::time::{Duration, Instant};

use orderlog_contract::frame::SchemaRef;
use orderlog_kafka::log_reader::LogReader;

use super::lookup::Lookup;
use super::part::{Hold, Part};
use super::rejections::RejectionHandler;
use super::run::Runner;
use super::schema_wait::{SchemaWait, Step};

/// How long to wait for the first record of a batch; commands wait as long at the most.
const PATIENCE: Duration = Duration::from_millis(20);
/// The same while a partition waits for the registry's first answer, which does not wake the consumer.
const SHORT_PATIENCE: Duration = Duration::from_millis(2);

impl<U: RejectionHandler> Runner<U> {
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
        let answered = self.lookup.take_answers().unwrap_or_else(|another| {
            self.suspend(another.to_string());
            Vec::new()
        });
        let now = Instant::now();
        let mut changed = Vec::new();
        for (partition, part) in (0..).zip(&mut self.parts) {
            let waits_long = part.waits_long();
            let waits = match &mut part.hold {
                Some(Hold::Schema(wait)) => {
                    for answered in &answered {
                        if wait.hear(answered) {
                            put(&mut self.lookup, partition, wait, answered.schema);
                        }
                    }
                    match wait.step(now) {
                        Step::Wait => true,
                        Step::Ask(schemas) => {
                            for schema in schemas {
                                put(&mut self.lookup, partition, wait, schema);
                            }
                            true
                        }
                        Step::BeginGrace => {
                            // What was last heard of the end; of a partition that was not read before, that takes a moment.
                            let end = self.connection.end_offset(partition).unwrap_or_default();
                            if end > wait.at() || waits_long {
                                wait.begin_grace(end, self.settings.unknown_schema_grace, now);
                            }
                            true
                        }
                        Step::Release => false,
                    }
                }
                Some(Hold::Until { until, .. }) => now < *until,
                None => continue,
            };
            if !waits {
                part.release();
                reader.resume(partition);
                changed.push(partition);
            } else if part.tell_of_schemas(&self.lookup) {
                changed.push(partition);
            }
        }
        for partition in changed {
            self.publish(partition);
        }
    }
}

/// Has the registry asked for a schema that a partition waits for. What it is not asked for now is waited for no longer.
pub(super) fn put(lookup: &mut Lookup, partition: i32, wait: &mut SchemaWait, schema: SchemaRef) {
    if !lookup.ask(schema, partition, schema != wait.first()) {
        wait.forget(schema);
    }
}
