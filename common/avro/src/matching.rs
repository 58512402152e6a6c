//! Which of a reader's types, fields and symbols correspond to a writer's: "Schema Resolution" and "Aliases" of the Avro 1.12
//! specification. There is one set of rules for both that need it: [`crate::plan`], which works out how data are read, and
//! [`crate::compatibility`], which explains what a registry refuses. Where the two differ on purpose, [`Purpose`] says so.

use std::collections::{HashMap, HashSet};
use std::mem::discriminant;

use crate::schema::{Field, Kind, Name, Type, TypeId};

/// What a writer's schema and a reader's are matched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To report what a registry reports, which for most is the result of Java's `SchemaCompatibility`: the reader's
    /// aliases count, the writer's do not; a field that matches several of the writer's is an error; logical types do
    /// not matter.
    Check,
    /// To read data as faithfully as the schemas allow: the writer's aliases count too, so that a field that it says it
    /// has renamed is not replaced by a default; a field's own name takes precedence over its aliases; and a logical
    /// type is never read as another one (milliseconds are not microseconds).
    Read,
}

/// How values of a writer's type become values of a reader's type that matches it. Their parts have yet to be matched.
#[derive(Debug)]
pub enum Pair<'s> {
    /// The branch is known only from the data; each of them becomes the reader's type.
    WriterUnion(&'s [TypeId]),
    /// The writer's type becomes one of these branches.
    ReaderUnion(&'s [TypeId]),
    Scalar(Conversion),
    /// Of this size.
    Fixed(usize),
    Enum(Enums<'s>),
    Array(TypeId, TypeId),
    Map(TypeId, TypeId),
    Record(&'s [Field], &'s [Field]),
}

/// How a value without parts is read: as it is, or promoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    Null,
    Boolean,
    /// Also from a long, whose encoding is the same.
    Int,
    Long,
    Float,
    Double,
    IntToFloat,
    IntToDouble,
    LongToFloat,
    LongToDouble,
    FloatToDouble,
    String,
    Bytes,
    StringToBytes,
    BytesToString,
}

/// Why two types do not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Their kinds differ, and the writer's cannot be read as the reader's.
    Kind,
    /// They are of the same kind, but have different names.
    Name,
    /// They are fixed types of these sizes, the writer's and the reader's.
    FixedSize(usize, usize),
    /// They have different logical types.
    LogicalType,
}

/// Matches two types by what they are themselves.
pub fn pair<'s>(writer: &'s Type, reader: &'s Type, purpose: Purpose) -> Result<Pair<'s>, Mismatch> {
    match (&writer.kind, &reader.kind) {
        (Kind::Union(branches), _) => return Ok(Pair::WriterUnion(branches)),
        (_, Kind::Union(branches)) => return Ok(Pair::ReaderUnion(branches)),
        _ => {}
    }
    if purpose == Purpose::Read
        && let (Some(written), Some(read)) = (writer.logical, reader.logical)
        && written != read
    {
        return Err(Mismatch::LogicalType);
    }
    let named = |pair| {
        if names_match(writer, reader, purpose) {
            Ok(pair)
        } else {
            Err(Mismatch::Name)
        }
    };
    match (&writer.kind, &reader.kind) {
        (Kind::Array(written), Kind::Array(read)) => Ok(Pair::Array(*written, *read)),
        (Kind::Map(written), Kind::Map(read)) => Ok(Pair::Map(*written, *read)),
        (Kind::Record(written), Kind::Record(read)) => named(Pair::Record(written, read)),
        (Kind::Fixed(written), Kind::Fixed(read)) => match named(Pair::Fixed(*read)) {
            Ok(_) if written != read => Err(Mismatch::FixedSize(*written, *read)),
            pair => pair,
        },
        (Kind::Enum { symbols: written, .. }, Kind::Enum { symbols: read, default }) => {
            let default = default.as_deref();
            named(Pair::Enum(Enums { written, read, default }))
        }
        (written, read) => conversion(written, read).map(Pair::Scalar).ok_or(Mismatch::Kind),
    }
}

