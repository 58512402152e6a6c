//! Why a text is not a schema.

use std::fmt;

use super::MAX_SCHEMA_BYTES;
use crate::path::short;

/// Why a text is not an Avro schema. Messages are short, and never repeat the text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is of a different type than `AVRO`.
    NotAvro {
        /// The type that it has.
        schema_type: String,
    },
    /// It is longer than [`MAX_SCHEMA_BYTES`].
    TooLong {
        /// Its size with all that it refers to, in bytes.
        size: usize,
    },
    /// It is not valid Avro, and why.
    Invalid(String),
}

impl SchemaError {
    pub(super) fn invalid(what: impl Into<String>) -> Self {
        Self::Invalid(what.into())
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAvro { schema_type } => write!(f, "the schema is of type {}, not AVRO", short(schema_type)),
            Self::TooLong { size } => write!(
                f,
                "the schema has {size} bytes, which exceeds the limit of {MAX_SCHEMA_BYTES}"
            ),
            Self::Invalid(what) => write!(f, "the schema is not valid Avro: {what}"),
        }
    }
}

impl std::error::Error for SchemaError {}
