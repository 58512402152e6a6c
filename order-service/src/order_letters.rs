//! The dead letters of an order: those that it still waits for, and where each belongs in its history. All of it blocks.

use orderlog_contract::order::OrderState;
use orderlog_projection::store::StoreError;

use crate::dead_letter::headers::Position;
use crate::dead_letter::{DeadLetterId, DeadLetterRow, Filter, Index, key_text};

/// How many dead letters of an order are looked at: the newest. An order with more has none fewer than this.
const MAX_LETTERS: usize = 100;

/// The newest dead letters with that order's key.
///
/// # Errors
/// The disk fails.
pub fn letters_of(index: &Index, order_id: &str) -> Result<Vec<(DeadLetterId, DeadLetterRow)>, StoreError> {
    let filter = Filter {
        key: Some(key_text(order_id.as_bytes())),
        ..Filter::default()
    };
    Ok(index.page(None, MAX_LETTERS, &filter)?.dead_letters)
}

/// How many dead letters of that order nobody has replayed or discarded and no later event has made up for.
///
/// # Errors
/// The disk fails.
pub fn unhealed(index: &Index, order: &OrderState) -> Result<u64, StoreError> {
    let letters = letters_of(index, &order.order.order_id)?;
    let origins = letters.iter().filter_map(|(_, row)| row.origin.as_ref());
    Ok(origins.filter(|origin| !is_healed(origin, order)).count() as u64)
}

/// Whether a later event has made up for a record: every event carries the whole order.
pub fn is_healed(origin: &Position, order: &OrderState) -> bool {
    origin.partition == order.partition && origin.offset < order.offset
}
