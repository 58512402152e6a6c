//! What cart-service does with a command, given the order as the log has it now. Pure: no clock, no I/O; the ids and the
//! time of a new event come in as a [`Stamp`].

use orderlog_contract::event::{EventType, Order, OrderEvent, OrderStatus};
use orderlog_contract::order::{MAX_VERSION, OrderState};
use orderlog_projection::store::KeyRow;
use orderlog_web::preconditions::Preconditions;
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
    /// The order has a version that the request's conditions do not allow.
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
pub fn create(current: Option<&OrderState>, order: Order, conditions: &Preconditions, stamp: Stamp) -> Decision {
    if let Some(current) = current {
        let version = current.order.version;
        return Decision::Refuse(if conditions.hold(Some(version)) {
            Refusal::Exists { version }
        } else {
            Refusal::OtherVersion { version }
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

/// Decides on giving the order that status, if the conditions on its version hold.
pub fn update(current: Option<&OrderState>, status: OrderStatus, conditions: &Preconditions, stamp: Stamp) -> Decision {
    let Some(current) = current else {
        return Decision::Refuse(Refusal::NotFound);
    };
    let version = current.order.version;
    if !conditions.hold(Some(version)) {
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
#[path = "decide_tests.rs"]
mod tests;
