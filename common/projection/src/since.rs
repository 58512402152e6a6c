//! A moment in the life of this process, in a form for people.

use std::time::Instant;

use orderlog_contract::timestamp::rfc3339;
use orderlog_runtime::clock;

/// That moment as RFC 3339, by this machine's clock as it is now; `None` while the clock shows no valid time.
pub fn rfc3339_of(at: Instant) -> Option<String> {
    let age = i64::try_from(at.elapsed().as_millis()).unwrap_or(i64::MAX);
    clock::now_ms().ok().and_then(|now| rfc3339(now.saturating_sub(age)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_moment_is_shown_by_the_clock_as_it_is_now() {
        let before = clock::now_ms().expect("a time");
        let earlier = Instant::now().checked_sub(Duration::from_secs(3)).expect("a moment");
        let told = rfc3339_of(earlier).expect("a time");
        let (from, to) = (
            rfc3339(before - 3_001),
            rfc3339(clock::now_ms().expect("a time") - 2_999),
        );
        assert!(from <= Some(told.clone()) && Some(told) <= to, "{from:?} {to:?}");
    }
}
