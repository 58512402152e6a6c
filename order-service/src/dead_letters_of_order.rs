//! The dead letters of an order: those that it still waits for, and where each belongs in its history. All of it blocks.

use orderlog_contract::order::OrderState;
use orderlog_projection::store::StoreError;

use crate::dead_letter::headers::Position;
use crate::dead_letter::{DeadLetterId, DeadLetterRow, Filter, Index, key_text};

/// How many dead letters of an order are looked at: the newest.
const MAX_DEAD_LETTERS: usize = 100;

/// The newest dead letters with that order's key, whatever became of them.
///
/// # Errors
/// The disk fails.
pub fn newest(index: &Index, order_id: &str) -> Result<Vec<(DeadLetterId, DeadLetterRow)>, StoreError> {
    let filter = Filter {
        key: Some(key_text(order_id.as_bytes())),
        ..Filter::default()
    };
    Ok(index.page(None, MAX_DEAD_LETTERS, &filter)?.dead_letters)
}

/// How many dead letters of that order nobody has replayed or discarded and no later event has made up for.
///
/// # Errors
/// The disk fails.
pub fn unhealed(index: &Index, order: &OrderState) -> Result<u64, StoreError> {
    let left = index.open_of_key(&key_text(order.order.order_id.as_bytes()), MAX_DEAD_LETTERS)?;
    // Without an origin it is not ours, and may be a copy of anything.
    let ours = left.iter().filter(|(_, row)| row.origin.is_some());
    Ok(ours.filter(|(_, row)| !is_healed(row.origin.as_ref(), order)).count() as u64)
}

/// Whether a later event has made up for a record that was at that position at first: every event carries the whole order.
/// Of records in another partition than the order's, and of those whose position is not known, that cannot be told.
pub fn is_healed(origin: Option<&Position>, order: &OrderState) -> bool {
    origin.is_some_and(|origin| origin.partition == order.partition && origin.offset < order.offset)
}
