//! The bytes of one datum, read from front to back. Every length is held against what is left before anything is done
//! with it, so a lying one costs nothing. The encodings are those of the Avro 1.12 specification, "Binary encoding".

use super::fault::Fault;

/// Most entries of arrays and maps that one datum may bring in. The contract allows an order 100 items; this bounds what
/// a datum of tiny or empty entries may unfold to in memory.
pub(super) const MOST_ENTRIES: u32 = 8_192;

/// How many values may lie within one another. It bounds the stack that reading takes, whatever the types are.
pub(super) const DEEPEST: usize = 128;

/// What is left of a datum.
pub(super) struct Input<'d> {
    rest: &'d [u8],
    entries_left: u32,
    depth_left: usize,
}

impl<'d> Input<'d> {
    pub fn new(datum: &'d [u8]) -> Self {
        Self {
            rest: datum,
            entries_left: MOST_ENTRIES,
            depth_left: DEEPEST,
        }
    }

    /// How many bytes are left.
    #[inline]
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub fn take(&mut self, count: usize) -> Result<&'d [u8], Fault> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Fault::Ends)?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Fault::Ends)?;
        self.rest = rest;
        Ok(*taken)
    }

    #[inline]
    pub fn boolean(&mut self) -> Result<bool, Fault> {
        match self.array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Fault::Is("a boolean is neither 0 nor 1")),
        }
    }

    #[inline]
    pub fn int(&mut self) -> Result<i32, Fault> {
        i32::try_from(self.long()?).map_err(|_| Fault::Is("an int does not fit 32 bits"))
    }

    /// A variable-length zig-zag number of at most 64 bits.
    #[inline]
    pub fn long(&mut self) -> Result<i64, Fault> {
        match self.rest {
            // Most numbers are lengths, indexes and counts.
            [byte, rest @ ..] if byte & 0x80 == 0 => {
                self.rest = rest;
                Ok(unzigzag(u64::from(*byte)))
            }
            _ => self.longer(),
        }
    }

    fn longer(&mut self) -> Result<i64, Fault> {
        let mut bits = 0_u64;
        for (n, &byte) in self.rest.iter().enumerate() {
            let low = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit only.
            if n == 9 && byte > 1 {
                return Err(Fault::Is("a number does not fit 64 bits"));
            }
            bits |= low << (7 * n);
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(n + 1..).unwrap_or_default();
                return Ok(unzigzag(bits));
            }
        }
        Err(Fault::Ends)
    }

    pub fn float(&mut self) -> Result<f32, Fault> {
        self.array().map(f32::from_le_bytes)
    }

    pub fn double(&mut self) -> Result<f64, Fault> {
        self.array().map(f64::from_le_bytes)
    }

    /// Bytes with their length before them.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'d [u8], Fault> {
        let length = self.long()?;
        let length = usize::try_from(length).map_err(|_| Fault::Is("a length is negative"))?;
        self.take(length)
    }

    #[inline]
    pub fn string(&mut self) -> Result<&'d str, Fault> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Fault::Is("a string is not UTF-8"))
    }

    /// An index below `count`: of a union's branch, or of an enum's symbol.
    #[inline]
    pub fn index(&mut self, count: usize, what: &'static str) -> Result<usize, Fault> {
        let index = usize::try_from(self.int()?).ok().filter(|index| *index < count);
        index.ok_or(Fault::Is(what))
    }

    /// The head of an array's or map's next block. `least` is the fewest bytes that one entry takes.
    pub fn block(&mut self, least: usize) -> Result<Block, Fault> {
        let count = self.long()?;
        let end = if count < 0 {
            let size = self.long()?;
            let size = usize::try_from(size).map_err(|_| Fault::Is("the size of a block is negative"))?;
            Some(self.left().checked_sub(size).ok_or(Fault::Ends)?)
        } else {
            None
        };
        let entries = usize::try_from(count.unsigned_abs()).map_err(|_| Fault::Ends)?;
        let room = self.left() - end.unwrap_or(0);
        if least > 0 && entries > room / least {
            return Err(Fault::Ends);
        }
        Ok(Block { entries, end })
    }

    /// Begins a value that lies within another. Where it ends, [`Input::leave`] says so.
    #[inline]
    pub fn enter(&mut self) -> Result<(), Fault> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or(Fault::TooDeep)?;
        Ok(())
    }

    #[inline]
    pub fn leave(&mut self) {
        self.depth_left += 1;
    }

    /// Counts an entry that is brought in.
    #[inline]
    pub fn count_entry(&mut self) -> Result<(), Fault> {
        self.entries_left = self.entries_left.checked_sub(1).ok_or(Fault::TooMany)?;
        Ok(())
    }
}

fn unzigzag(bits: u64) -> i64 {
    (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
}

/// A block of an array or a map.
#[derive(Clone, Copy, Default)]
pub(super) struct Block {
    /// How many entries it has; 0 ends the array.
    pub entries: usize,
    /// How many bytes must be left after it, where it says its size.
    end: Option<usize>,
}

impl Block {
    /// Checks, behind its last entry, that the block was as long as it said.
    pub fn check(self, input: &Input<'_>) -> Result<(), Fault> {
        if self.end.is_none_or(|end| end == input.left()) {
            return Ok(());
        }
        Err(Fault::Is("a block has another size than it says"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_specification_s_examples_have_them() {
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
        assert!(matches!(Input::new(&[0xff; 11]).long(), Err(Fault::Is(_))));
        assert_eq!(Input::new(&[0xff; 9]).long(), Err(Fault::Ends));
        assert!(matches!(
            Input::new(&[0xfe, 0xff, 0xff, 0xff, 0x1f]).int(),
            Err(Fault::Is(_))
        ));
    }

    #[test]
    fn a_length_beyond_the_end_is_refused_before_anything_is_read() {
        // 2^40
        assert_eq!(
            Input::new(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x40]).bytes(),
            Err(Fault::Ends)
        );
        assert!(matches!(Input::new(&[0x01]).bytes(), Err(Fault::Is(_))));
    }

    #[test]
    fn a_block_cannot_have_more_entries_than_there_are_bytes() {
        assert!(matches!(Input::new(&[0x06, 0, 0]).block(1), Err(Fault::Ends)));
        assert_eq!(Input::new(&[0x06, 0, 0, 0]).block(1).map(|block| block.entries), Ok(3));
        // -1 entry of 5 bytes, but only 1 is left.
        assert!(matches!(Input::new(&[0x01, 0x0a, 0]).block(1), Err(Fault::Ends)));
        // i64::MIN entries
        let least = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00];
        assert!(matches!(Input::new(&least).block(1), Err(Fault::Ends)));
    }

    #[test]
    fn a_block_that_says_its_size_must_have_it() {
        let mut input = Input::new(&[0x01, 0x02, 0x00, 0x00]);
        let block = input.block(1).expect("a block");
        assert!(block.check(&input).is_err());
        input.take(1).expect("its entry");
        assert!(block.check(&input).is_ok());
    }
}
