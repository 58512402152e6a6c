//! What can be wrong with a datum.

use std::fmt;

use super::{MAX_DEPTH, MAX_ENTRIES};

/// What is wrong with a datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// The bytes end before the datum does.
    UnexpectedEnd,
    /// The datum ends before the bytes do.
    TrailingBytes,
    /// It has more than [`MAX_ENTRIES`] entries of arrays and maps.
    TooManyEntries,
    /// Its values are nested more than [`MAX_DEPTH`] deep.
    TooDeep,
    /// Its JSON is longer than [`MAX_JSON_BYTES`](crate::MAX_JSON_BYTES).
    TooLong,
    /// A boolean is neither 0 nor 1.
    InvalidBoolean,
    /// A variable-length number does not fit 64 bits.
    VarintOverflow,
    /// An int does not fit 32 bits.
    IntOverflow,
    /// The length of bytes or a string is negative.
    NegativeLength,
    /// A string is not UTF-8.
    InvalidUtf8,
    /// The size of a block is negative, or not that of its entries.
    InvalidBlockSize,
    /// A union has no branch with this index.
    UnionIndexOutOfRange,
    /// An enum has no symbol with this index.
    EnumIndexOutOfRange,
    /// The type is a record that always contains itself, so it has no values.
    EndlessRecord,
    /// The datum has a branch of the writer's union that the reader cannot represent.
    UnreadableBranch,
    /// The datum has a symbol that the reader's enum lacks, and that enum has no default.
    UnknownSymbol,
    /// The datum has a value inside a type that contains itself, which the schemas do not allow to be read.
    Unreadable,
    /// A value does not fit the type that is read.
    TargetType,
    /// The type that is read leaves fields or entries of a value unread.
    PartlyRead,
}

impl fmt::Display for ReadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnexpectedEnd => "unexpected end of data",
            Self::TrailingBytes => "trailing bytes after the end of the datum",
            Self::TooManyEntries => return write!(f, "more than {MAX_ENTRIES} array and map entries"),
            Self::TooDeep => return write!(f, "values nested more than {MAX_DEPTH} deep"),
            Self::TooLong => "its JSON would be longer than 64 MiB",
            Self::InvalidBoolean => "a boolean is neither 0 nor 1",
            Self::VarintOverflow => "a varint overflows 64 bits",
            Self::IntOverflow => "an int overflows 32 bits",
            Self::NegativeLength => "a length is negative",
            Self::InvalidUtf8 => "a string is not UTF-8",
            Self::InvalidBlockSize => "the size of a block does not match its contents",
            Self::UnionIndexOutOfRange => "union branch index out of range",
            Self::EnumIndexOutOfRange => "enum symbol index out of range",
            Self::EndlessRecord => "a record contains itself without end",
            Self::UnreadableBranch => "the writer's union branch does not match the reader's type",
            Self::UnknownSymbol => "the symbol is unknown to the reader's enum, which has no default",
            Self::Unreadable => "the schemas do not match",
            Self::TargetType => "the value does not fit the target type",
            Self::PartlyRead => "the target type does not read all of the value",
        })
    }
}
