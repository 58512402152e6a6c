//! The wall clock, which may be wrong and may jump. It only says when an event happened, for people: timeouts use
//! [`std::time::Instant`] (enforced by `clippy.toml`), and the log decides what is newer.

use std::time::{SystemTime, UNIX_EPOCH};

use uuid::{NoContext, Timestamp, Uuid};

use crate::order::MAX_TIME_MS;

/// The wall clock is outside the range of event times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this machine's clock is not between the years 1970 and 9999; set it")]
pub struct WrongClock;

/// Now, in milliseconds since 1970, as events have it.
///
/// # Errors
/// [`WrongClock`].
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now_ms() -> Result<i64, WrongClock> {
    of(SystemTime::now())
}

fn of(time: SystemTime) -> Result<i64, WrongClock> {
    let since = time.duration_since(UNIX_EPOCH).map_err(|_| WrongClock)?;
    let ms = i64::try_from(since.as_millis()).map_err(|_| WrongClock)?;
    if ms > MAX_TIME_MS {
        return Err(WrongClock);
    }
    Ok(ms)
}

/// A new event id, a UUID v7 of that time. 74 of its bits are random, so it is unique even when the clock jumps back.
pub fn event_id(now_ms: i64) -> Uuid {
    let ms = u64::try_from(now_ms).unwrap_or_default();
    let nanos = u32::try_from(ms % 1000).unwrap_or_default() * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, ms / 1000, nanos))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;

    const YEAR: u64 = 366 * 24 * 60 * 60;

    #[test]
    fn a_clock_outside_the_range_of_event_times_is_wrong() {
        assert_eq!(of(UNIX_EPOCH - Duration::from_millis(1)), Err(WrongClock));
        assert_eq!(of(UNIX_EPOCH), Ok(0));
        assert_eq!(
            of(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)),
            Ok(1_700_000_000_123)
        );
        assert_eq!(of(UNIX_EPOCH + Duration::from_secs(8100 * YEAR)), Err(WrongClock));
        assert!(now_ms().is_ok(), "this machine's own");
    }

    #[test]
    fn ids_of_one_time_are_all_different_and_contain_it() {
        let ids: HashSet<Uuid> = (0..100_000).map(|_| event_id(1_700_000_000_123)).collect();
        assert_eq!(ids.len(), 100_000);
        for id in ids.iter().take(10) {
            assert_eq!((id.get_version_num(), id.as_u128() >> 80), (7, 1_700_000_000_123));
        }
    }
}
