//! One pass over the log for the records that are wanted of it.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use rdkafka::Message;

use super::{Client, Found, OwnedRecord, ReadError, left, unavailable};
use crate::log_reader::LogEvent;

/// How many offsets are read past rather than sought over.
const NEAR: i64 = 1_000;
/// How many events are taken at once.
const MAX_BATCH: usize = 500;
/// How long one call waits: failures of a connection are reported between two.
const POLL: Duration = Duration::from_millis(100);

/// Offsets by partition, in ascending order.
pub(super) type Wanted = BTreeMap<i32, VecDeque<i64>>;

impl Client {
    /// Those positions that lie within what consumers may read: anything else would be out of range, or waited for in vain.
    ///
    /// # Errors
    /// [`ReadError`]: the topic does not exist, or the brokers do not say in time what it has.
    pub(super) fn wanted(&mut self, positions: &[(i32, i64)], deadline: Instant) -> Result<Wanted, ReadError> {
        let mut sorted: Vec<(i32, i64)> = positions.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        if sorted
            .last()
            .is_some_and(|(partition, _)| *partition >= self.partitions)
        {
            self.note_partitions(deadline)?;
        }
        let mut wanted = Wanted::new();
        for (partition, offset) in sorted {
            if (0..self.partitions).contains(&partition) {
                wanted.entry(partition).or_default().push_back(offset);
            }
        }
        for (partition, offsets) in &mut wanted {
            let bounds = self.reader.bounds(*partition, left(deadline));
            let (start, end) = bounds.map_err(|error| unavailable(self.reader.topic(), format!("{error:#}")))?;
            offsets.retain(|offset| (start..end).contains(offset));
        }
        wanted.retain(|_, offsets| !offsets.is_empty());
        Ok(wanted)
    }

    /// Reads what is wanted; `None` if the log has changed in a way that the offsets may not fit any more.
    ///
    /// # Errors
    /// [`ReadError`], at the deadline at the latest.
    pub(super) fn pass(&self, mut wanted: Wanted, deadline: Instant) -> Result<Option<Found>, ReadError> {
        let failed = |error: anyhow::Error| unavailable(self.reader.topic(), format!("{error:#}"));
        let firsts = wanted
            .iter()
            .filter_map(|(partition, offsets)| Some((*partition, *offsets.front()?)));
        self.reader.assign(firsts).map_err(failed)?;
        let read = self.collect(&mut wanted, deadline);
        // Nothing is fetched between two requests.
        self.reader.assign([]).map_err(failed)?;
        read
    }

    fn collect(&self, wanted: &mut Wanted, deadline: Instant) -> Result<Option<Found>, ReadError> {
        let mut found = Found::new();
        while !wanted.is_empty() {
            if left(deadline).is_zero() {
                return Err(self.late());
            }
            for event in self.reader.next_batch(MAX_BATCH, left(deadline).min(POLL)) {
                match event {
                    LogEvent::Record(record) => {
                        let (partition, offset) = (record.partition(), record.offset());
                        let Some(offsets) = wanted.get_mut(&partition) else {
                            continue;
                        };
                        if take(offsets, offset) {
                            found.insert((partition, offset), OwnedRecord::of(&record));
                        }
                        match offsets.front() {
                            None => drop(wanted.remove(&partition)),
                            Some(next) if *next > offset + NEAR => self.reader.seek(partition, *next),
                            Some(_) => {}
                        }
                    }
                    LogEvent::End { partition, .. } => drop(wanted.remove(&partition)),
                    LogEvent::OutOfRange | LogEvent::TopicRecreated => return Ok(None),
                    LogEvent::TopicMissing => return Err(ReadError::TopicMissing(self.reader.topic().to_owned())),
                }
            }
        }
        Ok(Some(found))
    }
}

/// Takes everything up to the record that was read off the list: what lies before it does not exist. Returns whether that
/// record is wanted itself.
fn take(offsets: &mut VecDeque<i64>, read: i64) -> bool {
    let mut is_wanted = false;
    while let Some(next) = offsets.front().filter(|next| **next <= read) {
        is_wanted = *next == read;
        offsets.pop_front();
    }
    is_wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_that_is_skipped_has_no_record() {
        let mut offsets = VecDeque::from([3, 4, 7, 9]);
        assert!(!take(&mut offsets, 2));
        assert!(take(&mut offsets, 4));
        assert_eq!(offsets, [7, 9]);
        assert!(!take(&mut offsets, 8));
        assert_eq!(offsets, [9]);
        assert!(take(&mut offsets, 9));
        assert!(offsets.is_empty());
    }
}
