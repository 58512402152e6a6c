use orderlog_contract::idempotency::RequestHash;
use orderlog_contract::order::{Outcome, check, fold};

use super::*;

const STAMP: EventStamp = EventStamp {
    event_id: Uuid::from_u128(7),
    now_ms: 1_700_000_000_000,
};

fn order(status: OrderStatus, version: i32) -> Order {
    let order = orderlog_contract::testing::an_event("ORD-1", version).order;
    Order {
        status,
        order_date: 0,
        ..order
    }
}

fn state(status: OrderStatus, version: i32) -> OrderState {
    OrderState {
        event_id: Uuid::from_u128(1),
        order: order(status, version),
        partition: 0,
        offset: 0,
        partial: false,
    }
}

#[test]
fn a_new_order_becomes_its_first_event() {
    let Decision::Write(event) = create(None, order(OrderStatus::Shipped, 9), &Preconditions::default(), STAMP) else {
        panic!("a write")
    };
    assert_eq!(
        (event.order.version, event.order.status, event.previous_event_id),
        (1, OrderStatus::New, None)
    );
    assert_eq!(
        (event.event_id, event.event_type),
        (STAMP.event_id, EventType::OrderCreated)
    );
    assert_eq!(check(&event), Ok(()));
    assert_eq!(fold(None, &event), Outcome::Applied { gap: false });
}

#[test]
fn an_order_that_exists_is_not_created_again() {
    let create = |conditions| {
        let current = state(OrderStatus::New, 3);
        create(Some(&current), order(OrderStatus::New, 1), &conditions, STAMP)
    };
    assert_eq!(
        create(Preconditions::default()),
        Decision::Refuse(Refusal::AlreadyExists { version: 3 })
    );
    // With a condition, it is the condition that fails.
    let refused = create(Preconditions::if_match(4));
    assert_eq!(refused, Decision::Refuse(Refusal::VersionMismatch { version: 3 }));
}

#[test]
fn every_update_is_written_refused_or_unchanged_as_the_transitions_allow() {
    for from in OrderStatus::SETTABLE {
        for to in OrderStatus::SETTABLE {
            let current = state(from, 4);
            match update(Some(&current), to, &Preconditions::default(), STAMP) {
                Decision::Unchanged(so) => assert!(from == to && *so == current),
                Decision::Refuse(refusal) => {
                    assert!(!from.can_transition_to(to));
                    assert_eq!(refusal, Refusal::IllegalTransition { from, to });
                }
                Decision::Write(event) => {
                    // The fold applies what was decided here, without a gap.
                    assert_eq!(fold(Some(&current), &event), Outcome::Applied { gap: false });
                    assert_eq!((event.order.version, event.order.status), (5, to));
                    assert_eq!(
                        Order {
                            version: 4,
                            status: from,
                            ..event.order.clone()
                        },
                        current.order
                    );
                }
            }
        }
    }
}

#[test]
fn an_order_that_does_not_exist_is_not_updated() {
    assert_eq!(
        update(None, OrderStatus::Pending, &Preconditions::if_match(1), STAMP),
        Decision::Refuse(Refusal::NotFound)
    );
}

#[test]
fn an_order_at_the_highest_version_is_not_written_beyond_it() {
    let decision = update(
        Some(&state(OrderStatus::New, MAX_VERSION)),
        OrderStatus::Shipped,
        &Preconditions::default(),
        STAMP,
    );
    assert_eq!(decision, Decision::Refuse(Refusal::VersionsExhausted));
}

#[test]
fn an_order_of_a_newer_release_is_not_overwritten() {
    let decision = update(
        Some(&state(OrderStatus::Unknown, 2)),
        OrderStatus::Shipped,
        &Preconditions::default(),
        STAMP,
    );
    assert_eq!(decision, Decision::Refuse(Refusal::NeedsNewerRelease));
}

#[test]
fn an_unexpected_version_is_refused_before_anything_else_is_checked() {
    for (current, to) in [
        (OrderStatus::New, OrderStatus::Pending),
        (OrderStatus::New, OrderStatus::New),
        (OrderStatus::Delivered, OrderStatus::New),
    ] {
        for version in [3, 5] {
            let decision = update(Some(&state(current, 4)), to, &Preconditions::if_match(version), STAMP);
            assert_eq!(
                decision,
                Decision::Refuse(Refusal::VersionMismatch { version: 4 }),
                "{version}"
            );
        }
    }
    let expected = Preconditions::if_match(4);
    let decision = update(
        Some(&state(OrderStatus::New, 4)),
        OrderStatus::Pending,
        &expected,
        STAMP,
    );
    assert!(matches!(decision, Decision::Write(_)));
}

#[test]
fn an_earlier_answer_shows_the_order_as_it_was_then() {
    let current = state(OrderStatus::Shipped, 5);
    let answer = KeyRow {
        hash: RequestHash::of("PUT", "/update-order", b"{}"),
        event_id: Uuid::from_u128(2),
        partition: 3,
        offset: 9,
        version: 2,
        status: OrderStatus::Pending,
    };
    let then = order_as_of(&answer, &current);
    assert_eq!((then.event_id, then.partition, then.offset), (Uuid::from_u128(2), 3, 9));
    assert_eq!(then.order, order(OrderStatus::Pending, 2));
}
