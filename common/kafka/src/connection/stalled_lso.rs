//! A partition whose last stable offset (LSO) is stalled: another producer's transaction is open there. No record behind it
//! is delivered to consumers that read committed records only, until it ends. Pure.

use std::time::{Duration, Instant};

/// How long a transaction may be open before it is worth reporting; ordinary ones are shorter.
const LONG: Duration = Duration::from_secs(2);

/// A last stable offset before the end of its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StalledLso {
    /// The last stable offset: that of the transaction's first record.
    pub offset: i64,
    /// When it was first seen there.
    pub since: Instant,
    /// Whether a request has timed out waiting for a record behind it.
    pub has_timed_out: bool,
}

impl StalledLso {
    /// The state after a fetch that returned that last stable offset and end. librdkafka reports the end for both where the
    /// broker knows no transactions, and negative offsets before the first fetch.
    pub(super) fn after(before: Option<Self>, stable: i64, end: i64, now: Instant) -> Option<Self> {
        (0..end).contains(&stable).then(|| {
            let same = before.filter(|before| before.offset == stable);
            same.unwrap_or(Self {
                offset: stable,
                since: now,
                has_timed_out: false,
            })
        })
    }

    /// Whether it lasts longer than ordinary transactions do, or a request has timed out waiting for its end.
    pub fn is_long(&self) -> bool {
        self.has_timed_out || self.since.elapsed() >= LONG
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_stable_offset_is_stalled_as_long_as_it_is_the_same_and_before_the_end() {
        let begun = Instant::now();
        let later = begun + Duration::from_secs(1);
        assert_eq!(StalledLso::after(None, 7, 7, begun), None);
        assert_eq!(
            StalledLso::after(None, -1001, 7, begun),
            None,
            "nothing was fetched yet"
        );
        let first = StalledLso::after(None, 5, 7, begun);
        assert_eq!(first.map(|stalled| (stalled.offset, stalled.since)), Some((5, begun)));
        let timed_out = first.map(|stalled| StalledLso {
            has_timed_out: true,
            ..stalled
        });
        let same = StalledLso::after(timed_out, 5, 9, later).expect("it is stalled");
        assert_eq!((same.since, same.has_timed_out), (begun, true));
        let next = StalledLso::after(timed_out, 8, 9, later).expect("another transaction");
        assert_eq!((next.since, next.has_timed_out), (later, false), "a new wait");
        assert_eq!(StalledLso::after(timed_out, 9, 9, later), None, "it has ended");
    }

    #[test]
    fn an_ordinary_transaction_is_reported_only_after_a_timeout() {
        let stalled = StalledLso::after(None, 5, 7, Instant::now()).expect("it is stalled");
        assert!(!stalled.is_long());
        assert!(
            StalledLso {
                has_timed_out: true,
                ..stalled
            }
            .is_long()
        );
    }
}
