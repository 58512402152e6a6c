//! What cart-service does with a command, given the order's current state. Pure: no clock, no I/O; the id and the time of a
//! new event come in as a [`EventStamp`].

use orderlog_contract::event::{EventType, Order, OrderEvent, OrderStatus};
use orderlog_contract::order::{MAX_VERSION, OrderState};
use orderlog_projection::store::KeyRow;
use orderlog_web::preconditions::Preconditions;
use uuid::Uuid;

/// Id and time of the event that a decision may write.
#[derive(Clone, Copy, Debug)]
pub struct EventStamp {
    /// The event's id.
    pub event_id: Uuid,
    /// Now, in milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// What to do with a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Write this event.
    Write(Box<OrderEvent>),
    /// The order already is as requested; nothing to write.
    Unchanged(Box<OrderState>),
    /// The command cannot be carried out.
    Refuse(Refusal),
}

/// Why a command cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An order with that id exists.
    AlreadyExists {
        /// Its current version.
        version: i32,
    },
    /// There is no order with that id.
    NotFound,
    /// There is no order with that id, and there cannot be one: clients cannot choose it.
    InvalidId {
        /// What is wrong with it.
        why: String,
    },
    /// The order's version does not satisfy the request's preconditions.
    VersionMismatch {
        /// Its current version.
        version: i32,
    },
    /// The Idempotency-Key was used for another request.
    KeyReused,
    /// The order's status cannot change that way.
    IllegalTransition {
        /// Its current status.
        from: OrderStatus,
        /// The requested status.
        to: OrderStatus,
    },
    /// The order has reached the highest version.
    VersionsExhausted,
    /// The order has a status or fields that this release does not know: only a newer release may write it.
    NeedsNewerRelease,
}

/// The order as it was after the event that a request caused. After creation, only version and status ever change.
pub fn order_as_of(answer: &KeyRow, current: &OrderState) -> OrderState {
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

/// Decides on creating that order; version and status of `order` are ignored.
pub fn create(current: Option<&OrderState>, order: Order, conditions: &Preconditions, stamp: EventStamp) -> Decision {
    if let Some(current) = current {
        let version = current.order.version;
        return Decision::Refuse(if conditions.are_met(Some(version)) {
            Refusal::AlreadyExists { version }
        } else {
            Refusal::VersionMismatch { version }
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

/// Decides on changing the order's status, if the conditions on its version hold.
pub fn update(
    current: Option<&OrderState>,
    status: OrderStatus,
    conditions: &Preconditions,
    stamp: EventStamp,
) -> Decision {
    let Some(current) = current else {
        return Decision::Refuse(Refusal::NotFound);
    };
    let version = current.order.version;
    if !conditions.are_met(Some(version)) {
        return Decision::Refuse(Refusal::VersionMismatch { version });
    }
    let from = current.order.status;
    if from == OrderStatus::Unknown || current.partial {
        return Decision::Refuse(Refusal::NeedsNewerRelease);
    }
    if from == status {
        return Decision::Unchanged(Box::new(current.clone()));
    }
    if current.order.version == MAX_VERSION {
        return Decision::Refuse(Refusal::VersionsExhausted);
    }
    if !from.can_transition_to(status) {
        return Decision::Refuse(Refusal::IllegalTransition { from, to: status });
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
#[path = "decide_tests.rs"]
mod tests;
