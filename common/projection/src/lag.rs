//! How much of a partition is unread, as far as that is known. Pure.

use std::time::Instant;

use crate::progress::PartitionProgress;

/// How much of a partition is unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Its end offset as last reported; `None` if it has not been reported yet.
    pub end: Option<i64>,
    /// How many records are unread, at most: transaction markers take offsets, too. `None` while that is unknown.
    pub records: Option<i64>,
    /// Since when it is unknown, because the broker that the partition is read from, or any broker, is away; `None` while the lag is known.
    pub unknown_since: Option<Instant>,
}

impl Lag {
    /// The lag of a partition that has been read as far as `progress` says. `reported`: its end as last reported. `may_follow`:
    /// whether records may have followed since its end was reached, because they are not being read, or cannot be behind an
    /// open transaction.
    pub(crate) fn of(
        progress: &PartitionProgress,
        reported: Option<i64>,
        may_follow: bool,
        unknown_since: Option<Instant>,
    ) -> Self {
        let at_end = progress.at_end && !may_follow;
        // The last reported end may be older than what has been read since.
        let reported = reported.map(|end| end.max(progress.next));
        let end = if at_end {
            Some(reported.unwrap_or(progress.next))
        } else {
            reported
        };
        let known = if at_end {
            Some(0)
        } else {
            end.map(|end| end - progress.next)
        };
        Self {
            end,
            records: known.filter(|_| unknown_since.is_none()),
            unknown_since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(at_end: bool, reported: Option<i64>, may_follow: bool) -> (Option<i64>, Option<i64>) {
        let progress = PartitionProgress {
            next: 5,
            at_end,
            ..PartitionProgress::default()
        };
        let since = Instant::now();
        let away = Lag::of(&progress, reported, may_follow, Some(since));
        let lag = Lag::of(&progress, reported, may_follow, None);
        assert_eq!(
            (away.end, away.records, away.unknown_since),
            (lag.end, None, Some(since)),
            "the end stays the last known, and the lag is unknown"
        );
        (lag.end, lag.records)
    }

    #[test]
    fn lag_is_zero_at_the_end_and_unknown_without_a_broker() {
        // A transaction marker follows the last record.
        assert_eq!(lag(true, Some(6), false), (Some(6), Some(0)));
        assert_eq!(lag(true, None, false), (Some(5), Some(0)));
        assert_eq!(lag(false, Some(9), false), (Some(9), Some(4)));
        assert_eq!(
            lag(false, Some(3), false),
            (Some(5), Some(0)),
            "reported before more was read"
        );
        assert_eq!(lag(false, None, false), (None, None));
    }

    #[test]
    fn records_that_are_not_read_after_the_end_was_reached_are_lag() {
        assert_eq!(lag(true, Some(9), true), (Some(9), Some(4)));
        assert_eq!(lag(true, Some(5), true), (Some(5), Some(0)));
        assert_eq!(lag(true, None, true), (None, None));
    }
}
