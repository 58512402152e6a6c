//! What a struct asks a deserializer for: its name, its fields with their types, its enums with their variants. It
//! finds out by being that deserializer, because Rust cannot list a type's fields. It compares nothing.

use std::fmt;

use serde::de::value::{Error, StrDeserializer};
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

/// A type as serde sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `bool`, `i32`, `i64`, `f32`, `f64` or `String`, by Avro's name for it.
    Primitive(&'static str),
    /// `Uuid`: in a format that is not for humans it asks for 16 bytes.
    Uuid,
    /// `Option`.
    Optional(Box<Asked>),
    /// `Vec`.
    List(Box<Asked>),
    /// A struct: its name, its fields in their order.
    Record(&'static str, Vec<(&'static str, Asked)>),
    /// An enum without data: its name, its variants in their order.
    Enum(&'static str, &'static [&'static str]),
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primitive(name) | Self::Record(name, _) | Self::Enum(name, _) => f.write_str(name),
            Self::Uuid => f.write_str("uuid"),
            Self::Optional(inner) => write!(f, "optional {inner}"),
            Self::List(inner) => write!(f, "list of {inner}"),
        }
    }
}

/// What the type asks for. It must not contain itself.
///
/// # Errors
/// When the type, or one inside it, cannot be described by an Avro schema.
pub fn asked<'de, T: Deserialize<'de>>() -> Result<Asked, Error> {
    let mut found = None;
    T::deserialize(Probe(&mut found))?;
    found.ok_or_else(|| de::Error::custom("it asks for nothing"))
}

struct Probe<'a>(&'a mut Option<Asked>);

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let expected: &dyn de::Expected = &visitor;
        Err(de::Error::custom(format!("no Avro type is {expected}")))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        *self.0 = Some(Asked::Primitive("boolean"));
        visitor.visit_bool(false)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        *self.0 = Some(Asked::Primitive("int"));
        visitor.visit_i32(0)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        *self.0 = Some(Asked::Primitive("long"));
        visitor.visit_i64(0)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        *self.0 = Some(Asked::Primitive("float"));
        visitor.visit_f32(0.0)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        *self.0 = Some(Asked::Primitive("double"));
        visitor.visit_f64(0.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        *self.0 = Some(Asked::Primitive("string"));
        visitor.visit_str("")
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        *self.0 = Some(Asked::Uuid);
        visitor.visit_bytes(&[0; 16])
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut inner = None;
        let value = visitor.visit_some(Probe(&mut inner))?;
        *self.0 = inner.map(|it| Asked::Optional(Box::new(it)));
        Ok(value)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut items = Items(None);
        let value = visitor.visit_seq(&mut items)?;
        *self.0 = items.0.map(|it| Asked::List(Box::new(it)));
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut found = Fields {
            left: fields,
            found: Vec::new(),
        };
        let value = visitor.visit_map(&mut found)?;
        *self.0 = Some(Asked::Record(name, found.found));
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Some(Asked::Enum(name, variants));
        let first = variants
            .first()
            .ok_or_else(|| de::Error::custom("an enum without variants"))?;
        visitor.visit_enum(FirstVariant(first))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn is_human_readable(&self) -> bool {
        false // as Avro's binary encoding
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u32 u64 u128 char str byte_buf unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

/// A list of one item.
struct Items(Option<Asked>);

impl<'de> SeqAccess<'de> for Items {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        match self.0 {
            None => seed.deserialize(Probe(&mut self.0)).map(Some),
            Some(_) => Ok(None),
        }
    }
}

/// Every field of a struct.
struct Fields {
    left: &'static [&'static str],
    found: Vec<(&'static str, Asked)>,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(name) = self.left.first() else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Error> = (*name).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (name, left) = self.left.split_first().expect("a key was asked for first");
        self.left = left;
        let mut found = None;
        let value = seed
            .deserialize(Probe(&mut found))
            .map_err(|error| de::Error::custom(format!("{name}: {error}")))?;
        self.found.extend(found.map(|it| (*name, it)));
        Ok(value)
    }
}

/// An enum's first variant, which must carry no data.
struct FirstVariant(&'static str);

impl<'de> EnumAccess<'de> for FirstVariant {
    type Error = Error;
    type Variant = <StrDeserializer<'de, Error> as EnumAccess<'de>>::Variant;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Error> {
        let name: StrDeserializer<'de, Error> = self.0.into_deserializer();
        name.variant_seed(seed)
    }
}

#[test]
fn a_struct_is_seen_as_it_is_written() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Parcel {
        parcel_id: uuid::Uuid,
        labels: Vec<Option<String>>,
        size: Size,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Size {
        VerySmall,
        Large,
    }
    let text = Asked::Primitive("string");
    let labels = Asked::List(Box::new(Asked::Optional(Box::new(text))));
    let size = Asked::Enum("Size", &["VERY_SMALL", "LARGE"]);
    let fields = vec![("parcelId", Asked::Uuid), ("labels", labels), ("size", size)];
    assert_eq!(asked::<Parcel>(), Ok(Asked::Record("Parcel", fields)));
}

#[test]
fn a_type_that_avro_lacks_is_named_with_its_field() {
    #[derive(Debug, serde::Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Counted {
        count: u64,
    }
    assert_eq!(
        asked::<Counted>().expect_err("u64").to_string(),
        "count: no Avro type is u64"
    );
}
