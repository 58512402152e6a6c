//! The outcome of a command, and how certain it is; `routes` translates it to HTTP.

use orderlog_contract::order::OrderState;
use uuid::Uuid;

use crate::decide::Refusal;
use crate::unresolved_orders::UnresolvedOrder;

/// How a command succeeded.
#[derive(Clone, Debug)]
pub enum CommandOutcome {
    /// Its event is in the log and won.
    Written(Box<OrderState>),
    /// The order already was as requested; nothing was written.
    Unchanged(Box<OrderState>),
    /// The same request was carried out earlier under the same key: the order as it was then.
    Replayed(Box<OrderState>),
}

impl CommandOutcome {
    /// The order, and the event that caused its state.
    pub fn state(&self) -> &OrderState {
        match self {
            Self::Written(state) | Self::Unchanged(state) | Self::Replayed(state) => state,
        }
    }
}

/// Why a command was not carried out.
#[derive(Clone, Debug)]
pub enum CommandError {
    /// Refused, given the order's state in the log.
    Refused(Refusal),
    /// Not possible right now; this attempt is certain to have had no effect.
    Unavailable(String),
    /// The order is unresolved, possibly for minutes; this attempt is certain to have had no effect.
    OrderUnresolved {
        /// Why.
        unresolved: UnresolvedOrder,
        /// The longest that this can last.
        seconds_left: u32,
    },
    /// Its event was sent, but its outcome has not been read back from the log.
    OutcomeUnknown {
        /// The event.
        event_id: Uuid,
        /// Why it is unknown.
        reason: String,
    },
    /// Its event could not be encoded, or was rejected when read back. A bug.
    Internal(String),
}
