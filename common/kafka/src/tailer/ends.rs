//! Which partitions were read to their end, and may still be. Pure.

use std::collections::BTreeMap;

/// How far each partition of a tailed topic was read.
#[derive(Debug, Default)]
pub(super) struct Ends {
    partitions: BTreeMap<i32, Position>,
}

#[derive(Debug, Default)]
struct Position {
    /// Offset of the next record to read.
    next: i64,
    /// Whether its end was ever reached.
    was_reached: bool,
    /// Whether nothing was read since.
    is_at_end: bool,
    /// Whether its broker was there at the last look.
    is_in_contact: bool,
    /// Whether its broker was away since its end was reached, so that it may have another one.
    is_doubtful: bool,
}

impl Ends {
    /// None was reached of those partitions, which are read from there.
    pub fn starting(from: impl IntoIterator<Item = (i32, i64)>) -> Self {
        let position = |(partition, next)| {
            let position = Position {
                next,
                ..Position::default()
            };
            (partition, position)
        };
        Self {
            partitions: from.into_iter().map(position).collect(),
        }
    }

    /// A record was read.
    pub fn note_record(&mut self, partition: i32, offset: i64) {
        if let Some(position) = self.partitions.get_mut(&partition) {
            position.next = offset + 1;
            position.is_at_end = false;
            // The client reports the end after it.
            position.is_doubtful = false;
        }
    }

    /// An end was reached.
    pub fn note_end(&mut self, partition: i32) {
        if let Some(position) = self.partitions.get_mut(&partition) {
            position.was_reached = true;
            position.is_at_end = true;
        }
    }

    /// Looks at which brokers are away. Returns the partitions to read again, from those offsets, as theirs is back: an end
    /// that was reported before is not reported again by itself, whether or not it still is one.
    pub fn look(&mut self, is_away: impl Fn(i32) -> bool) -> Vec<(i32, i64)> {
        let mut back = Vec::new();
        for (partition, position) in &mut self.partitions {
            let was_in_contact = std::mem::replace(&mut position.is_in_contact, !is_away(*partition));
            if was_in_contact && !position.is_in_contact {
                position.is_doubtful |= std::mem::take(&mut position.is_at_end);
            }
            if position.is_in_contact && std::mem::take(&mut position.is_doubtful) {
                position.is_at_end = false;
                back.push((*partition, position.next));
            }
        }
        back
    }

    /// Whether every end was reached since the start.
    pub fn were_reached(&self) -> bool {
        self.partitions.values().all(|position| position.was_reached)
    }

    /// Whether nothing was read of that partition since its end was reached.
    pub fn is_at_end(&self, partition: i32) -> bool {
        let position = self.partitions.get(&partition);
        position.is_some_and(|position| position.is_at_end)
    }

    /// Whether no partition has a record that was not read, as far as its broker has told.
    pub fn are_current(&self) -> bool {
        self.partitions
            .values()
            .all(|position| position.is_at_end && position.is_in_contact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two partitions at their ends, whose brokers are there.
    fn at_end() -> Ends {
        let mut ends = Ends::starting([(0, 5), (1, 0)]);
        assert_eq!(ends.look(|_| false), []);
        ends.note_end(0);
        assert!(!ends.were_reached() && !ends.are_current());
        ends.note_end(1);
        assert!(ends.were_reached() && ends.are_current());
        ends
    }

    #[test]
    fn a_record_after_the_end_leaves_it_until_the_next_end() {
        let mut ends = at_end();
        ends.note_record(0, 5);
        assert!(ends.were_reached() && !ends.are_current());
        ends.note_end(0);
        assert!(ends.are_current());
    }

    #[test]
    fn an_end_is_reached_again_after_its_broker_was_away() {
        let mut ends = at_end();
        ends.note_record(0, 7);
        ends.note_end(0);
        assert_eq!(ends.look(|partition| partition == 0), []);
        assert!(!ends.are_current());
        assert_eq!(ends.look(|_| false), [(0, 8)], "from after the last record");
        assert!(!ends.are_current(), "not before it is reported");
        assert_eq!(ends.look(|_| false), [], "once");
        ends.note_end(0);
        assert!(ends.are_current());
    }

    #[test]
    fn an_end_that_was_reached_before_the_first_look_counts() {
        let mut ends = Ends::starting([(0, 0)]);
        ends.note_end(0);
        assert_eq!(ends.look(|_| true), []);
        assert!(!ends.are_current(), "its broker has not told the end");
        assert_eq!(ends.look(|_| false), []);
        assert!(ends.are_current());
    }

    #[test]
    fn what_comes_after_an_outage_need_not_be_read_again() {
        let mut ends = at_end();
        assert_eq!(ends.look(|_| true), []);
        ends.note_record(0, 5);
        ends.note_end(0);
        assert_eq!(ends.look(|_| false), [(1, 0)], "the other has told nothing yet");
        ends.note_end(1);
        assert!(ends.are_current());
    }
}
