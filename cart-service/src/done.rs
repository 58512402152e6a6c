//! What became of a command, and how sure that is; `routes` says it in HTTP.

use orderlog_contract::order::OrderState;
use uuid::Uuid;

use crate::decide::Refusal;
use crate::doubts::Doubt;

/// What became of a command.
#[derive(Clone, Debug)]
pub enum CommandOutcome {
    /// Its event is in the log and won.
    Written(Box<OrderState>),
    /// Nothing was to be written.
    AlreadySo(Box<OrderState>),
    /// The same request was carried out before, under the same key: the order as it was then.
    Replayed(Box<OrderState>),
}

impl CommandOutcome {
    /// The order, and the event that made it what it is.
    pub fn state(&self) -> &OrderState {
        match self {
            Self::Written(state) | Self::AlreadySo(state) | Self::Replayed(state) => state,
        }
    }
}

/// Why a command was not carried out.
#[derive(Clone, Debug)]
pub enum Failure {
    /// It cannot be, as the log stands.
    Refused(Refusal),
    /// Not now; it is certain that this attempt had no effect.
    NotNow(String),
    /// Not for minutes; it is certain that this attempt had no effect.
    InDoubt {
        /// Why.
        doubt: Doubt,
        /// How long that may last yet.
        seconds_left: u32,
    },
    /// Its event was sent, and the log has not shown yet what became of it.
    Unknown {
        /// The event.
        event_id: Uuid,
        /// Why it is not known.
        reason: String,
    },
    /// Its event could not be encoded, or was read back as unusable; our own events never are.
    Rejected(String),
}
