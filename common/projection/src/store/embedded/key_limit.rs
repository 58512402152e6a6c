//! The keys that the database takes: it panics at others, even when it is only asked for them. Clients and foreign records name
//! orders, so what is asked for may be of any length; no row has such a key. Pure.

use std::ops::Bound;

/// The longest key, in bytes.
pub(super) const MAX_KEY_BYTES: usize = u16::MAX as usize;

/// Whether a row can have that key.
pub(super) fn is_possible(key: &[u8]) -> bool {
    (1..=MAX_KEY_BYTES).contains(&key.len())
}

/// A bound at which the same possible keys begin.
pub(super) fn lower(bound: Bound<&[u8]>) -> Bound<&[u8]> {
    match bound {
        // Of the possible keys, exactly those after its beginning are after it.
        Bound::Included(key) | Bound::Excluded(key) if key.len() > MAX_KEY_BYTES => {
            Bound::Excluded(&key[..MAX_KEY_BYTES])
        }
        bound => bound,
    }
}

/// A bound at which the same possible keys end.
pub(super) fn upper(bound: Bound<&[u8]>) -> Bound<&[u8]> {
    match bound {
        Bound::Included(key) | Bound::Excluded(key) if key.len() > MAX_KEY_BYTES => {
            Bound::Included(&key[..MAX_KEY_BYTES])
        }
        bound => bound,
    }
}
