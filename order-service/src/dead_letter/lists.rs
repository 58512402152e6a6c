//! The lists of dead letters: for each state, one of all, one for each code and one for each record key, in the order in
//! which they were written. A dead letter has one row in each list that it belongs to. Pure: keys and bounds of rows.

use orderlog_contract::rejection::Code;
use sha2::{Digest, Sha256};

use super::rows::{DeadLetterId, DeadLetterRow};
use super::state::DeadLetterState;

/// Which dead letters are listed.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those with that code.
    pub code: Option<Code>,
    /// Only those whose record was originally in that partition.
    pub partition: Option<i32>,
    /// Only those whose record had that key, as [`key_text`](super::key_text) shows it.
    pub key: Option<String>,
    /// Only those written at that time or later: milliseconds since 1970-01-01 UTC.
    pub since: Option<i64>,
    /// Only those written before that time: milliseconds since 1970-01-01 UTC.
    pub until: Option<i64>,
    /// Only those in that state.
    pub state: Option<DeadLetterState>,
}

impl Filter {
    /// Whether a dead letter is listed.
    pub(super) fn matches(&self, row: &DeadLetterRow) -> bool {
        let time = time_of(row);
        self.code.is_none_or(|code| row.code == Some(code))
            && self
                .partition
                .is_none_or(|partition| origin_partition(row) == partition)
            && self.key.as_ref().is_none_or(|key| row.key.as_ref() == Some(key))
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
            && self.state.is_none_or(|state| row.state == state)
    }

    /// The same from a row of a list: false only if the dead letter is not listed.
    pub(super) fn may_match(&self, listed: &Listed) -> bool {
        self.code.is_none_or(|code| listed.code == code.as_str())
            && self.partition.is_none_or(|partition| listed.partition == partition)
    }

    /// The shortest list, of one state, that has every dead letter of that state which matches.
    pub(super) fn list(&self, state: DeadLetterState) -> Vec<u8> {
        match (&self.key, self.code) {
            (Some(key), _) => by_key(state, key),
            (None, Some(code)) => by_code(state, Some(code)),
            (None, None) => vec![ALL, state_byte(state)],
        }
    }
}

/// A dead letter's place in a list: when it was written, and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub time: i64,
    pub id: DeadLetterId,
}

/// What a list says of a dead letter, so that a filter need not read it.
pub(super) struct Listed {
    /// Original partition of its record; -1: unknown.
    pub partition: i32,
    /// Its code; empty: none.
    pub code: String,
}

/// First byte of the rows of the list of all dead letters in a state.
const ALL: u8 = b'a';
/// The same of those with one code.
const OF_CODE: u8 = b'c';
/// The same of those with one key.
const OF_KEY: u8 = b'k';

const PLACE_BYTES: usize = 20;

impl Place {
    /// That of a dead letter.
    pub fn of(id: DeadLetterId, row: &DeadLetterRow) -> Self {
        Self { time: time_of(row), id }
    }

    /// The key of its row in a list.
    pub fn in_list(self, list: &[u8]) -> Vec<u8> {
        [list, time_bytes(self.time).as_slice(), self.id.to_key().as_slice()].concat()
    }

    /// The place in the key of a list's row.
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let (_, place) = key.split_last_chunk::<PLACE_BYTES>()?;
        let (time, id) = place.split_first_chunk::<8>()?;
        Some(Self {
            time: (u64::from_be_bytes(*time) ^ SIGN).cast_signed(),
            id: DeadLetterId::from_key(id)?,
        })
    }
}

/// The bounds of a list's rows, the second one exclusive: those written within a time, before a place. `None`: there are
/// none.
pub(super) fn bounds(list: &[u8], filter: &Filter, before: Option<Place>) -> Option<(Vec<u8>, Vec<u8>)> {
    let from = [list, time_bytes(filter.since.unwrap_or(i64::MIN)).as_slice()].concat();
    let until = filter.until.map(|until| [list, time_bytes(until).as_slice()].concat());
    let before = before.map(|place| place.in_list(list));
    // After every row of the list: no partition has such a number.
    let end = [list, [0xff; PLACE_BYTES].as_slice()].concat();
    let to = [until, before].into_iter().flatten().fold(end, Vec::min);
    (from < to).then_some((from, to))
}

