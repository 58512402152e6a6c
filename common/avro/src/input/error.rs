//! What can be wrong with a datum.

use std::fmt;

use super::{MAX_DEPTH, MAX_ENTRIES};

/// What is wrong with a datum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The bytes are not a datum of the writer's schema; how, in a clause such as "a string is not UTF-8".
    Malformed(&'static str),
    /// The datum is one of the writer's schema, but the reader's has no place for it.
    Unreadable(&'static str),
    /// A value does not fit the type that is read.
    TargetType(&'static str),
}

impl fmt::Display for ReadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnexpectedEnd => f.write_str("unexpected end of data"),
            Self::TrailingBytes => f.write_str("trailing bytes after the end of the datum"),
            Self::TooManyEntries => write!(f, "more than {MAX_ENTRIES} array and map entries"),
            Self::TooDeep => write!(f, "values nested more than {MAX_DEPTH} deep"),
            Self::Malformed(what) | Self::Unreadable(what) | Self::TargetType(what) => f.write_str(what),
        }
    }
}