fn conversion(writer: &Kind, reader: &Kind) -> Option<Conversion> {
    Some(match (writer, reader) {
        (Kind::Null, Kind::Null) => Conversion::Null,
        (Kind::Boolean, Kind::Boolean) => Conversion::Boolean,
        (Kind::Int, Kind::Int | Kind::Long) => Conversion::Int,
        (Kind::Int, Kind::Float) => Conversion::IntToFloat,
        (Kind::Int, Kind::Double) => Conversion::IntToDouble,
        (Kind::Long, Kind::Long) => Conversion::Long,
        (Kind::Long, Kind::Float) => Conversion::LongToFloat,
        (Kind::Long, Kind::Double) => Conversion::LongToDouble,
        (Kind::Float, Kind::Float) => Conversion::Float,
        (Kind::Float, Kind::Double) => Conversion::FloatToDouble,
        (Kind::Double, Kind::Double) => Conversion::Double,
        (Kind::String, Kind::String) => Conversion::String,
        (Kind::String, Kind::Bytes) => Conversion::StringToBytes,
        (Kind::Bytes, Kind::Bytes) => Conversion::Bytes,
        (Kind::Bytes, Kind::String) => Conversion::BytesToString,
        _ => return None,
    })
}

/// Named types match by their names without the namespace, or by an alias that is the other's full name.
fn names_match(writer: &Type, reader: &Type, purpose: Purpose) -> bool {
    let (Some(writer), Some(reader)) = (&writer.name, &reader.name) else {
        return false;
    };
    writer.simple() == reader.simple()
        || reader.has_alias(writer)
        || purpose == Purpose::Read && writer.has_alias(reader)
}

/// Whether two types are of one kind, with the same name (without the namespace) if they have one. A branch of a union
/// that is like the other side's type is the intended one.
pub fn is_alike(one: &Type, other: &Type) -> bool {
    let names = (
        one.name.as_ref().map(Name::simple),
        other.name.as_ref().map(Name::simple),
    );
    discriminant(&one.kind) == discriminant(&other.kind) && names.0 == names.1
}

/// The symbols of a writer's enum and of a reader's.
#[derive(Clone, Copy, Debug)]
pub struct Enums<'s> {
    written: &'s [String],
    read: &'s [String],
    default: Option<&'s str>,
}

impl<'s> Enums<'s> {
    /// Each of the writer's symbols, and the reader's symbol for it: the same one, or else the default; `None` where the
    /// reader has neither.
    pub fn symbols(self) -> impl Iterator<Item = (&'s str, Option<&'s str>)> {
        let known: HashSet<&str> = self.read.iter().map(String::as_str).collect();
        self.written.iter().map(move |symbol| {
            let read = known.get(symbol.as_str()).copied().or(self.default);
            (symbol.as_str(), read)
        })
    }
}

/// What a field of the reader's is in the writer's record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldMatch {
    /// The index of the writer's field; `None` where the reader's default is read instead.
    pub written: Option<usize>,
    /// Whether the reader's name and aliases stand for several of the writer's fields.
    pub is_ambiguous: bool,
}

/// Matches each of the reader's fields, in their order: by name, or else by the reader's aliases, or else (for reading) by
/// the writer's.
pub fn fields<'s>(
    writer: &'s [Field],
    reader: &'s [Field],
    purpose: Purpose,
) -> impl Iterator<Item = FieldMatch> + use<'s> {
    let names = writer.iter().enumerate().map(|(n, it)| (it.name.as_str(), n));
    let by_name: HashMap<&str, usize> = names.collect();
    let aliases = writer.iter().enumerate().filter(move |_| purpose == Purpose::Read);
    let aliases = aliases.flat_map(|(n, it)| it.aliases.iter().map(move |alias| (alias.as_str(), n)));
    let by_alias: HashMap<&str, usize> = aliases.collect();
    reader.iter().map(move |field| {
        let mut different = HashSet::new();
        let aliases = field.aliases.iter().filter(|alias| different.insert(*alias));
        let mut found = std::iter::once(&field.name)
            .chain(aliases)
            .filter_map(|name| by_name.get(name.as_str()));
        let written = found.next().copied();
        FieldMatch {
            written: written.or_else(|| by_alias.get(field.name.as_str()).copied()),
            is_ambiguous: found.next().is_some(),
        }
    })
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
