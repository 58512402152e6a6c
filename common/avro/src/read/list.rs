//! The entries of arrays and maps, one by one, as a type asks for them.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::{ReadError, Reader};
use crate::input::{Block, Input, ReadErrorKind};
use crate::plan::{Entries, Plans};

/// Maximum number of entries for which a type may reserve memory before they have been read.
const MAX_RESERVED: usize = 1024;

/// The entries of an array or a map, block by block.
pub(super) struct List<'de, 'i> {
    plans: &'de Plans,
    input: &'i mut Input<'de>,
    entries: Entries,
    /// The fewest bytes that an entry's key takes.
    min_key_size: usize,
    block: Block,
    left: usize,
    index: usize,
    ended: bool,
}

impl<'de, 'i> List<'de, 'i> {
    #[inline]
    pub fn new(reader: &'i mut Reader<'de, '_>, entries: Entries, min_key_size: usize) -> Self {
        Self {
            plans: reader.plans,
            input: reader.input,
            entries,
            min_key_size,
            block: Block::default(),
            left: 0,
            index: 0,
            ended: false,
        }
    }

    /// Goes to the next entry, in the next block if need be. False if there is none.
    #[inline]
    fn advance(&mut self) -> Result<bool, ReadErrorKind> {
        if self.left == 0 && !self.ended {
            if self.index > 0 {
                self.block.check(self.input)?;
            }
            self.block = self
                .input
                .block(self.entries.min_size.saturating_add(self.min_key_size))?;
            self.left = self.block.entries;
            self.ended = self.left == 0;
        }
        if self.ended {
            return Ok(false);
        }
        self.left -= 1;
        self.index += 1;
        self.input.count_entry().map(|()| true)
    }

    /// Checks that all entries were read. A type that takes fewer would leave the input inside the list.
    #[inline]
    pub fn end(&mut self) -> Result<(), ReadError> {
        if self.advance()? {
            return Err(ReadErrorKind::PartlyRead.into());
        }
        Ok(())
    }

    fn entry<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let reader = Reader {
            plans: self.plans,
            plan: self.entries.plan,
            input: self.input,
        };
        reader.nested(seed).map_err(|error| error.within_entry(self.index - 1))
    }
}

impl<'de> SeqAccess<'de> for List<'de, '_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        if !self.advance()? {
            return Ok(None);
        }
        self.entry(seed).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(MAX_RESERVED))
    }
}

impl<'de> MapAccess<'de> for List<'de, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        if !self.advance()? {
            return Ok(None);
        }
        let key = self.input.string()?;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        self.entry(seed)
    }
}
