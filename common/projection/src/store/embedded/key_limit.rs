//! The longest key that the database takes: it panics at a longer one, even when it is only asked for it. Clients and foreign
//! records name orders, so a key may be of any length; no row has one beyond the limit. Pure.

use std::ops::Bound;

/// The longest key, in bytes.
const MAX_KEY_BYTES: usize = u16::MAX as usize;

/// Whether a row can have that key.
pub(super) fn is_possible(key: &[u8]) -> bool {
    key.len() <= MAX_KEY_BYTES
}

/// A bound at which the same possible keys begin.
pub(super) fn lower(bound: Bound<&[u8]>) -> Bound<&[u8]> {
    match bound {
        // Of the possible keys, exactly those after its beginning are after it.
        Bound::Included(key) | Bound::Excluded(key) if !is_possible(key) => Bound::Excluded(&key[..MAX_KEY_BYTES]),
        bound => bound,
    }
}

/// A bound at which the same possible keys end.
pub(super) fn upper(bound: Bound<&[u8]>) -> Bound<&[u8]> {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) if !is_possible(key) => Bound::Included(&key[..MAX_KEY_BYTES]),
        bound => bound,
    }
}
