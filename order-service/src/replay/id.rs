//! Ids of replays.

use uuid::{NoContext, Timestamp, Uuid};

/// A new id. Ids sort by the time, in milliseconds since 1970-01-01 UTC.
pub(super) fn new_id(at: i64) -> Uuid {
    let ms = u64::try_from(at).unwrap_or_default();
    let nanos = u32::try_from(ms % 1000).unwrap_or_default() * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, ms / 1000, nanos))
}
