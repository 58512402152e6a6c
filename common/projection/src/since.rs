//! A moment in the life of this process, in a form for people.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use orderlog_contract::timestamp::rfc3339;
use orderlog_runtime::clock;

/// How far this machine's clock may move against the time since an anchor before it counts as set. Less is the time between
/// reading the one and the other.
const TOLERANCE_MS: u64 = 1_000;

/// A moment whose time is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    at: Instant,
    /// In milliseconds since 1970.
    ms: i64,
}

impl Anchor {
    /// The time of a moment.
    fn time_of(self, at: Instant) -> i64 {
        let millis = |elapsed: Duration| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        match at.checked_duration_since(self.at) {
            Some(after) => self.ms.saturating_add(millis(after)),
            None => self.ms.saturating_sub(millis(self.at - at)),
        }
    }

    /// The anchor to go by now: as long as the clock is not set, it is the same, so that a moment has one time.
    fn or_moved(self, now: Self) -> Self {
        match self.time_of(now.at).abs_diff(now.ms) {
            0..=TOLERANCE_MS => self,
            _ => now,
        }
    }
}

/// That moment as RFC 3339, by this machine's clock; `None` while the clock shows no valid time. The same moment has the same
/// time in each call, unless the clock was set in between.
pub fn rfc3339_of(at: Instant) -> Option<String> {
    static ANCHOR: Mutex<Option<Anchor>> = Mutex::new(None);
    let now = Anchor {
        ms: clock::now_ms().ok()?,
        at: Instant::now(),
    };
    let mut anchor = ANCHOR.lock().unwrap_or_else(PoisonError::into_inner);
    let current = anchor.map_or(now, |before| before.or_moved(now));
    *anchor = Some(current);
    rfc3339(current.time_of(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_by_the_clock_as_it_is_now() {
        let before = clock::now_ms().expect("a time");
        let earlier = Instant::now().checked_sub(Duration::from_secs(3)).expect("a moment");
        let told = rfc3339_of(earlier).expect("a time");
        let tolerance = i64::try_from(TOLERANCE_MS).expect("a number");
        let (from, to) = (
            rfc3339(before - 3_001 - tolerance),
            rfc3339(clock::now_ms().expect("a time") - 2_999 + tolerance),
        );
        assert!(from <= Some(told.clone()) && Some(told) <= to, "{from:?} {to:?}");
    }

    #[test]
    fn a_moment_has_one_time_until_the_clock_is_set() {
        let at = Instant::now();
        let anchor = Anchor { at, ms: 1_000_000 };
        let read = |after_ms: u64, ms| Anchor {
            at: at + Duration::from_millis(after_ms),
            ms,
        };
        let moment = at - Duration::from_millis(500);
        // A thread that is interrupted between the two readings.
        for now in [
            read(60_000, 1_060_000),
            read(60_004, 1_060_000),
            read(59_100, 1_060_000),
        ] {
            let anchor = anchor.or_moved(now);
            assert_eq!(anchor.time_of(moment), 999_500, "{now:?}");
            assert_eq!(anchor.time_of(at + Duration::from_millis(20)), 1_000_020, "{now:?}");
        }
        let set_forward = anchor.or_moved(read(60_000, 9_060_000));
        assert_eq!(set_forward.time_of(moment), 8_999_500);
        let set_back = set_forward.or_moved(read(61_000, 161_000));
        assert_eq!(set_back.time_of(moment), 99_500);
    }
}
