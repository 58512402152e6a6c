//! Reads a datum straight into a type, by a plan: a serde deserializer over the bytes. Nothing is built in between, so
//! a hostile datum cannot make it allocate more than the type itself takes.

mod error;
mod fields;
mod json;
mod list;

use serde::de::value::{SeqDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::input::{Input, ReadErrorKind};
use crate::matching::Conversion;
use crate::plan::{Plan, PlanId, Plans};

use fields::Fields;
use list::List;

pub use error::ReadError;
pub use json::{MAX_JSON_BYTES, to_json};

/// Reads a datum, which must end with the last byte.
pub fn read<'de, T: Deserialize<'de>>(plans: &'de Plans, plan: PlanId, datum: &'de [u8]) -> Result<T, ReadError> {
    let mut input = Input::new(datum);
    let reader = Reader {
        plans,
        plan,
        input: &mut input,
    };
    let read = T::deserialize(reader);
    let error = match read {
        Ok(value) if input.remaining() == 0 => return Ok(value),
        Ok(_) => ReadErrorKind::TrailingBytes.into(),
        Err(error) => error,
    };
    Err(error.at(datum.len() - input.remaining(), datum.len()))
}

/// The next value of the input.
struct Reader<'de, 'i> {
    plans: &'de Plans,
    plan: PlanId,
    input: &'i mut Input<'de>,
}

impl<'de> Reader<'de, '_> {
    /// Reads the value, which is inside another.
    fn nested<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ReadError> {
        let Self { plans, plan, input } = self;
        input.enter_nested()?;
        let reader = Reader {
            plans,
            plan,
            input: &mut *input,
        };
        let value = seed.deserialize(reader)?;
        input.leave_nested();
        Ok(value)
    }

    /// The plan for the value. For a union, that of the branch that the datum names.
    #[inline]
    fn plan(&mut self) -> Result<&'de Plan, ReadError> {
        loop {
            match self.plans.get(self.plan) {
                Plan::Union(branches) => {
                    let branch = self.input.index(branches.len(), ReadErrorKind::UnionIndexOutOfRange)?;
                    let branch = branches.get(branch).copied().flatten();
                    self.plan = branch.ok_or(ReadErrorKind::UnreadableBranch)?;
                }
                Plan::Same(other) => self.plan = *other,
                plan => return Ok(plan),
            }
        }
    }

    #[inline]
    fn bytes(&mut self, plan: &Plan) -> Result<&'de [u8], ReadErrorKind> {
        match plan {
            Plan::Fixed(size) => self.input.take(*size),
            _ => self.input.bytes(),
        }
    }

    fn visit<V: Visitor<'de>>(mut self, plan: &'de Plan, visitor: V) -> Result<V::Value, ReadError> {
        match plan {
            Plan::Scalar(conversion) => match conversion {
                Conversion::Null => visitor.visit_unit(),
                Conversion::Boolean => visitor.visit_bool(self.input.boolean()?),
                Conversion::Int => visitor.visit_i32(self.input.int()?),
                Conversion::Long => visitor.visit_i64(self.input.long()?),
                Conversion::Float => visitor.visit_f32(self.input.float()?),
                Conversion::Double => visitor.visit_f64(self.input.double()?),
                // Avro's promotions round to the nearest.
                Conversion::IntToFloat => visitor.visit_f32(self.input.int()? as f32),
                Conversion::IntToDouble => visitor.visit_f64(f64::from(self.input.int()?)),
                Conversion::LongToFloat => visitor.visit_f32(self.input.long()? as f32),
                Conversion::LongToDouble => visitor.visit_f64(self.input.long()? as f64),
                Conversion::FloatToDouble => visitor.visit_f64(f64::from(self.input.float()?)),
                Conversion::String | Conversion::BytesToString => visitor.visit_borrowed_str(self.input.string()?),
                Conversion::Bytes | Conversion::StringToBytes => self.visit_bytes(plan, visitor),
            },
            Plan::Fixed(_) => self.visit_bytes(plan, visitor),
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
            Plan::Unreadable(source) => Err(ReadError::unreadable((**source).clone())),
            Plan::Union(_) | Plan::Same(_) => Err(ReadErrorKind::UnreadableBranch.into()),
        }
    }

    /// A type that does not ask for bytes gets them one by one.
    fn visit_bytes<V: Visitor<'de>>(&mut self, plan: &Plan, visitor: V) -> Result<V::Value, ReadError> {
        let bytes = self.bytes(plan)?.iter().copied();
        visitor.visit_seq(SeqDeserializer::new(bytes))
    }

    #[inline]
    fn symbol(&mut self, symbols: &'de [Option<Box<str>>]) -> Result<&'de str, ReadErrorKind> {
        let index = self.input.index(symbols.len(), ReadErrorKind::EnumIndexOutOfRange)?;
        let symbol = symbols.get(index).and_then(Option::as_deref);
        symbol.ok_or(ReadErrorKind::UnknownSymbol)
    }
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, ReadError> {
        let plan = self.plan()?;
        self.visit(plan, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, ReadError> {
        match self.plan()? {
            Plan::Scalar(Conversion::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.plan()? {
            Plan::Enum(symbols) => visitor.visit_enum(Symbol(self.symbol(symbols)?)),
            plan => self.visit(plan, visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, ReadError> {
        match self.plan()? {
            plan @ (Plan::Scalar(Conversion::Bytes | Conversion::StringToBytes) | Plan::Fixed(_)) => {
                visitor.visit_borrowed_bytes(self.bytes(plan)?)
            }
            plan => self.visit(plan, visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

/// A symbol, as a variant without data.
struct Symbol<'de>(&'de str);

impl<'de> EnumAccess<'de> for Symbol<'de> {
    type Error = ReadError;
    type Variant = <StrDeserializer<'de, ReadError> as EnumAccess<'de>>::Variant;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), ReadError> {
        let symbol: StrDeserializer<'de, ReadError> = self.0.into_deserializer();
        symbol.variant_seed(seed)
    }
}
