//! The bytes of one datum, read from front to back. Every length is checked against what is left before it is used, so
//! a false length costs nothing. The encodings are those of the Avro 1.12 specification, "Binary encoding".

mod error;

pub use error::ReadErrorKind;

/// Maximum number of array and map entries that are read from one datum; those of fields that the reader lacks do not
/// count. It bounds the memory that a datum of tiny or empty entries can unfold to.
pub const MAX_ENTRIES: u32 = 8_192;

/// Maximum depth to which the values of a datum, and the types of two schemas that are resolved, may be nested. It bounds the
/// stack that reading takes, whatever the types are. (A list that is linked by its last field and skipped does not count.)
pub const MAX_DEPTH: usize = 128;

/// What is left of a datum.
pub(crate) struct Input<'d> {
    rest: &'d [u8],
    entries_left: u32,
    depth_left: usize,
}

impl<'d> Input<'d> {
    #[inline]
    pub fn new(datum: &'d [u8]) -> Self {
        Self {
            rest: datum,
            entries_left: MAX_ENTRIES,
            depth_left: MAX_DEPTH,
        }
    }

    /// How many bytes are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'d [u8], ReadErrorKind> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(ReadErrorKind::UnexpectedEnd)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadErrorKind> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(ReadErrorKind::UnexpectedEnd)?;
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub fn boolean(&mut self) -> Result<bool, ReadErrorKind> {
        match self.array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(ReadErrorKind::InvalidBoolean),
        }
    }

    #[inline]
    pub fn int(&mut self) -> Result<i32, ReadErrorKind> {
        i32::try_from(self.long()?).map_err(|_| ReadErrorKind::IntOverflow)
    }

    /// A variable-length zig-zag number of at most 64 bits.
    #[inline]
    pub fn long(&mut self) -> Result<i64, ReadErrorKind> {
        match self.rest {
            // Most numbers are lengths, indexes and counts.
            [byte, rest @ ..] if byte & 0x80 == 0 => {
                self.rest = rest;
                Ok(unzigzag(u64::from(*byte)))
            }
            _ => self.long_slow(),
        }
    }

    #[inline]
    fn long_slow(&mut self) -> Result<i64, ReadErrorKind> {
        let mut bits = 0_u64;
        for (n, &byte) in self.rest.iter().enumerate() {
            let low = u64::from(byte & 0x7f);
            // Of the tenth byte, only one bit fits.
            if n == 9 && byte > 1 {
                return Err(ReadErrorKind::VarintOverflow);
            }
            bits |= low << (7 * n);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(n + 1..).unwrap_or_default();
                return Ok(unzigzag(bits));
            }
        }
        Err(ReadErrorKind::UnexpectedEnd)
    }

    #[inline]
    pub fn float(&mut self) -> Result<f32, ReadErrorKind> {
        self.array().map(f32::from_le_bytes)
    }

    #[inline]
    pub fn double(&mut self) -> Result<f64, ReadErrorKind> {
        self.array().map(f64::from_le_bytes)
    }

    /// Bytes, prefixed with their length.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'d [u8], ReadErrorKind> {
        let length = self.long()?;
        let length = usize::try_from(length).map_err(|_| ReadErrorKind::NegativeLength)?;
        self.take(length)
    }

    #[inline]
    pub fn string(&mut self) -> Result<&'d str, ReadErrorKind> {
        std::str::from_utf8(self.bytes()?).map_err(|_| ReadErrorKind::InvalidUtf8)
    }

    /// An index below `count`, of a union's branch or an enum's symbol.
    #[inline]
    pub fn index(&mut self, count: usize, out_of_range: ReadErrorKind) -> Result<usize, ReadErrorKind> {
        let index = usize::try_from(self.int()?).ok().filter(|index| *index < count);
        index.ok_or(out_of_range)
    }

    /// The header of the next block of an array or a map. `min_size` is the fewest bytes that an entry takes.
    #[inline]
    pub fn block(&mut self, min_size: usize) -> Result<Block, ReadErrorKind> {
        let count = self.long()?;
        let end = if count < 0 {
            let size = self.long()?;
            let size = usize::try_from(size).map_err(|_| ReadErrorKind::InvalidBlockSize)?;
            Some(self.remaining().checked_sub(size).ok_or(ReadErrorKind::UnexpectedEnd)?)
        } else {
            None
        };
        let entries = usize::try_from(count.unsigned_abs()).map_err(|_| ReadErrorKind::UnexpectedEnd)?;
        let available = self.remaining() - end.unwrap_or(0);
        if min_size > 0 && entries > available / min_size {
            return Err(ReadErrorKind::UnexpectedEnd);
        }
        Ok(Block { entries, end })
    }

    /// Begins a value inside another; [`Input::leave_nested`] ends it.
    #[inline]
    pub fn enter_nested(&mut self) -> Result<(), ReadErrorKind> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(ReadErrorKind::TooDeep)?;
        Ok(())
    }

    #[inline]
    pub fn leave_nested(&mut self) {
        self.depth_left += 1;
    }

    /// Counts an entry that is read.
    #[inline]
    pub fn count_entry(&mut self) -> Result<(), ReadErrorKind> {
        self.entries_left = self.entries_left.checked_sub(1).ok_or(ReadErrorKind::TooManyEntries)?;
        Ok(())
    }
}

