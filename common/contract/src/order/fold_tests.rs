//! A table test of every row of the fold, and the property that the design rests on: an order's events give the same state
//! in whatever order, repetition and interleaving they are read.

use proptest::prelude::*;

use super::*;
use crate::testing::{an_event, next_event, state_after};

fn state(event: &OrderEvent) -> OrderState {
    state_after(event, (0, 0))
}

fn event(version: i32, status: OrderStatus, previous: Option<Uuid>) -> OrderEvent {
    let mut event = an_event("A-1", version);
    event.order.status = status;
    event.previous_event_id = previous;
    event
}

#[test]
fn every_row_of_the_table() {
    use OrderStatus::{New, Pending, Shipped};
    let current = event(3, Pending, None);
    let id = Some(current.event_id);
    let other = Some(Uuid::from_u128(1));
    let rows = [
        (
            "no state, first version",
            None,
            event(1, New, None),
            Outcome::Applied { gap: false },
        ),
        (
            "no state, any status",
            None,
            event(1, Shipped, None),
            Outcome::Applied { gap: false },
        ),
        (
            "no state, later version",
            None,
            event(7, New, None),
            Outcome::Applied { gap: true },
        ),
        (
            "far ahead",
            Some(&current),
            event(5, New, id),
            Outcome::Applied { gap: true },
        ),
        (
            "next, but decided on another event",
            Some(&current),
            event(4, New, other),
            Outcome::Applied { gap: true },
        ),
        (
            "next and legal",
            Some(&current),
            event(4, Shipped, id),
            Outcome::Applied { gap: false },
        ),
        (
            "next and legal, without a previous id",
            Some(&current),
            event(4, Shipped, None),
            Outcome::Applied { gap: false },
        ),
        ("the same event", Some(&current), current.clone(), Outcome::Duplicate),
        (
            "same version, another event",
            Some(&current),
            event(3, Shipped, other),
            Outcome::Superseded,
        ),
        (
            "an old version",
            Some(&current),
            event(2, Shipped, None),
            Outcome::Superseded,
        ),
    ];
    for (name, current, event, expected) in rows {
        assert_eq!(fold(current.map(state).as_ref(), &event), expected, "{name}");
    }
    for previous in [id, None] {
        let Outcome::Rejected(why) = fold(Some(&state(&current)), &event(4, New, previous)) else {
            panic!("a step back must be rejected");
        };
        assert_eq!(
            (why.code, why.reason.as_str()),
            (Code::IllegalTransition, "an order that is pending cannot become new")
        );
    }
}

/// The table of docs/orders.md about an order that is delivered at version 3, and an event that makes it new.
#[test]
fn an_illegal_transition_has_the_documented_outcome() {
    let orders = include_str!("../../../../docs/orders.md");
    let table = orders
        .lines()
        .skip_while(|line| !line.starts_with("| version of the event "));
    let rows: Vec<&str> = table.skip(2).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 5, "{rows:?}");
    let delivered = event(3, OrderStatus::Delivered, None);
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let mut illegal = next_event(&delivered, OrderStatus::New);
        illegal.order.version = cells[0].parse().expect("a version");
        illegal.previous_event_id = match cells[1] {
            "the event of version 3" => Some(delivered.event_id),
            "another event" => Some(Uuid::from_u128(1)),
            "null" => None,
            _ => panic!("{row}"),
        };
        let outcome = match fold(Some(&state(&delivered)), &illegal) {
            Outcome::Rejected(why) if why.code == Code::IllegalTransition => "rejected",
            Outcome::Applied { gap: true } => "applied, counted as a gap",
            Outcome::Superseded => "superseded",
            other => panic!("{row}: {other:?}"),
        };
        assert_eq!(cells[2], outcome, "{row}");
    }
}

#[test]
fn the_same_event_id_with_an_older_version_is_not_a_duplicate() {
    let current = event(3, OrderStatus::New, None);
    let mut older = current.clone();
    older.order.version = 2;
    assert_eq!(fold(Some(&state(&current)), &older), Outcome::Superseded);
}

#[test]
fn the_highest_possible_version_is_handled() {
    let current = event(crate::order::MAX_VERSION, OrderStatus::New, None);
    assert_eq!(fold(Some(&state(&current)), &current), Outcome::Duplicate);
}

#[test]
fn legal_steps_go_forward_and_stop_at_final_ones() {
    use OrderStatus::*;
    let row = [New, Pending, Confirmed, Processing, Shipped, Delivered];
    for (a, from) in row.into_iter().enumerate() {
        for (b, to) in row.into_iter().enumerate() {
            assert_eq!(
                from.can_transition_to(to),
                a <= b && from != Delivered,
                "{from} to {to}"
            );
        }
        assert_eq!(from.can_transition_to(Cancelled), a < 4, "{from} to cancelled");
        assert_eq!(from.can_transition_to(Unknown), from != Delivered, "{from} to unknown");
        assert!(Unknown.can_transition_to(from), "unknown to {from}");
        assert!(!Cancelled.can_transition_to(from), "cancelled to {from}");
    }
    assert!(!Cancelled.can_transition_to(Cancelled) && !Cancelled.can_transition_to(Unknown));
    assert!(Unknown.can_transition_to(Unknown) && Unknown.can_transition_to(Cancelled));
}

/// What the contract promises, in one line: the highest version and, of equal versions, the first.
fn naive(events: &[OrderEvent]) -> Option<Uuid> {
    let top = events.iter().map(|e| e.order.version).max()?;
    events.iter().find(|e| e.order.version == top).map(|e| e.event_id)
}

/// An order's history as producers write it: each version was written by one to three racing producers, each of which
/// based its event on one of the previous version and took a legal step from it.
fn a_history() -> impl Strategy<Value = Vec<OrderEvent>> {
    proptest::collection::vec(proptest::collection::vec((0..3_usize, 0..6_usize), 1..4), 1..7).prop_map(|versions| {
        let mut all = Vec::new();
        let mut before: Vec<OrderEvent> = Vec::new();
        for (version, writers) in (1..).zip(versions) {
            let mut now = Vec::new();
            for (base, step) in writers {
                let on = before.get(base % before.len().max(1));
                let legal: Vec<_> = OrderStatus::SETTABLE
                    .into_iter()
                    .filter(|to| on.is_none_or(|on| on.order.status.can_transition_to(*to)))
                    .collect();
                // A final status has no next step, so nobody writes after it.
                if let Some(status) = legal.get(step % legal.len().max(1)) {
                    now.push(event(version, *status, on.map(|on| on.event_id)));
                }
            }
            if now.is_empty() {
                break;
            }
            all.extend(now.iter().cloned());
            before = now;
        }
        all
    })
}

proptest! {
    #[test]
    fn events_in_any_order_and_repetition_end_in_the_state_of_the_naive_reference(
        (events, picks) in a_history().prop_flat_map(|life| {
            let n = life.len();
            (Just(life).prop_shuffle(), proptest::collection::vec(0..n, 0..12))
        })
    ) {
        // Every event at least once, and some again anywhere.
        let mut log = events.clone();
        for (at, pick) in picks.iter().enumerate() {
            log.insert((at * 7) % (log.len() + 1), events[*pick].clone());
        }
        let mut current: Option<OrderState> = None;
        for event in &log {
            match fold(current.as_ref(), event) {
                Outcome::Applied { .. } => current = Some(state(event)),
                Outcome::Duplicate | Outcome::Superseded => {}
                other => prop_assert!(false, "a legal life gave {other:?}"),
            }
        }
        prop_assert_eq!(current.map(|s| s.event_id), naive(&log));
    }
}
