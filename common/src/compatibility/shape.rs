//! What a type is on the wire, its logical type set aside: for schema resolution only that counts.

use apache_avro::Schema;
use apache_avro::schema::{
    DecimalSchema, EnumSchema, FixedSchema, InnerDecimalSchema, Name, RecordSchema, UnionSchema, UuidSchema,
};

/// A type by its encoding (Avro 1.12, "Binary Encoding"), with the parts that are compared in their turn.
#[derive(Clone, Copy)]
pub(super) enum Shape<'s> {
    Primitive(Primitive),
    Fixed(&'s FixedSchema),
    Enum(&'s EnumSchema),
    Array(&'s Schema),
    Map(&'s Schema),
    Union(&'s UnionSchema),
    Record(&'s RecordSchema),
    /// A name that nothing defines. A schema that parses has none.
    Undefined,
}

/// The primitive types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Primitive {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

impl Primitive {
    /// Whether a reader that expects `reader` reads this type: the same one, or a promotion ("Schema Resolution": int
    /// to long, float or double, long to float or double, float to double, string to bytes and bytes to string).
    pub fn is_read_as(self, reader: Primitive) -> bool {
        use Primitive::{Bytes, Double, Float, Int, Long, String};
        self == reader
            || matches!(
                (self, reader),
                (Int, Long | Float | Double)
                    | (Long, Float | Double)
                    | (Float, Double)
                    | (String, Bytes)
                    | (Bytes, String)
            )
    }
}

/// The shape of a type; a named type's later use must have been resolved to its definition.
pub(super) fn shape(schema: &Schema) -> Shape<'_> {
    match schema {
        Schema::Null => Shape::Primitive(Primitive::Null),
        Schema::Boolean => Shape::Primitive(Primitive::Boolean),
        Schema::Int | Schema::Date | Schema::TimeMillis => Shape::Primitive(Primitive::Int),
        Schema::Long
        | Schema::TimeMicros
        | Schema::TimestampMillis
        | Schema::TimestampMicros
        | Schema::TimestampNanos
        | Schema::LocalTimestampMillis
        | Schema::LocalTimestampMicros
        | Schema::LocalTimestampNanos => Shape::Primitive(Primitive::Long),
        Schema::Float => Shape::Primitive(Primitive::Float),
        Schema::Double => Shape::Primitive(Primitive::Double),
        Schema::Bytes
        | Schema::BigDecimal
        | Schema::Uuid(UuidSchema::Bytes)
        | Schema::Decimal(DecimalSchema {
            inner: InnerDecimalSchema::Bytes,
            ..
        }) => Shape::Primitive(Primitive::Bytes),
        Schema::String | Schema::Uuid(UuidSchema::String) => Shape::Primitive(Primitive::String),
        Schema::Fixed(fixed)
        | Schema::Duration(fixed)
        | Schema::Uuid(UuidSchema::Fixed(fixed))
        | Schema::Decimal(DecimalSchema {
            inner: InnerDecimalSchema::Fixed(fixed),
            ..
        }) => Shape::Fixed(fixed),
        Schema::Enum(it) => Shape::Enum(it),
        Schema::Array(array) => Shape::Array(&array.items),
        Schema::Map(map) => Shape::Map(&map.types),
        Schema::Union(union) => Shape::Union(union),
        Schema::Record(record) => Shape::Record(record),
        Schema::Ref { .. } => Shape::Undefined,
    }
}

/// Whether two types are of one kind, with the same unqualified name if they have one, whatever is inside them.
pub(super) fn alike(a: &Schema, b: &Schema) -> bool {
    let same_kind = match (shape(a), shape(b)) {
        (Shape::Primitive(a), Shape::Primitive(b)) => a == b,
        (a, b) => std::mem::discriminant(&a) == std::mem::discriminant(&b),
    };
    same_kind && a.name().map(Name::name) == b.name().map(Name::name)
}
