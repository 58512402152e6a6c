//! What a type is made of, apart from what it means: Avro's logical types are read as the types that they annotate
//! ("Logical Types", Avro 1.12 specification), but never one as another.

use apache_avro::Schema;
use apache_avro::schema::{EnumSchema, FixedSchema, InnerDecimalSchema, Name, RecordSchema, UnionSchema, UuidSchema};

/// A type without its meaning.
pub(super) enum Kind<'s> {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed(&'s FixedSchema),
    Enum(&'s EnumSchema),
    Record(&'s RecordSchema),
    Array(&'s Schema),
    Map(&'s Schema),
    Union(&'s UnionSchema),
    /// Another use of a type that is defined elsewhere.
    Reference(&'s Name),
}

pub(super) fn kind(schema: &Schema) -> Kind<'_> {
    match schema {
        Schema::Null => Kind::Null,
        Schema::Boolean => Kind::Boolean,
        Schema::Int | Schema::Date | Schema::TimeMillis => Kind::Int,
        Schema::Long
        | Schema::TimeMicros
        | Schema::TimestampMillis
        | Schema::TimestampMicros
        | Schema::TimestampNanos
        | Schema::LocalTimestampMillis
        | Schema::LocalTimestampMicros
        | Schema::LocalTimestampNanos => Kind::Long,
        Schema::Float => Kind::Float,
        Schema::Double => Kind::Double,
        Schema::Bytes | Schema::BigDecimal | Schema::Uuid(UuidSchema::Bytes) => Kind::Bytes,
        Schema::String | Schema::Uuid(UuidSchema::String) => Kind::String,
        Schema::Fixed(fixed) | Schema::Duration(fixed) | Schema::Uuid(UuidSchema::Fixed(fixed)) => Kind::Fixed(fixed),
        Schema::Decimal(decimal) => match &decimal.inner {
            InnerDecimalSchema::Bytes => Kind::Bytes,
            InnerDecimalSchema::Fixed(fixed) => Kind::Fixed(fixed),
        },
        Schema::Enum(symbols) => Kind::Enum(symbols),
        Schema::Record(record) => Kind::Record(record),
        Schema::Array(array) => Kind::Array(&array.items),
        Schema::Map(map) => Kind::Map(&map.types),
        Schema::Union(union) => Kind::Union(union),
        Schema::Ref { name } => Kind::Reference(name),
    }
}

/// The meaning of a type that has one, with whatever it depends on.
pub(super) fn logical_type(schema: &Schema) -> Option<String> {
    let name = match schema {
        Schema::Decimal(decimal) => return Some(format!("decimal({}, {})", decimal.precision, decimal.scale)),
        Schema::BigDecimal => "big-decimal",
        Schema::Uuid(_) => "uuid",
        Schema::Date => "date",
        Schema::TimeMillis => "time-millis",
        Schema::TimeMicros => "time-micros",
        Schema::TimestampMillis => "timestamp-millis",
        Schema::TimestampMicros => "timestamp-micros",
        Schema::TimestampNanos => "timestamp-nanos",
        Schema::LocalTimestampMillis => "local-timestamp-millis",
        Schema::LocalTimestampMicros => "local-timestamp-micros",
        Schema::LocalTimestampNanos => "local-timestamp-nanos",
        Schema::Duration(_) => "duration",
        _ => return None,
    };
    Some(name.to_owned())
}
