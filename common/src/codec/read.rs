//! Reads a datum straight into a type, after a plan: a serde deserializer over the bytes. Nothing is built in between, so
//! what a hostile datum can make us allocate is what the type itself takes.

use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Value as Json;

use super::fault::{Fault, Located};
use super::input::{Block, Input};
use super::plan::{Entries, Plan, PlanId, Plans, Step};

/// Most room that is made for a list before its entries were read.
const MOST_RESERVED: usize = 1024;

/// One value of the datum, at the place where the input stands.
pub(super) struct Reader<'de, 'i> {
    pub plans: &'de Plans,
    pub plan: PlanId,
    pub input: &'i mut Input<'de>,
}

impl<'de> Reader<'de, '_> {
    /// What to do with the value. The branch that a union's datum names is looked through.
    fn plan(&mut self) -> Result<&'de Plan, Located> {
        loop {
            let plan = self.plans.get(self.plan);
            let Plan::Union(branches) = plan else { return Ok(plan) };
            let branch = self.input.index(branches.len(), "a union has no such branch")?;
            let branch = branches.get(branch).copied().flatten();
            self.plan = branch.ok_or(Fault::Is("the branch of the writer's union has no place here"))?;
        }
    }

    fn bytes(&mut self, plan: &Plan) -> Result<&'de [u8], Fault> {
        match plan {
            Plan::Fixed(size) => self.input.take(*size),
            _ => self.input.bytes(),
        }
    }

    fn visit<V: Visitor<'de>>(mut self, plan: &'de Plan, visitor: V) -> Result<V::Value, Located> {
        match plan {
            Plan::Null => visitor.visit_unit(),
            Plan::Boolean => visitor.visit_bool(self.input.boolean()?),
            Plan::Int => visitor.visit_i32(self.input.int()?),
            Plan::Long => visitor.visit_i64(self.input.long()?),
            Plan::Float => visitor.visit_f32(self.input.float()?),
            Plan::Double => visitor.visit_f64(self.input.double()?),
            // Rounding to the nearest is what Avro's promotions mean.
            Plan::IntAsFloat => visitor.visit_f32(self.input.int()? as f32),
            Plan::IntAsDouble => visitor.visit_f64(f64::from(self.input.int()?)),
            Plan::LongAsFloat => visitor.visit_f32(self.input.long()? as f32),
            Plan::LongAsDouble => visitor.visit_f64(self.input.long()? as f64),
            Plan::FloatAsDouble => visitor.visit_f64(f64::from(self.input.float()?)),
            Plan::String | Plan::BytesAsString => visitor.visit_borrowed_str(self.input.string()?),
            Plan::Bytes | Plan::StringAsBytes | Plan::Fixed(_) => {
                let bytes = self.bytes(plan)?.iter().copied();
                visitor.visit_seq(SeqDeserializer::new(bytes))
            }
            Plan::Enum(symbols) => visitor.visit_borrowed_str(self.symbol(symbols)?),
            Plan::Record { steps, defaults, .. } => {
                let mut fields = Fields {
                    plans: self.plans,
                    input: self.input,
                    steps: steps.iter(),
                    reading: None,
                    defaults: defaults.iter(),
                    default: None,
                };
                let value = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| value)
            }
            Plan::Array(entries) => {
                let mut list = List::new(&mut self, *entries, 0);
                let value = visitor.visit_seq(&mut list)?;
                list.end().map(|()| value)
            }
            Plan::Map(entries) => {
                let mut list = List::new(&mut self, *entries, 1);
                let value = visitor.visit_map(&mut list)?;
                list.end().map(|()| value)
            }
            Plan::Union(_) => Err(Fault::Is("a union lies directly in a union").into()),
        }
    }

    fn symbol(&mut self, symbols: &'de [Option<Box<str>>]) -> Result<&'de str, Fault> {
        let index = self.input.index(symbols.len(), "an enum has no such symbol")?;
        let symbol = symbols.get(index).and_then(Option::as_deref);
        symbol.ok_or(Fault::Is("the reader's enum has neither that symbol nor a default"))
    }
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Located;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Located> {
        let plan = self.plan()?;
        self.visit(plan, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Located> {
        match self.plan()? {
            Plan::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Located> {
        match self.plan()? {
            Plan::Enum(symbols) => visitor.visit_enum(Symbol(self.symbol(symbols)?)),
            plan => self.visit(plan, visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Located> {
        match self.plan()? {
            plan @ (Plan::Bytes | Plan::StringAsBytes | Plan::Fixed(_)) => {
                visitor.visit_borrowed_bytes(self.bytes(plan)?)
            }
            plan => self.visit(plan, visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Located> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Located> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

/// A symbol, as a variant without contents.
struct Symbol<'de>(&'de str);

impl<'de> EnumAccess<'de> for Symbol<'de> {
    type Error = Located;
    type Variant = <StrDeserializer<'de, Located> as EnumAccess<'de>>::Variant;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Located> {
        let symbol: StrDeserializer<'de, Located> = self.0.into_deserializer();
        symbol.variant_seed(seed)
    }
}

/// A record's fields: the writer's, then the defaults of those that it does not write.
struct Fields<'de, 'i> {
    plans: &'de Plans,
    input: &'i mut Input<'de>,
    steps: std::slice::Iter<'de, Step>,
    /// The field whose value comes next.
    reading: Option<(&'de str, PlanId)>,
    defaults: std::slice::Iter<'de, (Box<str>, Json)>,
    default: Option<&'de Json>,
}

impl Fields<'_, '_> {
    /// Checks that all of it was read. A type that takes fewer fields would leave the input within the record.
    fn end(&self) -> Result<(), Located> {
        if self.reading.is_none() && self.steps.len() == 0 {
            return Ok(());
        }
        Err(Fault::Is("the value has more fields than are read").into())
    }
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = Located;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Located> {
        let name = |name: &'de str| seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some);
        for step in self.steps.by_ref() {
            match step {
                Step::Read(field, plan) => {
                    self.reading = Some((field, *plan));
                    return name(field);
                }
                Step::Skip(field, shape) => {
                    let skipped = self.plans.shapes.skip(*shape, self.input);
                    skipped.map_err(|fault| Located::from(fault).within(field))?;
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

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Located> {
        if let Some((field, plan)) = self.reading.take() {
            let reader = Reader {
                plans: self.plans,
                plan,
                input: self.input,
            };
            return seed.deserialize(reader).map_err(|fault| fault.within(field));
        }
        let default = self
            .default
            .take()
            .ok_or(Fault::Is("a value was asked for without its name"))?;
        seed.deserialize(default)
            .map_err(|_| Located::new("a default does not fit the field"))
    }
}

/// The entries of an array or a map, block by block.
struct List<'de, 'i> {
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
    fn new(reader: &'i mut Reader<'de, '_>, entries: Entries, key: usize) -> Self {
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
    fn end(&mut self) -> Result<(), Located> {
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
        seed.deserialize(reader)
            .map_err(|fault| fault.within_entry(self.index - 1))
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
