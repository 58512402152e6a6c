//! Reads a datum straight into a type, after a plan: a serde deserializer over the bytes. Nothing is built in between, so
//! what a hostile datum can make us allocate is what the type itself takes.

mod fields;
mod list;

use fields::Fields;
use list::List;
use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::{Fault, Located};
use super::input::Input;
use super::plan::{Plan, PlanId, Plans};

/// One value of the datum, at the place where the input stands.
pub(super) struct Reader<'de, 'i> {
    pub plans: &'de Plans,
    pub plan: PlanId,
    pub input: &'i mut Input<'de>,
}

impl<'de> Reader<'de, '_> {
    /// Reads the value, which lies within another.
    fn within<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Located> {
        let Self { plans, plan, input } = self;
        input.enter()?;
        let reader = Reader {
            plans,
            plan,
            input: &mut *input,
        };
        let value = seed.deserialize(reader)?;
        input.leave();
        Ok(value)
    }

    /// What to do with the value. The branch that a union's datum names is looked through.
    fn plan(&mut self) -> Result<&'de Plan, Located> {
        loop {
            match self.plans.get(self.plan) {
                Plan::Union(branches) => {
                    let branch = self.input.index(branches.len(), "a union has no such branch")?;
                    let branch = branches.get(branch).copied().flatten();
                    self.plan = branch.ok_or(Fault::Is("the branch of the writer's union has no place here"))?;
                }
                Plan::Same(other) => self.plan = *other,
                plan => return Ok(plan),
            }
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
                let mut fields = Fields::new(&mut self, steps, defaults);
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
            Plan::Unreadable(why) => Err(Located::new(&**why)),
            Plan::Union(_) | Plan::Same(_) => Err(Fault::Is("a union lies directly in a union").into()),
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
