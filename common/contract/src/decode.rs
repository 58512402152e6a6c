//! Bytes to events. Whatever does not decode whole, to the last byte, is a fault with a code; nothing is half read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use orderlog_avro::{Resolution, SchemaText};

use crate::event::OrderEvent;
use crate::lineage;
use crate::rejection::{Code, Rejection};

/// A schema that a record names, and how its records are read as order events.
#[derive(Debug)]
pub enum WriterSchema {
    /// They can be, so far as their schema tells.
    Readable(Resolution),
    /// None of them can be, and why.
    Wrong(String),
}

impl WriterSchema {
    /// Judges a schema that the registry gave. Never fails: what cannot be read is [`WriterSchema::Wrong`].
    pub fn of(schema: &SchemaText) -> Self {
        // Nothing there is known to panic; what a foreign text brought about must not end the service.
        match catch_unwind(|| Resolution::of(schema, &lineage::newest_text())) {
            Ok(Ok(resolution)) => Self::Readable(resolution),
            Ok(Err(reason)) => Self::Wrong(reason),
            Err(_) => Self::Wrong("the schema cannot be resolved".to_owned()),
        }
    }

    /// One whose texts are too long to be read, that many bytes.
    pub fn too_long(bytes: usize) -> Self {
        Self::Wrong(orderlog_avro::schema::too_long(bytes))
    }

    /// Fields of the order, such as `order.giftNote`, that this schema writes and this release lacks: an order that was
    /// written with them must not be written over. What an event says besides the order is not carried on, so it does
    /// not count.
    pub fn order_fields_dropped(&self) -> impl Iterator<Item = &str> {
        let dropped = match self {
            Self::Readable(resolution) => resolution.dropped(),
            Self::Wrong(_) => &[],
        };
        dropped
            .iter()
            .map(String::as_str)
            .filter(|path| path.starts_with("order."))
    }
}

/// Decodes a datum written with that schema.
///
/// # Errors
/// [`Code::WrongSchema`] when the schema is not one that can be read as an order event, [`Code::Undecodable`] when the
/// bytes are not exactly one datum of it.
pub fn decode(writer: &WriterSchema, datum: &[u8]) -> Result<OrderEvent, Rejection> {
    let resolution = match writer {
        WriterSchema::Readable(resolution) => resolution,
        WriterSchema::Wrong(reason) => return Err(Rejection::new(Code::WrongSchema, reason.clone())),
    };
    // A decoder that panics on hostile bytes must not end the service.
    match catch_unwind(AssertUnwindSafe(|| resolution.read(datum))) {
        Ok(read) => read.map_err(|reason| Rejection::new(Code::Undecodable, reason)),
        Err(_) => Err(Rejection::new(Code::Undecodable, "the decoder panicked")),
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
