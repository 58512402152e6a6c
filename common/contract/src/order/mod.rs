//! What an event does to the order it belongs to: the contract between every writer and every reader of the topic.
//! Pure: no clock, no I/O, no configuration. The same events give the same orders in any process, in any language.
//!
//! - `rules`: what makes one event valid by itself.
//! - `fold`: what a valid event does to the state so far.

mod fold;
mod rules;

pub use fold::{OrderState, Outcome, fold};
pub use rules::{
    MAX_ID_CHARS, MAX_ITEMS, MAX_QUANTITY, MAX_TIME_MS, MAX_VERSION, Violation, check, check_id, total_minor,
};
