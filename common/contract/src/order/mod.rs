//! What an event does to its order: the contract between every writer and every reader of the topic.
//! Pure: no clock, no I/O, no configuration. The same events give the same orders in any process, in any language.
//!
//! - `rules`: what makes a single event valid.
//! - `id`: short order ids.
//! - `fold`: what a valid event does to the state so far.

mod fold;
mod id;
mod rules;

pub use fold::{OrderState, Outcome, fold};
pub use id::full_id;
pub use rules::{
    MAX_ID_CHARS, MAX_ITEMS, MAX_QUANTITY, MAX_TIME_MS, MAX_VERSION, Violation, check, check_id, check_key, total_minor,
};