#[inline]
fn unzigzag(bits: u64) -> i64 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}

/// A block of an array or a map.
#[derive(Clone, Copy, Default)]
pub(crate) struct Block {
    /// How many entries it has; 0 ends the array or map.
    pub entries: usize,
    /// How many bytes must be left after it, if it states its size.
    end: Option<usize>,
}

impl Block {
    /// Checks, after the last entry, that the block had the size that it stated.
    #[inline]
    pub fn check(self, input: &Input<'_>) -> Result<(), ReadErrorKind> {
        if self.end.is_none_or(|end| end == input.remaining()) {
            return Ok(());
        }
        Err(ReadErrorKind::InvalidBlockSize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specifications_example_numbers_are_read() {
        for (bytes, number) in [
            (&[0x00][..], 0),
            (&[0x01], -1),
            (&[0x02], 1),
            (&[0x7f], -64),
            (&[0x80, 0x01], 64),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], i64::MIN),
            (&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], i64::MAX),
        ] {
            assert_eq!(Input::new(bytes).long(), Ok(number));
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        assert!(matches!(
            Input::new(&[0xff; 11]).long(),
            Err(ReadErrorKind::VarintOverflow)
        ));
        assert_eq!(Input::new(&[0xff; 9]).long(), Err(ReadErrorKind::UnexpectedEnd));
        assert!(matches!(
            Input::new(&[0xfe, 0xff, 0xff, 0xff, 0x1f]).int(),
            Err(ReadErrorKind::IntOverflow)
        ));
    }

    #[test]
    fn a_length_beyond_the_end_is_refused_before_anything_is_read() {
        // 2^40
        assert_eq!(
            Input::new(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x40]).bytes(),
            Err(ReadErrorKind::UnexpectedEnd)
        );
        assert!(matches!(
            Input::new(&[0x01]).bytes(),
            Err(ReadErrorKind::NegativeLength)
        ));
    }

    #[test]
    fn a_block_cannot_have_more_entries_than_there_are_bytes() {
        assert!(matches!(
            Input::new(&[0x06, 0, 0]).block(1),
            Err(ReadErrorKind::UnexpectedEnd)
        ));
        assert_eq!(Input::new(&[0x06, 0, 0, 0]).block(1).map(|block| block.entries), Ok(3));
        // -1 entry of 5 bytes, but only 1 is left.
        assert!(matches!(
            Input::new(&[0x01, 0x0a, 0]).block(1),
            Err(ReadErrorKind::UnexpectedEnd)
        ));
        // i64::MIN entries
        let least = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00];
        assert!(matches!(Input::new(&least).block(1), Err(ReadErrorKind::UnexpectedEnd)));
    }

    #[test]
    fn a_block_that_states_its_size_must_have_it() {
        let mut input = Input::new(&[0x01, 0x02, 0x00, 0x00]);
        let block = input.block(1).expect("a block");
        assert!(block.check(&input).is_err());
        input.take(1).expect("its entry");
        assert!(block.check(&input).is_ok());
    }
}
