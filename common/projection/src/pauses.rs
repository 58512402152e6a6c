//! Pausing partitions, and resuming those whose schema has arrived or whose time is up.

use std::time::Duration;

use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::log_reader::LogReader;

use crate::partitions::Partitions;
use crate::pause::{Pause, PauseReason, look_up};
use crate::schema_lookup::SchemaLookup;
use crate::schema_wait::{Answered, SchemaWait};

/// How long to wait for the first record of a batch; control messages wait that long at most.
const POLL_TIMEOUT: Duration = Duration::from_millis(20);
/// The same while a partition waits for the registry's first answer, whose arrival does not wake the consumer.
const SHORT_POLL_TIMEOUT: Duration = Duration::from_millis(2);
/// How long to wait for the first record of the next batch.
pub(crate) fn poll_timeout(partitions: &Partitions) -> Duration {
    let fresh = |pause: Option<&Pause>| pause.is_some_and(Pause::is_fresh_wait);
    if partitions.iter().any(|(_, state)| fresh(state.pause())) {
        SHORT_POLL_TIMEOUT
    } else {
        POLL_TIMEOUT
    }
}

/// Resumes partitions whose schema has arrived or whose time is up.
pub(crate) fn resume_due(
    partitions: &mut Partitions,
    answers: &[Answered],
    lookup: &mut SchemaLookup,
    connection: &ConnectionState,
    grace: Duration,
    reader: &LogReader,
) {
    let mut changed = Vec::new();
    for (partition, state) in partitions.iter_mut() {
        let Some(pause) = state.pause_mut() else { continue };
        let end = connection.end_offset(partition).unwrap_or_default();
        if pause.is_over(partition, answers, lookup, end, grace) {
            state.resume();
            reader.resume(partition);
            changed.push(partition);
        } else if pause.update_shown(lookup) {
            changed.push(partition);
        }
    }
    for partition in changed {
        partitions.publish(partition);
    }
}

/// Pauses a partition at its next record until the registry has answered about these schemas.
pub(crate) fn await_schemas(
    partitions: &mut Partitions,
    partition: i32,
    mut wait: SchemaWait,
    lookup: &mut SchemaLookup,
    reader: &LogReader,
) {
    for schema in wait.schemas() {
        look_up(lookup, partition, &mut wait, schema);
    }
    let outage = lookup.outage(wait.first());
    partitions.pause(partition, Pause::new(PauseReason::Schema(wait), outage), reader);
}
