//! A record's fields, one by one, as a type asks for them.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess};
use serde_json::Value as Json;

use super::{ReadError, Reader};
use crate::input::{Input, ReadErrorKind};
use crate::plan::{PlanId, Plans, Step};

/// A record's fields: the writer's, then the defaults of those that it does not write.
pub(super) struct Fields<'de, 'i> {
    plans: &'de Plans,
    input: &'i mut Input<'de>,
    steps: std::slice::Iter<'de, Step>,
    /// The field whose value comes next.
    reading: Option<(&'de str, PlanId)>,
    defaults: std::slice::Iter<'de, (Box<str>, Json)>,
    default: Option<&'de Json>,
}

impl<'de, 'i> Fields<'de, 'i> {
    #[inline]
    pub fn new(reader: &'i mut Reader<'de, '_>, steps: &'de [Step], defaults: &'de [(Box<str>, Json)]) -> Self {
        Self {
            plans: reader.plans,
            input: reader.input,
            steps: steps.iter(),
            reading: None,
            defaults: defaults.iter(),
            default: None,
        }
    }

    /// Checks that all fields were read. A type that takes fewer would leave the input inside the record.
    #[inline]
    pub fn end(&self) -> Result<(), ReadError> {
        if self.reading.is_none() && self.steps.len() == 0 {
            return Ok(());
        }
        Err(ReadErrorKind::PartlyRead.into())
    }
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        let name = |name: &'de str| seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some);
        for step in self.steps.by_ref() {
            match step {
                Step::Read(field, plan) => {
                    self.reading = Some((field, *plan));
                    return name(field);
                }
                Step::Skip(field, shape) => {
                    let skipped = self.plans.shapes.skip(*shape, self.input);
                    skipped.map_err(|kind| ReadError::from(kind).within(field))?;
                }
            }
        }
        match self.defaults.next() {
            Some((field, default)) => {
                self.default = Some(default);
                name(field)
            }
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        if let Some((field, plan)) = self.reading.take() {
            let reader = Reader {
                plans: self.plans,
                plan,
                input: self.input,
            };
            return reader.nested(seed).map_err(|error| error.within(field));
        }
        let default = self.default.take().ok_or(ReadErrorKind::TargetType)?;
        seed.deserialize(default).map_err(|_| ReadErrorKind::TargetType.into())
    }
}
