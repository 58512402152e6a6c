//! One record by itself: an event that may be folded, or rejected, and why. Pure, given what is known of its schema.

use orderlog_contract::decode::decode;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::frame::SchemaRef;
use orderlog_contract::order::check;
use orderlog_contract::rejection::{Code, Rejection};

use super::placement::Placement;
use super::record::LogRecord;
use crate::schema_lookup::KnownSchema;

/// What a record is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Classified {
    /// An event that keeps every rule.
    Event {
        event: Box<OrderEvent>,
        /// The id of its writer's schema in the store.
        schema_id: u32,
        /// Whether the writer's schema has fields of the order that this release lacks.
        partial: bool,
    },
    /// A null value, which has no effect.
    NoValue,
    /// It breaks the contract.
    Rejected(Rejection),
}

/// A record, and what it is.
pub(crate) struct ClassifiedRecord<'a> {
    pub record: LogRecord<'a>,
    pub classified: Classified,
}

impl ClassifiedRecord<'_> {
    /// Whether it is an event.
    pub fn is_event(&self) -> bool {
        matches!(self.classified, Classified::Event { .. })
    }

    /// The order whose state the fold must know: that of an event, or of a record that may turn out to be one once its
    /// schema is known.
    pub fn order_id(&self) -> Option<&str> {
        match &self.classified {
            Classified::Event { event, .. } => Some(&event.order.order_id),
            Classified::Rejected(rejection) if rejection.code == Code::UnknownSchemaId => self.record.key_text(),
            Classified::Rejected(_) | Classified::NoValue => None,
        }
    }
}

/// A record cannot be classified before its schema is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SchemaUnknown(pub SchemaRef);

/// Classifies a record at that place. `known` tells what is known of a schema.
///
/// # Errors
/// [`SchemaUnknown`] when nothing is known of its schema yet.
pub(crate) fn classify(
    record: &LogRecord<'_>,
    placement: Placement,
    known: impl FnOnce(SchemaRef) -> Option<KnownSchema>,
) -> Result<Classified, SchemaUnknown> {
    let (schema, datum) = match &record.framed {
        None => return Ok(Classified::NoValue),
        Some(Err(rejection)) => return Ok(Classified::Rejected(rejection.clone())),
        Some(Ok(parts)) => *parts,
    };
    let rejected = |rejection: Rejection| {
        Classified::Rejected(Rejection {
            schema_id: schema.id(),
            ..rejection
        })
    };
    let (schema_id, writer) = match known(schema) {
        None => return Err(SchemaUnknown(schema)),
        Some(KnownSchema::Missing(reason)) => {
            return Ok(rejected(Rejection::new(Code::UnknownSchemaId, reason)));
        }
        Some(KnownSchema::Writer(schema_id, writer)) => (schema_id, writer),
    };
    let event = decode(&writer, datum).and_then(|event| {
        check(&event).map_err(|violation| Rejection::new(Code::InvalidOrder, violation.to_string()))?;
        placement.check(record.key, &event.order.order_id)?;
        Ok(event)
    });
    Ok(match event {
        Ok(event) => Classified::Event {
            event: Box::new(event),
            schema_id,
            partial: writer.unknown_order_fields().next().is_some(),
        },
        Err(rejection) => rejected(rejection),
    })
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
