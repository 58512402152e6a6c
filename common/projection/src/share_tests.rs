use orderlog_contract::event::OrderStatus;
use orderlog_contract::testing::an_event;

use super::*;

const HERE: (i32, i64) = (3, 20);

/// The state that an event has made, at that place.
fn state(event: &OrderEvent, (partition, offset): (i32, i64)) -> OrderState {
    OrderState {
        event_id: event.event_id,
        order: event.order.clone(),
        partition,
        offset,
        partial: false,
    }
}

#[test]
fn a_record_has_lost_only_to_one_before_it() {
    let event = an_event("A-1", 2);
    let rejected = Outcome::Rejected(Rejection::new(Code::IllegalTransition, "why"));
    let gap = Outcome::Applied { gap: true };
    for (outcome, current, expected) in [
        (&Outcome::Superseded, Some((3, 19)), true),
        (&rejected, Some((3, 19)), true),
        // Under its id another one has won.
        (&Outcome::Duplicate, Some((3, 19)), true),
        (&gap, Some((3, 19)), false),
        (&gap, None, false),
        // It is read again, after what came later.
        (&Outcome::Superseded, Some((3, 21)), false),
        (&Outcome::Duplicate, Some((3, 20)), false),
        // Offsets of two partitions tell nothing of which came first.
        (&Outcome::Superseded, Some((2, 19)), false),
    ] {
        let current = current.map(|place| state(&event, place));
        assert_eq!(
            has_lost(outcome, current.as_ref(), HERE),
            expected,
            "{outcome:?} {current:?}"
        );
    }
}

#[test]
fn the_writer_of_an_event_is_told_where_it_lies_and_what_it_did() {
    let event = an_event("A-1", 1);
    for outcome in [Outcome::Applied { gap: false }, Outcome::Superseded] {
        let other = state(&an_event("A-1", 1), (3, 19));
        let told = settled(&outcome, Some(&other), &event, HERE);
        assert_eq!((told.outcome, told.partition, told.offset), (outcome, 3, 20));
    }
}

#[test]
fn an_event_that_was_written_twice_has_won_where_it_lay_first() {
    let event = an_event("A-1", 1);
    let first = state(&event, (3, 19));
    assert_eq!(fold(Some(&first), &event), Outcome::Duplicate);
    let told = settled(&Outcome::Duplicate, Some(&first), &event, HERE);
    assert_eq!((told.outcome, told.offset), (Outcome::Duplicate, 19));
}

#[test]
fn an_event_under_whose_id_another_one_has_won_has_lost() {
    let event = an_event("A-1", 1);
    let mut foreign = event.clone();
    foreign.order.status = OrderStatus::Pending;
    let mut first = state(&foreign, (3, 19));
    assert_eq!(
        fold(Some(&first), &event),
        Outcome::Duplicate,
        "to the fold it is the same"
    );
    let told = settled(&Outcome::Duplicate, Some(&first), &event, HERE);
    assert_eq!((told.outcome, told.offset), (Outcome::Superseded, 20));
    // What it has beyond what this release knows is not ours either.
    first = OrderState {
        partial: true,
        ..state(&event, (3, 19))
    };
    let told = settled(&Outcome::Duplicate, Some(&first), &event, HERE);
    assert_eq!(told.outcome, Outcome::Superseded);
}
