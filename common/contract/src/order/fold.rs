//! The fold: `(state, event) → outcome`. Every event carries the whole order, so the state after an applied event is the
//! event's order; what is left to decide is whether it applies.

use uuid::Uuid;

use crate::event::{Order, OrderEvent, OrderStatus};
use crate::rejection::{Code, Rejection};

/// An order as the log has it so far, and where its current event lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// The event that made the order what it is.
    pub event_id: Uuid,
    /// The order after that event.
    pub order: Order,
    /// Partition of that event.
    pub partition: i32,
    /// Offset of that event.
    pub offset: i64,
    /// Whether the event has fields of the order that this release lacks. Then the order here is not all of it, and must
    /// not be written over.
    pub partial: bool,
}

/// What one record did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The state is now the event's order. `gap`: the event was not decided on the state that it met (something was
    /// missed, or two writers had forked); the event heals it.
    Applied {
        /// Whether something was missed before this event.
        gap: bool,
    },
    /// The very event that made the state; seen again.
    Duplicate,
    /// It lost a race, or is old.
    Superseded,
    /// A null value.
    Ignored,
    /// It cannot be used.
    Rejected(Rejection),
}

/// What an event that keeps the rules does to the order it belongs to. The first event of an (order, version) in the
/// log wins: every reader sees the same one win.
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
        std::cmp::Ordering::Equal if current.order.status.may_become(event.order.status) => {
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
    /// Delivered and cancelled orders never change again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Cancelled)
    }

    /// Whether an order of this status may take that one next: forward by any number of steps, the same again, or
    /// cancelled until it is shipped; nothing follows a final status. `unknown` stands for a status that a newer schema
    /// brought: whether a step into or out of it is legal is for the newer rules to say, so it is let through.
    pub fn may_become(self, next: Self) -> bool {
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
            // Neither stands in the row; may_become has dealt with both.
            Self::Cancelled | Self::Unknown => u8::MAX,
        }
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
