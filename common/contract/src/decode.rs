//! Bytes to events. A datum that does not decode completely, to the last byte, is rejected with a code; no part of it is used.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use orderlog_avro::{ReadError, Resolution, Schema, SchemaError, SchemaText};

use crate::event::OrderEvent;
use crate::lineage;
use crate::rejection::{Code, Rejection};

/// A schema that records name, resolved for reading them as order events.
#[derive(Debug)]
pub enum WriterSchema {
    /// Records can be read, as far as the schema is concerned.
    Readable(Resolution),
    /// No record can be read, and why.
    Incompatible(String),
}

impl WriterSchema {
    /// Resolves a schema from the registry. Never fails: a schema that cannot be read is [`WriterSchema::Incompatible`].
    pub fn new(schema: &SchemaText) -> Self {
        // Nothing in it is known to panic, but foreign text must not be able to crash the service.
        match catch_unwind(|| resolve(schema)) {
            Ok(Ok(resolution)) => Self::Readable(resolution),
            Ok(Err(reason)) => Self::Incompatible(reason.to_string()),
            Err(_) => Self::Incompatible("the schema cannot be resolved".to_owned()),
        }
    }

    /// A schema that was too long to be kept, of this size in bytes.
    pub fn oversized(size: usize) -> Self {
        Self::Incompatible(SchemaError::TooLong { size }.to_string())
    }

    /// The order's fields that this schema has and this release does not know, such as `order.giftNote`: an order with such
    /// fields must not be overwritten. The event's other fields are not carried from event to event, so they do not count.
    pub fn unknown_order_fields(&self) -> impl Iterator<Item = &str> {
        let dropped = match self {
            Self::Readable(resolution) => resolution.dropped_fields(),
            Self::Incompatible(_) => &[],
        };
        dropped
            .iter()
            .map(String::as_str)
            .filter(|path| path.starts_with("order."))
    }
}

fn resolve(schema: &SchemaText) -> Result<Resolution, Box<dyn Error>> {
    let writer = Schema::parse_lenient(schema)?;
    Ok(Resolution::new(&writer, lineage::newest())?)
}

/// Why a datum was not decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// No data of the schema can be read as order events, and why.
    Incompatible(String),
    /// The bytes are not exactly one datum of the schema.
    Read(ReadError),
    /// The decoder has a bug.
    Panicked,
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Incompatible(reason) => Self::new(Code::WrongSchema, reason),
            DecodeError::Read(error) => Self::new(Code::Undecodable, error.to_string()),
            DecodeError::Panicked => Self::new(Code::Undecodable, "the decoder panicked"),
        }
    }
}

/// Decodes a datum of this schema.
///
/// # Errors
/// [`Code::WrongSchema`] if data of the schema cannot be read as order events, [`Code::Undecodable`] if the bytes are not
/// exactly one datum of it.
pub fn decode(writer: &WriterSchema, datum: &[u8]) -> Result<OrderEvent, Rejection> {
    Ok(try_decode(writer, datum)?)
}

/// The same, for those who want to know where exactly it failed.
///
/// # Errors
/// [`DecodeError`].
pub fn try_decode(writer: &WriterSchema, datum: &[u8]) -> Result<OrderEvent, DecodeError> {
    let resolution = match writer {
        WriterSchema::Readable(resolution) => resolution,
        WriterSchema::Incompatible(reason) => return Err(DecodeError::Incompatible(reason.clone())),
    };
    // Nothing in it is known to panic, but hostile bytes must not be able to crash the service.
    match catch_unwind(AssertUnwindSafe(|| resolution.read(datum))) {
        Ok(read) => read.map_err(DecodeError::Read),
        Err(_) => Err(DecodeError::Panicked),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
