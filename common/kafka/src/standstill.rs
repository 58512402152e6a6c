//! A partition whose last stable offset stands still: another producer's transaction is open there. Nothing behind it is
//! delivered to anybody who reads committed records only, until it ends. Pure.

use std::time::{Duration, Instant};

/// How long a transaction may be open before it is worth telling; ordinary ones are shorter.
const LONG: Duration = Duration::from_secs(2);

/// That a last stable offset stands before the end of its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// The last stable offset: that of the transaction's first record.
    pub offset: i64,
    /// Since when it was seen there.
    pub since: Instant,
    /// Whether somebody has waited in vain for what lies behind it.
    pub in_vain: bool,
}

impl Standstill {
    /// What is so after a fetch that told the last stable offset and the end. librdkafka tells the end for both where the
    /// broker knows of no transactions, and less than 0 before the first fetch.
    pub(super) fn after(before: Option<Self>, stable: i64, end: i64, now: Instant) -> Option<Self> {
        (0..end).contains(&stable).then(|| {
            let same = before.filter(|before| before.offset == stable);
            same.unwrap_or(Self {
                offset: stable,
                since: now,
                in_vain: false,
            })
        })
    }

    /// Whether it lasts longer than ordinary transactions do, or somebody has waited for its end in vain.
    pub fn is_long(&self) -> bool {
        self.in_vain || self.since.elapsed() >= LONG
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_stable_offset_stands_still_as_long_as_it_is_the_same_and_before_the_end() {
        let begun = Instant::now();
        let later = begun + Duration::from_secs(1);
        assert_eq!(Standstill::after(None, 7, 7, begun), None);
        assert_eq!(
            Standstill::after(None, -1001, 7, begun),
            None,
            "nothing was fetched yet"
        );
        let first = Standstill::after(None, 5, 7, begun);
        assert_eq!(first.map(|still| (still.offset, still.since)), Some((5, begun)));
        let vain = first.map(|still| Standstill { in_vain: true, ..still });
        let same = Standstill::after(vain, 5, 9, later).expect("it stands still");
        assert_eq!((same.since, same.in_vain), (begun, true));
        let next = Standstill::after(vain, 8, 9, later).expect("another transaction");
        assert_eq!((next.since, next.in_vain), (later, false), "which is a new wait");
        assert_eq!(Standstill::after(vain, 9, 9, later), None, "it has ended");
    }

    #[test]
    fn an_ordinary_transaction_is_worth_telling_only_when_somebody_has_waited_in_vain() {
        let still = Standstill::after(None, 5, 7, Instant::now()).expect("it stands still");
        assert!(!still.is_long());
        assert!(Standstill { in_vain: true, ..still }.is_long());
    }
}
