//! What cart-service does with a command, given the order as the log has it now. Pure: no clock, no I/O; the ids and the
//! time of a new event come in as a [`Stamp`].

use common::event::{EventType, Order, OrderEvent, OrderStatus};
use common::order::{MAX_VERSION, OrderState};
use common::store::KeyRow;
use uuid::Uuid;

/// Identity and time of the event that a decision may write.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// The event's id.
    pub event_id: Uuid,
    /// Now, in milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Write this event.
    Write(Box<OrderEvent>),
    /// The order is so already; nothing to write.
    AlreadySo(Box<OrderState>),
    /// The command cannot be carried out.
    Refuse(Refusal),
}

/// Why a command cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An order of that id exists.
    Exists {
        /// Its version now.
        version: i32,
    },
    /// There is no order of that id.
    NotFound,
    /// The order has another version than was expected.
    OtherVersion {
        /// The version it has.
        version: i32,
    },
    /// The Idempotency-Key belongs to another request.
    KeyReused,
    /// The order cannot go from its status to that one.
    IllegalStep {
        /// The status it has.
        from: OrderStatus,
        /// The status that was asked for.
        to: OrderStatus,
    },
    /// The order has as many versions as there can be.
    NoMoreVersions,
    /// The order has a status that this release does not know, or fields that it lacks: only a newer one may write it.
    NeedsNewerRelease,
}

/// Which version an order must have for a command to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whichever it has.
    Any,
    /// The one that this entity tag names; one that is no number names none.
    Version(String),
}

impl Expected {
    fn is(&self, version: i32) -> bool {
        match self {
            Self::Any => true,
            Self::Version(tag) => *tag == version.to_string(),
        }
    }
}

/// The order as it was after the event that a request has led to. Nothing but version and status changes after an order
/// was created.
pub fn as_answered(answer: &KeyRow, current: &OrderState) -> OrderState {
    OrderState {
        event_id: answer.event_id,
        partition: answer.partition,
        offset: answer.offset,
        partial: current.partial,
        order: Order {
            version: answer.version,
            status: answer.status,
            ..current.order.clone()
        },
    }
}

/// Decides on creating that order. Its version and status are those of a new one.
pub fn create(current: Option<&OrderState>, order: Order, stamp: Stamp) -> Decision {
    if let Some(current) = current {
        return Decision::Refuse(Refusal::Exists {
            version: current.order.version,
        });
    }
    Decision::Write(Box::new(OrderEvent {
        event_id: stamp.event_id,
        previous_event_id: None,
        event_type: EventType::OrderCreated,
        occurred_at: stamp.now_ms,
        order: Order {
            version: 1,
            status: OrderStatus::New,
            ..order
        },
    }))
}

/// Decides on giving the order that status, if it has the expected version.
pub fn update(current: Option<&OrderState>, status: OrderStatus, expected: &Expected, stamp: Stamp) -> Decision {
    let Some(current) = current else {
        return Decision::Refuse(Refusal::NotFound);
    };
    let version = current.order.version;
    if !expected.is(version) {
        return Decision::Refuse(Refusal::OtherVersion { version });
    }
    let from = current.order.status;
    if from == OrderStatus::Unknown || current.partial {
        return Decision::Refuse(Refusal::NeedsNewerRelease);
    }
    if from == status {
        return Decision::AlreadySo(Box::new(current.clone()));
    }
    if current.order.version == MAX_VERSION {
        return Decision::Refuse(Refusal::NoMoreVersions);
    }
    if !from.may_become(status) {
        return Decision::Refuse(Refusal::IllegalStep { from, to: status });
    }
    Decision::Write(Box::new(OrderEvent {
        event_id: stamp.event_id,
        previous_event_id: Some(current.event_id),
        event_type: EventType::OrderStatusUpdated,
        occurred_at: stamp.now_ms,
        order: Order {
            version: current.order.version + 1,
            status,
            ..current.order.clone()
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::idempotency::RequestHash;
    use common::order::{Outcome, check, fold};

    const STAMP: Stamp = Stamp {
        event_id: Uuid::from_u128(7),
        now_ms: 1_700_000_000_000,
    };

    fn order(status: OrderStatus, version: i32) -> Order {
        let order = sandbox::sample::event("ORD-1", version).order;
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
        let Decision::Write(event) = create(None, order(OrderStatus::Shipped, 9), STAMP) else {
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
        let decision = create(Some(&state(OrderStatus::New, 3)), order(OrderStatus::New, 1), STAMP);
        assert_eq!(decision, Decision::Refuse(Refusal::Exists { version: 3 }));
    }

    #[test]
    fn every_update_is_written_refused_or_already_so_as_the_legal_steps_have_it() {
        for from in OrderStatus::SETTABLE {
            for to in OrderStatus::SETTABLE {
                let current = state(from, 4);
                match update(Some(&current), to, &Expected::Any, STAMP) {
                    Decision::AlreadySo(so) => assert!(from == to && *so == current),
                    Decision::Refuse(refusal) => {
                        assert!(!from.may_become(to));
                        assert_eq!(refusal, Refusal::IllegalStep { from, to });
                    }
                    Decision::Write(event) => {
                        // What is decided here is what the fold applies, without a gap.
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
            update(None, OrderStatus::Pending, &Expected::Version("1".to_owned()), STAMP),
            Decision::Refuse(Refusal::NotFound)
        );
    }

    #[test]
    fn an_order_of_the_highest_version_is_not_written_beyond_it() {
        let decision = update(
            Some(&state(OrderStatus::New, MAX_VERSION)),
            OrderStatus::Shipped,
            &Expected::Any,
            STAMP,
        );
        assert_eq!(decision, Decision::Refuse(Refusal::NoMoreVersions));
    }

    #[test]
    fn an_order_of_a_newer_release_is_not_written_over() {
        let decision = update(
            Some(&state(OrderStatus::Unknown, 2)),
            OrderStatus::Shipped,
            &Expected::Any,
            STAMP,
        );
        assert_eq!(decision, Decision::Refuse(Refusal::NeedsNewerRelease));
    }

    #[test]
    fn an_order_of_another_version_than_expected_is_refused_before_anything_else_is_looked_at() {
        for (current, to) in [
            (OrderStatus::New, OrderStatus::Pending),
            (OrderStatus::New, OrderStatus::New),
            (OrderStatus::Delivered, OrderStatus::New),
        ] {
            for tag in ["3", "5", "04", "x", ""] {
                let expected = Expected::Version(tag.to_owned());
                let decision = update(Some(&state(current, 4)), to, &expected, STAMP);
                assert_eq!(
                    decision,
                    Decision::Refuse(Refusal::OtherVersion { version: 4 }),
                    "{tag}"
                );
            }
        }
        let expected = Expected::Version("4".to_owned());
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
        let then = as_answered(&answer, &current);
        assert_eq!((then.event_id, then.partition, then.offset), (Uuid::from_u128(2), 3, 9));
        assert_eq!(then.order, order(OrderStatus::Pending, 2));
    }
}
