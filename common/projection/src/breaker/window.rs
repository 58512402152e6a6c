//! Which of a partition's last records were dead letters.

use serde::{Deserialize, Serialize};

/// How many records it covers.
pub(crate) const RECORDS: u32 = 2_000;

const WORD: usize = u64::BITS as usize;
const WORDS: usize = (RECORDS as usize).div_ceil(WORD);
/// The bits of the last word that are records of the window.
const LAST_WORD: u64 = u64::MAX >> (WORDS * WORD - RECORDS as usize);

/// The last records of a partition: one bit for each, the newest first, set for a dead letter. On disk it is a list of words of
/// 64 records; those at the end without a dead letter are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u64>", into = "Vec<u64>")]
pub(crate) struct Window {
    words: [u64; WORDS],
    dead_letters: u32,
}

/// A list of words that no window has.
#[derive(Debug, thiserror::Error)]
#[error("a window of more than {RECORDS} records")]
pub(crate) struct TooLong;

impl Window {
    /// How many of its records are dead letters.
    pub fn dead_letters(&self) -> u32 {
        self.dead_letters
    }

    /// Adds the next record; the oldest one leaves.
    pub fn push(&mut self, is_dead_letter: bool) {
        if self.dead_letters == 0 && !is_dead_letter {
            return;
        }
        let leaves = self.words[WORDS - 1] & (LAST_WORD ^ (LAST_WORD >> 1)) != 0;
        let mut carried = u64::from(is_dead_letter);
        for word in &mut self.words {
            let next = *word >> (WORD - 1);
            *word = *word << 1 | carried;
            carried = next;
        }
        self.words[WORDS - 1] &= LAST_WORD;
        self.dead_letters = self.dead_letters + u32::from(is_dead_letter) - u32::from(leaves);
    }
}

impl TryFrom<Vec<u64>> for Window {
    type Error = TooLong;

    fn try_from(stored: Vec<u64>) -> Result<Self, TooLong> {
        let mut words = [0; WORDS];
        words.get_mut(..stored.len()).ok_or(TooLong)?.copy_from_slice(&stored);
        if words[WORDS - 1] > LAST_WORD {
            return Err(TooLong);
        }
        Ok(Self {
            words,
            dead_letters: words.iter().map(|word| word.count_ones()).sum(),
        })
    }
}

impl From<Window> for Vec<u64> {
    fn from(window: Window) -> Self {
        let used = window.words.iter().rposition(|word| *word != 0);
        window.words[..used.map_or(0, |last| last + 1)].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Runs of records of one kind, long enough for records to leave.
    fn records() -> impl Strategy<Value = Vec<bool>> {
        let run = (any::<bool>(), 1..700_usize).prop_map(|(kind, length)| vec![kind; length]);
        let mixed = proptest::collection::vec(any::<bool>(), 1..700);
        proptest::collection::vec(prop_oneof![run, mixed], 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn it_counts_what_is_counted_in_a_list_of_the_last_records(records in records()) {
            let mut window = Window::default();
            for (n, is_dead_letter) in records.iter().enumerate() {
                window.push(*is_dead_letter);
                let oldest = (n + 1).saturating_sub(RECORDS as usize);
                let expected = records[oldest..=n].iter().filter(|dead| **dead).count();
                prop_assert_eq!(window.dead_letters() as usize, expected, "after {} records", n + 1);
            }
            let stored = serde_json::to_string(&window).expect("serializes");
            prop_assert_eq!(serde_json::from_str::<Window>(&stored).expect("reads"), window);
        }
    }

    #[test]
    fn a_dead_letter_leaves_with_the_record_that_is_one_too_many() {
        let mut window = Window::default();
        window.push(true);
        for _ in 1..RECORDS {
            window.push(false);
        }
        assert_eq!(window.dead_letters(), 1);
        window.push(false);
        assert_eq!(window, Window::default());
    }

    #[test]
    fn a_window_that_none_could_be_is_not_read() {
        let full = vec![u64::MAX; WORDS];
        assert!(Window::try_from(full).is_err(), "2,048 records");
        assert!(Window::try_from(vec![0; WORDS + 1]).is_err());
    }
}
