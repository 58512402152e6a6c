//! Ids of new events.

use uuid::{NoContext, Timestamp, Uuid};

/// A new event's id, a UUID v7 of that time. 74 bits of it are random: it is unique however often a time repeats.
pub fn event_id(now_ms: i64) -> Uuid {
    let ms = u64::try_from(now_ms).unwrap_or_default();
    let nanos = u32::try_from(ms % 1000).unwrap_or_default() * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, ms / 1000, nanos))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_of_one_time_are_all_different_and_carry_it() {
        let ids: HashSet<Uuid> = (0..100_000).map(|_| event_id(1_700_000_000_123)).collect();
        assert_eq!(ids.len(), 100_000);
        for id in ids.iter().take(10) {
            assert_eq!((id.get_version_num(), id.as_u128() >> 80), (7, 1_700_000_000_123));
        }
    }
}
