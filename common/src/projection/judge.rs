//! One record by itself: is it an event that may be folded, and if not, why. Pure but for the schema, which is asked for.

use std::sync::Arc;

use super::lookup::Known;
use crate::codec::frame::SchemaRef;
use crate::codec::{WriterSchema, decode};
use crate::event::OrderEvent;
use crate::kafka::partition;
use crate::order::check;
use crate::unusable::{Code, Unusable};

/// What a record is.
pub(super) enum Judged {
    /// An event that keeps every rule, and the schema that it was written with, under its id in the store.
    Event(Box<OrderEvent>, u32, Arc<WriterSchema>),
    /// A null value: says nothing.
    Null,
    /// It cannot be used.
    Unusable(Unusable),
    /// Its schema is not known yet.
    Wait(SchemaRef),
}

/// Where a record lies, and how many partitions there are.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub partition: i32,
    pub partitions: i32,
}

/// Judges a record with that key, whose value splits into the name of its schema and a datum, if it has a value. `known`
/// tells what is known of a schema.
pub(super) fn judge(
    key: Option<&[u8]>,
    framed: Option<Result<(SchemaRef, &[u8]), Unusable>>,
    place: Place,
    known: impl FnOnce(SchemaRef) -> Option<Known>,
) -> Judged {
    let (schema, datum) = match framed {
        None => return Judged::Null,
        Some(Ok(parts)) => parts,
        Some(Err(fault)) => return Judged::Unusable(fault),
    };
    let unusable = |fault: Unusable| {
        Judged::Unusable(Unusable {
            schema_id: schema.id(),
            ..fault
        })
    };
    let (id, writer) = match known(schema) {
        None => return Judged::Wait(schema),
        Some(Known::Missing(reason)) => return unusable(Unusable::new(Code::UnknownSchemaId, reason)),
        Some(Known::Writer(id, writer)) => (id, writer),
    };
    match decode(&writer, datum).and_then(|event| belongs(key, place, &event).map(|()| event)) {
        Ok(event) => Judged::Event(Box::new(event), id, writer),
        Err(fault) => unusable(fault),
    }
}

fn belongs(key: Option<&[u8]>, place: Place, event: &OrderEvent) -> Result<(), Unusable> {
    check(event).map_err(|violation| Unusable::new(Code::InvalidOrder, violation.to_string()))?;
    let order_id = event.order.order_id.as_bytes();
    if key != Some(order_id) {
        let what = if key.is_some() {
            "the record key is not the orderId"
        } else {
            "the record has no key; it must be the orderId"
        };
        return Err(Unusable::new(Code::KeyMismatch, what));
    }
    let home = partition::of_key(order_id, place.partitions);
    if home != place.partition {
        let what = format!(
            "the record lies in partition {}; its key belongs to {home} of {}",
            place.partition, place.partitions
        );
        return Err(Unusable::new(Code::WrongPartition, what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{frame, record_value};
    use crate::schemas;
    use crate::testing::an_event;

    const SIX: i32 = 6;

    fn home(key: &str) -> Place {
        Place {
            partition: partition::of_key(key.as_bytes(), SIX),
            partitions: SIX,
        }
    }

    fn ours(schema: SchemaRef) -> Option<Known> {
        let writer = Arc::new(WriterSchema::of(&schemas::newest_text()));
        Some(Known::Writer(schema.id().unwrap_or(u32::MAX), writer))
    }

    fn framed(value: &[u8]) -> Option<Result<(SchemaRef, &[u8]), Unusable>> {
        Some(frame::read(value, |_| None))
    }

    fn code(judged: Judged) -> (Code, Option<u32>) {
        match judged {
            Judged::Unusable(fault) => (fault.code, fault.schema_id),
            _ => panic!("the record should be unusable"),
        }
    }

    #[test]
    fn a_good_record_is_an_event() {
        let event = an_event("A-1", 1);
        let value = record_value(9, &event).expect("encodes");
        let Judged::Event(read, 9, _) = judge(Some(b"A-1"), framed(&value), home("A-1"), ours) else {
            panic!("an event")
        };
        assert_eq!(*read, event);
    }

    #[test]
    fn a_schema_that_is_named_by_a_guid_has_an_id_in_the_store_and_none_for_people() {
        let guid = SchemaRef::Guid(uuid::Uuid::from_u128(7));
        let event = an_event("A-1", 1);
        let value = record_value(9, &event).expect("encodes");
        let datum = &value[frame::HEADER_LEN..];
        let judged = judge(Some(b"A-1"), Some(Ok((guid, datum))), home("A-1"), ours);
        assert!(matches!(judged, Judged::Event(read, u32::MAX, _) if *read == event));
        for known in [ours(guid), Some(Known::Missing("why".into()))] {
            let (_, schema_id) = code(judge(Some(b"A-2"), Some(Ok((guid, datum))), home("A-1"), |_| known));
            assert_eq!(schema_id, None);
        }
    }

    #[test]
    fn a_null_value_says_nothing() {
        assert!(matches!(judge(Some(b"A-1"), None, home("A-1"), ours), Judged::Null));
    }

    #[test]
    fn a_record_waits_for_its_schema() {
        let value = record_value(9, &an_event("A-1", 1)).expect("encodes");
        assert!(matches!(
            judge(Some(b"A-1"), framed(&value), home("A-1"), |_| None),
            Judged::Wait(SchemaRef::Id(9))
        ));
    }

    #[test]
    fn every_fault_has_its_code() {
        let event = an_event("A-1", 1);
        let value = record_value(9, &event).expect("encodes");
        let mut wrong_total = event.clone();
        wrong_total.order.total_minor += 1;
        let wrong_total = record_value(9, &wrong_total).expect("encodes");
        let elsewhere = Place {
            partition: (home("A-1").partition + 1) % SIX,
            partitions: SIX,
        };
        let key: Option<&[u8]> = Some(b"A-1");
        let wrong = |_| Some(Known::Writer(9, Arc::new(WriterSchema::Wrong("another".into()))));

        assert_eq!(
            code(judge(key, framed(b""), home("A-1"), ours)),
            (Code::NotFramed, None)
        );
        assert_eq!(
            code(judge(key, framed(&value), home("A-1"), |_| Some(Known::Missing(
                "why".into()
            )))),
            (Code::UnknownSchemaId, Some(9))
        );
        assert_eq!(
            code(judge(key, framed(&value), home("A-1"), wrong)),
            (Code::WrongSchema, Some(9))
        );
        assert_eq!(
            code(judge(key, framed(&value[..20]), home("A-1"), ours)),
            (Code::Undecodable, Some(9))
        );
        assert_eq!(
            code(judge(key, framed(&wrong_total), home("A-1"), ours)),
            (Code::InvalidOrder, Some(9))
        );
        assert_eq!(
            code(judge(Some(b"A-2"), framed(&value), home("A-1"), ours)),
            (Code::KeyMismatch, Some(9))
        );
        assert_eq!(
            code(judge(None, framed(&value), home("A-1"), ours)),
            (Code::KeyMismatch, Some(9))
        );
        assert_eq!(
            code(judge(key, framed(&value), elsewhere, ours)),
            (Code::WrongPartition, Some(9))
        );
    }
}
