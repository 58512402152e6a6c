//! The events of an order in their order, with their dead letters. Pure.

use std::collections::BTreeMap;

use orderlog_contract::order::OrderState;

use crate::dead_letter::{DeadLetterId, DeadLetterRow};
use crate::history::{APPLIED_SLOTS, EventOutcome, EventRow};

/// The events of an order.
pub(super) struct Timeline {
    /// The newest first, each with its dead letter.
    pub events: Vec<(EventRow, Option<DeadLetterId>)>,
    /// Whether every event that was applied is among them.
    pub complete: bool,
}

impl Timeline {
    /// Puts together what is kept of an order's events and its dead letters. A dead letter from before the events were kept
    /// is an event, too.
    pub fn of(
        order: Option<&OrderState>,
        mut rows: Vec<EventRow>,
        letters: Vec<(DeadLetterId, DeadLetterRow)>,
    ) -> Self {
        let complete = order.is_none_or(|order| is_complete(order.order.version, &rows));
        let mut ids = BTreeMap::new();
        for (id, letter) in letters {
            let Some(origin) = &letter.origin else { continue };
            let at = (origin.partition, origin.offset);
            if !rows.iter().any(|row| (row.partition, row.offset) == at) {
                rows.push(EventRow {
                    version: None,
                    partition: origin.partition,
                    offset: origin.offset,
                    timestamp: origin.timestamp,
                    schema_id: letter.schema_id,
                    outcome: EventOutcome::DeadLettered,
                    code: letter.code,
                    event_id: None,
                    status: None,
                });
            }
            // The newest comes first.
            ids.entry(at).or_insert(id);
        }
        let partition = order.map(|order| order.partition);
        let rows = newest_first(rows, partition);
        let events = rows.into_iter().map(|row| {
            let id = ids.get(&(row.partition, row.offset)).copied();
            let id = id.filter(|_| row.outcome == EventOutcome::DeadLettered);
            (row, id)
        });
        Self {
            events: events.collect(),
            complete,
        }
    }
}

/// Sorts by offset those of the order's own partition; those that strayed into another are put in by their timestamps, which
/// is all that relates two partitions.
fn newest_first(mut rows: Vec<EventRow>, partition: Option<i32>) -> Vec<EventRow> {
    let partition = partition.or_else(|| rows.first().map(|row| row.partition));
    rows.sort_by_key(|row| std::cmp::Reverse((row.partition, row.offset)));
    let (mut sorted, strays): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| Some(row.partition) == partition);
    for stray in strays {
        let older = |row: &EventRow| row.timestamp <= stray.timestamp;
        let at = sorted.iter().position(older).unwrap_or(sorted.len());
        sorted.insert(at, stray);
    }
    sorted
}

/// Whether the applied events lead from the order's first to its current version without a hole: each follows the one below
/// it, or says that it does not.
fn is_complete(current: i32, rows: &[EventRow]) -> bool {
    let gap = |row: &EventRow| match row.outcome {
        EventOutcome::Applied { gap } => Some((row.version?, gap)),
        _ => None,
    };
    let applied: BTreeMap<i32, bool> = rows.iter().filter_map(gap).collect();
    // A version that far below has been replaced, and a gap hides whether there was one.
    let replaced = current.saturating_sub(i32::from(APPLIED_SLOTS));
    let mut expected = current;
    for (version, gap) in applied.iter().rev() {
        if *version != expected {
            return false;
        }
        let below = applied.range(..version).next_back().map(|(below, _)| *below);
        expected = match (below, gap) {
            (Some(below), true) => below,
            (None, true) => return replaced < 1,
            (_, false) => version - 1,
        };
    }
    expected == 0
}

#[cfg(test)]
mod tests {
    use orderlog_contract::rejection::Code;
    use orderlog_contract::testing::an_event;

    use super::*;
    use crate::dead_letter::DeadLetterState;
    use crate::dead_letter::headers::{Position, TimestampType};

    fn applied(version: i32, gap: bool) -> EventRow {
        row(2, i64::from(version), EventOutcome::Applied { gap }, Some(version))
    }

    fn row(partition: i32, offset: i64, outcome: EventOutcome, version: Option<i32>) -> EventRow {
        EventRow {
            version,
            partition,
            offset,
            timestamp: Some(1_000 + offset),
            schema_id: Some(1),
            outcome,
            code: None,
            event_id: None,
            status: None,
        }
    }

    #[test]
    fn a_history_is_complete_if_no_applied_event_is_missing() {
        let rows = |versions: &[(i32, bool)]| -> Vec<EventRow> {
            versions.iter().map(|(version, gap)| applied(*version, *gap)).collect()
        };
        for (current, versions, complete) in [
            (1, &[(1, false)][..], true),
            (3, &[(2, false), (1, false), (3, false)], true),
            (3, &[(2, false), (3, false)], false),
            (3, &[(1, false), (3, false)], false),
            (3, &[(1, false), (2, false)], false),
            // It said that it did not follow version 1.
            (5, &[(1, false), (5, true)], true),
            (6, &[(5, true), (6, false)], true),
            // Whether there was one before it is not known.
            (70, &[(69, true), (70, false)], false),
            (1, &[], false),
        ] {
            assert_eq!(
                is_complete(current, &rows(versions)),
                complete,
                "{current} {versions:?}"
            );
        }
        let many: Vec<_> = (1..=64).map(|version| applied(version, false)).collect();
        assert!(is_complete(64, &many));
    }

    #[test]
    fn events_and_dead_letters_are_one_list_with_the_newest_first() {
        let event = an_event("A", 2);
        let order = OrderState {
            event_id: event.event_id,
            order: event.order,
            partition: 2,
            offset: 2,
            partial: false,
        };
        let letter = |offset: i64, partition: i32, at: i64| {
            let id = DeadLetterId { partition: 0, offset };
            let origin = Position {
                topic: "t".into(),
                partition,
                offset: at,
                timestamp: Some(1_000 + at),
                timestamp_type: TimestampType::CreateTime,
            };
            let row = DeadLetterRow {
                timestamp: None,
                key: Some("A".into()),
                code: Some(Code::WrongPartition),
                reason: None,
                schema_id: None,
                size: 0,
                replays: 0,
                origin: Some(origin),
                position: None,
                first_code: None,
                state: DeadLetterState::Open,
                settled: None,
            };
            (id, row)
        };
        let dead = row(2, 7, EventOutcome::DeadLettered, None);
        let rows = vec![applied(1, false), dead, applied(2, false)];
        let letters = vec![letter(9, 2, 7), letter(5, 4, 3), letter(4, 2, 0)];
        let timeline = Timeline::of(Some(&order), rows, letters);
        let found: Vec<_> = timeline
            .events
            .iter()
            .map(|(row, id)| (row.partition, row.offset, id.map(|id| id.offset)))
            .collect();
        let expected = [
            (2, 7, Some(9)),
            (4, 3, Some(5)),
            (2, 2, None),
            (2, 1, None),
            (2, 0, Some(4)),
        ];
        assert_eq!(found, expected);
        assert!(timeline.complete);
    }
}
