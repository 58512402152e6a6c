//! The entries of arrays and maps, one after the other, as a type asks for them.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::Reader;
use crate::fault::{Fault, Located};
use crate::input::{Block, Input};
use crate::plan::{Entries, Plans};

/// Most room that is made for a list before its entries were read.
const MOST_RESERVED: usize = 1024;

/// The entries of an array or a map, block by block.
pub(super) struct List<'de, 'i> {
    plans: &'de Plans,
    input: &'i mut Input<'de>,
    entries: Entries,
    /// The fewest bytes of an entry's key.
    key: usize,
    block: Block,
    left: usize,
    index: usize,
    ended: bool,
}

impl<'de, 'i> List<'de, 'i> {
    pub fn new(reader: &'i mut Reader<'de, '_>, entries: Entries, key: usize) -> Self {
        Self {
            plans: reader.plans,
            input: reader.input,
            entries,
            key,
            block: Block::default(),
            left: 0,
            index: 0,
            ended: false,
        }
    }

    /// Whether there is another entry. At a block's end it goes on to the next.
    fn advance(&mut self) -> Result<bool, Fault> {
        if self.left == 0 && !self.ended {
            if self.index > 0 {
                self.block.check(self.input)?;
            }
            self.block = self.input.block(self.entries.least.saturating_add(self.key))?;
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

    /// Checks that all of it was read. A type that takes fewer entries would leave the input within the list.
    pub fn end(&mut self) -> Result<(), Located> {
        if self.advance()? {
            return Err(Fault::Is("the value has more entries than are read").into());
        }
        Ok(())
    }

    fn entry<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Located> {
        let reader = Reader {
            plans: self.plans,
            plan: self.entries.plan,
            input: self.input,
        };
        reader.within(seed).map_err(|fault| fault.within_entry(self.index - 1))
    }
}

impl<'de> SeqAccess<'de> for List<'de, '_> {
    type Error = Located;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Located> {
        if !self.advance()? {
            return Ok(None);
        }
        self.entry(seed).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left.min(MOST_RESERVED))
    }
}

impl<'de> MapAccess<'de> for List<'de, '_> {
    type Error = Located;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Located> {
        if !self.advance()? {
            return Ok(None);
        }
        let key = self.input.string()?;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Located> {
        self.entry(seed)
    }
}
