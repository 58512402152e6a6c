//! Marks: records of ours on the dead-letter topic, without key and value, whose headers say what became of dead letters.
//! So their states are in the topic, too, and every reader of it arrives at the same ones. Pure.

use orderlog_kafka::headers::OwnedHeader;
use uuid::Uuid;

use super::headers::{ADDED, added_range, last_text, text};
use super::rows::DeadLetterId;
use super::state::{DeadLetterState, Settled, Settlement};

/// What became of the dead letters: `replayed` or `discarded`.
pub const MARK: &str = "orderlog.mark";
/// The dead letters: ids, separated by commas.
pub const DEAD_LETTERS: &str = "orderlog.dead-letters";
/// The job that replayed them, a UUID.
pub const JOB: &str = "orderlog.job";
/// Why they were discarded.
pub const REASON: &str = "orderlog.reason";
/// Who replayed or discarded them.
pub const BY: &str = "orderlog.by";

/// How many dead letters one mark names at most.
pub const MAX_IDS: usize = 500;
/// How long a reason is at most, in characters.
pub const MAX_REASON_CHARS: usize = 500;
/// How long a name is at most, in characters.
pub const MAX_BY_CHARS: usize = 100;

/// What became of dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Their records were written back to their topic, in the transaction that the mark is in.
    Replayed {
        /// The dead letters, at most [`MAX_IDS`].
        ids: Vec<DeadLetterId>,
        /// The job that did it.
        job: Uuid,
        /// Who started the job, at most [`MAX_BY_CHARS`] characters.
        by: String,
    },
    /// Somebody decided that their records are not needed.
    Discarded {
        /// The dead letters, at most [`MAX_IDS`].
        ids: Vec<DeadLetterId>,
        /// Why, at most [`MAX_REASON_CHARS`] characters.
        reason: String,
        /// Who, at most [`MAX_BY_CHARS`] characters.
        by: String,
    },
}

impl Mark {
    /// The dead letters that it names.
    pub fn ids(&self) -> &[DeadLetterId] {
        match self {
            Self::Replayed { ids, .. } | Self::Discarded { ids, .. } => ids,
        }
    }

    /// What it makes of a dead letter. `position` is its own in the topic; `at` is its timestamp.
    pub(super) fn settlement(&self, position: DeadLetterId, at: Option<i64>) -> Settlement {
        let (state, by, reason, job) = match self {
            Self::Replayed { job, by, .. } => (DeadLetterState::Replayed, by, None, Some(*job)),
            Self::Discarded { reason, by, .. } => (DeadLetterState::Discarded, by, Some(reason.clone()), None),
        };
        let settled = Settled {
            at,
            by: Some(by.clone()),
            reason,
            job,
            mark: (position.partition, position.offset),
        };
        Settlement { state, settled }
    }
}

/// All headers of a mark; its key and value are null.
pub fn headers(mark: &Mark) -> Vec<OwnedHeader> {
    let ids: Vec<String> = mark.ids().iter().map(DeadLetterId::to_string).collect();
    let ids = text(DEAD_LETTERS, ids.join(","));
    let mut headers = match mark {
        Mark::Replayed { job, by, .. } => vec![
            text(MARK, DeadLetterState::Replayed.as_str()),
            ids,
            text(JOB, job.to_string()),
            text(BY, by),
        ],
        Mark::Discarded { reason, by, .. } => vec![
            text(MARK, DeadLetterState::Discarded.as_str()),
            ids,
            text(REASON, reason),
            text(BY, by),
        ],
    };
    headers.push(text(ADDED, (headers.len() + 1).to_string()));
    headers
}

/// The mark that a record without key and value is, if it is one. Anyone may write to the topic: a record with any other header,
/// or with one that makes no sense, is none.
pub fn read(headers: &[OwnedHeader]) -> Option<Mark> {
    if added_range(headers)? != (0..headers.len()) {
        return None;
    }
    let state = last_text(headers, MARK).and_then(DeadLetterState::parse)?;
    let ids = last_text(headers, DEAD_LETTERS)?.split(',');
    let ids: Vec<DeadLetterId> = ids
        .take(MAX_IDS + 1)
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()
        .filter(|ids: &Vec<_>| ids.len() <= MAX_IDS)?;
    let by = first_chars(last_text(headers, BY)?, MAX_BY_CHARS);
    match state {
        DeadLetterState::Replayed => Some(Mark::Replayed {
            ids,
            job: last_text(headers, JOB)?.parse().ok()?,
            by,
        }),
        DeadLetterState::Discarded => Some(Mark::Discarded {
            ids,
            reason: first_chars(last_text(headers, REASON)?, MAX_REASON_CHARS),
            by,
        }),
        DeadLetterState::Open | DeadLetterState::Parked => None,
    }
}

fn first_chars(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Vec<DeadLetterId> {
        ["0-17", "3-0"].map(|id| id.parse().expect("an id")).to_vec()
    }

    fn replayed() -> Mark {
        Mark::Replayed {
            ids: ids(),
            job: Uuid::from_u128(7),
            by: "jo".into(),
        }
    }

    fn discarded(reason: &str, by: &str) -> Mark {
        Mark::Discarded {
            ids: ids(),
            reason: reason.into(),
            by: by.into(),
        }
    }

    fn value(headers: &[OwnedHeader], name: &str) -> String {
        last_text(headers, name).expect("that header").to_owned()
    }

    #[test]
    fn a_mark_is_read_back_from_its_headers() {
        for mark in [replayed(), discarded("a test", "127.0.0.1")] {
            assert_eq!(read(&headers(&mark)), Some(mark));
        }
        let written = headers(&replayed());
        assert_eq!(value(&written, MARK), "replayed");
        assert_eq!(value(&written, DEAD_LETTERS), "0-17,3-0");
        assert_eq!(value(&written, JOB), "00000000-0000-0000-0000-000000000007");
        assert_eq!(written.last(), Some(&text(ADDED, "5")));
    }

    #[test]
    fn what_is_not_exactly_a_mark_is_none() {
        let without = |name: &str| {
            let mut kept: Vec<_> = headers(&replayed()).into_iter().filter(|(n, _)| n != name).collect();
            if let Some((_, value)) = kept.iter_mut().find(|(name, _)| name == ADDED) {
                *value = Some(b"4".to_vec());
            }
            kept
        };
        for name in [MARK, DEAD_LETTERS, JOB, BY, ADDED] {
            assert_eq!(read(&without(name)), None, "without {name}");
        }
        let foreign = [vec![text("own", "x")], headers(&replayed())].concat();
        assert_eq!(read(&foreign), None, "a header that was not added");
        let with = |name: &str, value: &str| {
            let replace = |(n, v): OwnedHeader| if n == name { text(name, value) } else { (n, v) };
            read(&headers(&replayed()).into_iter().map(replace).collect::<Vec<_>>())
        };
        assert_eq!(with(MARK, "open"), None);
        assert_eq!(with(MARK, "discarded"), None, "without a reason");
        assert_eq!(with(DEAD_LETTERS, ""), None);
        assert_eq!(with(DEAD_LETTERS, "0-1,x"), None);
        assert_eq!(with(JOB, "7"), None);
        assert!(with(DEAD_LETTERS, &vec!["0-1"; MAX_IDS].join(",")).is_some());
        assert_eq!(with(DEAD_LETTERS, &vec!["0-1"; MAX_IDS + 1].join(",")), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn text_that_is_too_long_is_cut() {
        let long = "é".repeat(600);
        let read = read(&headers(&discarded(&long, &long)));
        assert_eq!(read, Some(discarded(&"é".repeat(500), &"é".repeat(100))));
    }
}
