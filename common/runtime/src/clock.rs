//! The wall clock, which may be wrong and may jump. It only says when an event happened, for people: timeouts use
//! [`std::time::Instant`] (enforced by `clippy.toml`), and the log decides what is newer.

use std::time::{SystemTime, UNIX_EPOCH};

/// The last millisecond of the year 9999, which is as far as RFC 3339 goes.
const LATEST_MS: i64 = 253_402_300_799_999;

/// The wall clock is outside the range of event times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this machine's clock is not between the years 1970 and 9999; set it")]
pub struct InvalidClock;

/// Now, in milliseconds since 1970, as events have it.
///
/// # Errors
/// [`InvalidClock`].
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now_ms() -> Result<i64, InvalidClock> {
    of(SystemTime::now())
}

fn of(time: SystemTime) -> Result<i64, InvalidClock> {
    let since = time.duration_since(UNIX_EPOCH).map_err(|_| InvalidClock)?;
    let ms = i64::try_from(since.as_millis()).map_err(|_| InvalidClock)?;
    if ms > LATEST_MS {
        return Err(InvalidClock);
    }
    Ok(ms)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const YEAR: u64 = 366 * 24 * 60 * 60;

    #[test]
    fn a_clock_outside_the_range_of_event_times_is_wrong() {
        assert_eq!(of(UNIX_EPOCH - Duration::from_millis(1)), Err(InvalidClock));
        assert_eq!(of(UNIX_EPOCH), Ok(0));
        assert_eq!(
            of(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)),
            Ok(1_700_000_000_123)
        );
        assert_eq!(of(UNIX_EPOCH + Duration::from_secs(8100 * YEAR)), Err(InvalidClock));
        assert!(now_ms().is_ok(), "this machine's own");
    }
}
