//! The index of dead letters on disk. It is built from the topic alone, so nothing is lost if a row has another format:
//! the index is discarded and rebuilt. Pure.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::str::FromStr;

use orderlog_contract::rejection::Code;
use serde::{Deserialize, Serialize};

use super::headers::{ParsedHeaders, Position, RecordPosition};
use super::state::{DeadLetterState, Settled, Settlement};

/// Version of all rows here.
pub(super) const FORMAT: u32 = 4;
/// Longest key that is kept, in bytes; an order's key has at most 256.
const MAX_KEY_BYTES: usize = 1024;
/// Prefix of a key that is shown in hex.
const HEX_PREFIX: &str = "hex:";

/// Where a dead letter is in its topic: `partition-offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeadLetterId {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

impl DeadLetterId {
    /// The id as a key of the store; keys sort by partition, then offset.
    pub(crate) fn to_key(self) -> [u8; 12] {
        let mut key = [0; 12];
        key[..4].copy_from_slice(&self.partition.to_be_bytes());
        key[4..].copy_from_slice(&self.offset.to_be_bytes());
        key
    }

    /// The id in a key of the store.
    pub(super) fn from_key(key: &[u8]) -> Option<Self> {
        let (partition, offset) = key.split_first_chunk::<4>()?;
        Some(Self {
            partition: i32::from_be_bytes(*partition),
            offset: i64::from_be_bytes(offset.try_into().ok()?),
        })
    }
}

impl std::fmt::Display for DeadLetterId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.partition, self.offset)
    }
}

impl FromStr for DeadLetterId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = text
            .split_once('-')
            .filter(|(partition, offset)| number(partition) && number(offset));
        parsed
            .and_then(|(partition, offset)| {
                Some(Self {
                    partition: partition.parse().ok()?,
                    offset: offset.parse().ok()?,
                })
            })
            .ok_or("must be <partition>-<offset>, such as 0-17")
    }
}

/// One dead letter in the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterRow {
    /// When it was written: milliseconds since 1970-01-01 UTC.
    pub timestamp: Option<i64>,
    /// The record's key, as [`key_text`] shows it.
    pub key: Option<String>,
    /// The kind of fault; `None` for a record that is not a dead letter of ours.
    pub code: Option<Code>,
    /// Why, as a sentence.
    pub reason: Option<String>,
    /// The schema id in the record's frame.
    pub schema_id: Option<u32>,
    /// Length of the record's value, in bytes.
    pub size: u64,
    /// How often it was replayed.
    pub replays: u32,
    /// The record's original position.
    pub origin: Option<Position>,
    /// Where the record is that it is a copy of: after a replay, not where it was first. Anyone can claim that, too.
    pub position: Option<RecordPosition>,
    /// Why the record was rejected the first time, if it was replayed since.
    pub first_code: Option<Code>,
    /// What became of it.
    pub state: DeadLetterState,
    /// The mark that says so.
    pub settled: Option<Settled>,
}

impl DeadLetterRow {
    /// The row of a record of the dead-letter topic.
    pub(super) fn of(
        headers: &ParsedHeaders,
        timestamp: Option<i64>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Self {
        let length = || value.map_or(0, <[u8]>::len) as u64;
        Self {
            timestamp,
            key: key.map(key_text),
            code: headers.code,
            reason: headers.reason.clone(),
            schema_id: headers.schema_id,
            size: headers.pointer.as_ref().map_or_else(length, |(_, size)| *size),
            replays: headers.replays,
            origin: headers.origin.clone(),
            position: headers.position.clone(),
            first_code: headers.first_code,
            state: DeadLetterState::unmarked(headers.replays),
            settled: None,
        }
    }

    /// Takes the state that a mark gives it, unless an earlier mark has settled it.
    pub(super) fn settle(&mut self, settlement: Settlement) {
        let Settlement { state, settled } = settlement;
        if self.settled.as_ref().is_none_or(|earlier| settled.mark < earlier.mark) {
            self.state = state;
            self.settled = Some(settled);
        }
    }
}

/// What the index knows of a record that is a replay of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierRejection {
    /// The record's original position.
    pub origin: Position,
    /// How often it had been replayed before that dead letter.
    pub replays: u32,
    /// Why it was rejected the first time; `None` for a record that is not a dead letter of ours.
    pub first_code: Option<Code>,
}

