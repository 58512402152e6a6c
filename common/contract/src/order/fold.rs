//! The fold: `(state, event) → outcome`. Every event carries the whole order, so the state after an applied event is the
//! event's order; what is left to decide is whether it applies.

use uuid::Uuid;

use crate::event::{Order, OrderEvent, OrderStatus};
use crate::rejection::{Code, Rejection};

/// An order as of the events read so far, and where its latest event is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// The event that produced this state.
    pub event_id: Uuid,
    /// The order after that event.
    pub order: Order,
    /// Partition of that event.
    pub partition: i32,
    /// Offset of that event.
    pub offset: i64,
    /// Whether the event has order fields that this release does not know. The order here is then incomplete, and must not
    /// be overwritten.
    pub partial: bool,
}

/// What one record did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The state is now the event's order. `gap`: the event was not based on the state before it (an event was missed, or
    /// two writers forked). Events carry the whole order, so applying it closes the gap.
    Applied {
        /// Whether the event is not based on the state before it.
        gap: bool,
    },
    /// The event that produced the current state, read again.
    Duplicate,
    /// Older than the current state, or the loser of a race.
    Superseded,
    /// The record has no value.
    Ignored,
    /// The record is rejected.
    Rejected(Rejection),
}

/// Decides what a valid event does to its order. The first event of an (order, version) in the log wins, so every reader
/// sees the same winner.
pub fn fold(current: Option<&OrderState>, event: &OrderEvent) -> Outcome {
    let Some(current) = current else {
        return Outcome::Applied {
            gap: event.order.version > 1,
        };
    };
    let next = current.order.version + 1;
    let follows = event
        .previous_event_id
        .is_none_or(|previous| previous == current.event_id);
    match event.order.version.cmp(&next) {
        std::cmp::Ordering::Greater => Outcome::Applied { gap: true },
        std::cmp::Ordering::Equal if !follows => Outcome::Applied { gap: true },
        std::cmp::Ordering::Equal if current.order.status.can_transition_to(event.order.status) => {
            Outcome::Applied { gap: false }
        }
        std::cmp::Ordering::Equal => Outcome::Rejected(Rejection::new(
            Code::IllegalTransition,
            format!(
                "an order that is {} cannot become {}",
                current.order.status, event.order.status
            ),
        )),
        std::cmp::Ordering::Less
            if event.event_id == current.event_id && event.order.version == current.order.version =>
        {
            Outcome::Duplicate
        }
        std::cmp::Ordering::Less => Outcome::Superseded,
    }
}

impl OrderStatus {
    /// Delivered and cancelled orders have no legal next status.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Cancelled)
    }

    /// Whether an order may go from this status to `next`: forward by any number of steps, to the same status again, or to
    /// cancelled until it is shipped. Nothing follows a final status. `unknown` is any status of a newer schema;
    /// only the newer rules can judge a step into or out of it, so it is allowed here.
    pub fn can_transition_to(self, next: Self) -> bool {
        if self.is_final() {
            return false;
        }
        match (self, next) {
            (Self::Unknown, _) | (_, Self::Unknown) => true,
            (from, Self::Cancelled) => from != Self::Shipped,
            (from, to) => from.rank() <= to.rank(),
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::New => 0,
            Self::Pending => 1,
            Self::Confirmed => 2,
            Self::Processing => 3,
            Self::Shipped => 4,
            Self::Delivered => 5,
            // Neither is part of the sequence; can_transition_to handles both.
            Self::Cancelled | Self::Unknown => u8::MAX,
        }
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