/// The lists that a dead letter belongs to in a state.
pub(super) fn lists_of(row: &DeadLetterRow, state: DeadLetterState) -> impl Iterator<Item = Vec<u8>> {
    let of_key = row.key.as_deref().map(|key| by_key(state, key));
    [vec![ALL, state_byte(state)], by_code(state, row.code)]
        .into_iter()
        .chain(of_key)
}

/// What the lists say of a dead letter.
pub(super) fn listed(row: &DeadLetterRow) -> Vec<u8> {
    let code = row.code.map_or("", Code::as_str);
    [&origin_partition(row).to_be_bytes(), code.as_bytes()].concat()
}

impl Listed {
    /// Reads it back.
    pub fn from_value(value: &[u8]) -> Option<Self> {
        let (partition, code) = value.split_first_chunk::<4>()?;
        Some(Self {
            partition: i32::from_be_bytes(*partition),
            code: String::from_utf8(code.to_vec()).ok()?,
        })
    }
}

fn by_code(state: DeadLetterState, code: Option<Code>) -> Vec<u8> {
    let code = code.map_or("", Code::as_str);
    [&[OF_CODE, state_byte(state)], code.as_bytes(), &[0]].concat()
}

/// Keys may be long: rows have a hash of them. Two keys with one hash share a list, and the reader compares the keys.
fn by_key(state: DeadLetterState, key: &str) -> Vec<u8> {
    let hash = Sha256::digest(key.as_bytes());
    [&[OF_KEY, state_byte(state)], &hash[..16]].concat()
}

/// Part of the format on disk.
fn state_byte(state: DeadLetterState) -> u8 {
    match state {
        DeadLetterState::Open => 0,
        DeadLetterState::Parked => 1,
        DeadLetterState::Replayed => 2,
        DeadLetterState::Discarded => 3,
    }
}

const SIGN: u64 = 1 << 63;

/// Bytes that sort as the times do.
fn time_bytes(time: i64) -> [u8; 8] {
    (time.cast_unsigned() ^ SIGN).to_be_bytes()
}

/// A dead letter without a timestamp is older than all others.
fn time_of(row: &DeadLetterRow) -> i64 {
    row.timestamp.unwrap_or(i64::MIN)
}

fn origin_partition(row: &DeadLetterRow) -> i32 {
    row.origin.as_ref().map_or(-1, |origin| origin.partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(time: i64, offset: i64) -> Place {
        let id = DeadLetterId { partition: 1, offset };
        Place { time, id }
    }

    #[test]
    fn rows_sort_by_time_and_then_by_id() {
        let places = [
            place(i64::MIN, 3),
            place(-1, 9),
            place(0, 2),
            place(0, 10),
            place(i64::MAX, 0),
        ];
        let keys = places.map(|place| place.in_list(b"list"));
        assert!(keys.is_sorted());
        assert_eq!(
            keys.map(|key| Place::from_key(&key)),
            places.map(Some),
            "read back as they were"
        );
        assert_eq!(Place::from_key(b"short"), None);
    }

    #[test]
    fn bounds_are_the_narrowest_of_time_and_place() {
        let list = b"list";
        let filter = |since, until| Filter {
            since,
            until,
            ..Filter::default()
        };
        let within = |filter: &Filter, before, place: Place| {
            bounds(list, filter, before).is_some_and(|(from, to)| (from..to).contains(&place.in_list(list)))
        };
        let (all, some) = (filter(None, None), filter(Some(5), Some(7)));
        assert!(within(&all, None, place(i64::MAX, i64::MAX)) && within(&all, None, place(i64::MIN, 0)));
        assert!(within(&all, Some(place(5, 2)), place(5, 1)) && !within(&all, Some(place(5, 2)), place(5, 2)));
        assert!(within(&some, None, place(5, 0)) && !within(&some, None, place(4, 9)));
        assert!(within(&some, None, place(6, 9)) && !within(&some, None, place(7, 0)));
        assert!(!within(&some, Some(place(6, 1)), place(6, 1)));
        assert_eq!(bounds(list, &filter(Some(7), Some(7)), None), None);
        assert_eq!(bounds(list, &some, Some(place(3, 0))), None);
    }
}