/// A key as text. UTF-8 is shown as it is; anything else, and text that itself begins with `hex:`, as `hex:` and its
/// bytes, so no two keys look the same. Keys above 1,024 bytes, which no order has, are truncated, ending in `…`.
pub fn key_text(key: &[u8]) -> String {
    let kept = &key[..key.len().min(MAX_KEY_BYTES)];
    let cut = kept.len() < key.len();
    let text = match std::str::from_utf8(kept) {
        Ok(text) => Some(text),
        // The cut may fall inside a character.
        Err(error) if cut && error.error_len().is_none() => std::str::from_utf8(&kept[..error.valid_up_to()]).ok(),
        Err(_) => None,
    };
    let mut shown = match text {
        Some(text) if !text.starts_with(HEX_PREFIX) => text.to_owned(),
        _ => kept.iter().fold(HEX_PREFIX.to_owned(), |mut hex, byte| {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        }),
    };
    if cut {
        shown.push('…');
    }
    shown
}

/// How far the topic was read, and counts. One row, updated with every batch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Version of all rows.
    pub(super) format: u32,
    /// The dead-letter topic that the index was built from; empty while it is being discarded.
    pub(super) topic: String,
    /// Offset of the next record to read, by partition.
    pub(super) next: BTreeMap<i32, i64>,
    /// Dead letters that are open or parked.
    pub count: u64,
    /// The same by code. Records that are not ours have no code, and count only in `count`.
    pub by_code: BTreeMap<Code, u64>,
    /// Dead letters by state.
    pub by_state: BTreeMap<DeadLetterState, u64>,
    /// Dead letters that marks name and that were not read yet.
    pub(super) awaited: u64,
}

impl Summary {
    /// An empty index of that topic.
    pub(super) fn of(topic: &str) -> Self {
        Self {
            format: FORMAT,
            topic: topic.to_owned(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_read_and_sorted() {
        let ids = [(0, 0), (0, 9), (0, 10), (1, 0), (i32::MAX, i64::MAX)]
            .map(|(partition, offset)| DeadLetterId { partition, offset });
        for id in ids {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(DeadLetterId::from_key(&id.to_key()), Some(id));
        }
        assert!(ids.map(DeadLetterId::to_key).is_sorted());
    }

    #[test]
    fn an_invalid_id_is_refused() {
        for text in [
            "",
            "-",
            "0",
            "0-",
            "-1",
            "-1-2",
            "0--1",
            "+1-2",
            "a-b",
            "0-1-2",
            "2147483648-0",
            "0-9223372036854775808",
        ] {
            assert!(text.parse::<DeadLetterId>().is_err(), "{text}");
        }
        assert_eq!(DeadLetterId::from_key(b"short"), None);
    }

    #[test]
    fn no_two_keys_look_the_same() {
        for (key, text) in [
            (&b""[..], ""),
            (b"ORD-1", "ORD-1"),
            ("é\0".as_bytes(), "é\0"),
            (&[0xff, 0x00], "hex:ff00"),
            (b"hex:ff00", "hex:6865783a66663030"),
        ] {
            assert_eq!(key_text(key), text);
        }
    }

    #[test]
    fn a_long_key_is_cut_at_a_character_boundary() {
        let text = format!("x{}", "é".repeat(600));
        assert_eq!(key_text(text.as_bytes()), format!("x{}…", "é".repeat(511)));
        assert_eq!(key_text(&[0xff; 2000]), format!("hex:{}…", "ff".repeat(1024)));
    }

    #[test]
    fn a_summary_is_read_back_from_its_row() {
        let mut summary = Summary::of("dlq");
        summary.next.insert(0, 7);
        summary.by_code.insert(Code::NotFramed, 3);
        let row = serde_json::to_vec(&summary).expect("JSON");
        assert_eq!(serde_json::from_slice::<Summary>(&row).expect("a summary"), summary);
    }
}
