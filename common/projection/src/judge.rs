//! One record by itself: is it an event that may be folded, and if not, why. Pure but for the schema, which is asked for.

use std::sync::Arc;

use orderlog_contract::decode::{WriterSchema, decode};
use orderlog_contract::event::OrderEvent;
use orderlog_contract::frame::SchemaRef;
use orderlog_contract::order::check;
use orderlog_contract::rejection::{Code, Rejection};
use orderlog_kafka::partition::{Partitioner, Partitioning};

use super::lookup::Known;

/// What a record is.
pub(super) enum Judged {
    /// An event that keeps every rule, and the schema that it was written with, under its id in the store.
    Event(Box<OrderEvent>, u32, Arc<WriterSchema>),
    /// A null value: says nothing.
    Null,
    /// It cannot be used.
    Rejection(Rejection),
    /// Its schema is not known yet.
    Wait(SchemaRef),
}

/// Where a record lies, and how the topic is divided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub partition: i32,
    pub partitioning: Partitioning,
}

/// Judges a record with that key, whose value splits into the name of its schema and a datum, if it has a value. `known`
/// tells what is known of a schema.
pub(super) fn judge(
    key: Option<&[u8]>,
    framed: Option<Result<(SchemaRef, &[u8]), Rejection>>,
    place: Place,
    known: impl FnOnce(SchemaRef) -> Option<Known>,
) -> Judged {
    let (schema, datum) = match framed {
        None => return Judged::Null,
        Some(Ok(parts)) => parts,
        Some(Err(fault)) => return Judged::Rejection(fault),
    };
    let unusable = |fault: Rejection| {
        Judged::Rejection(Rejection {
            schema_id: schema.id(),
            ..fault
        })
    };
    let (id, writer) = match known(schema) {
        None => return Judged::Wait(schema),
        Some(Known::Missing(reason)) => return unusable(Rejection::new(Code::UnknownSchemaId, reason)),
        Some(Known::Writer(id, writer)) => (id, writer),
    };
    match decode(&writer, datum).and_then(|event| belongs(key, place, &event).map(|()| event)) {
        Ok(event) => Judged::Event(Box::new(event), id, writer),
        Err(fault) => unusable(fault),
    }
}

fn belongs(key: Option<&[u8]>, place: Place, event: &OrderEvent) -> Result<(), Rejection> {
    check(event).map_err(|violation| Rejection::new(Code::InvalidOrder, violation.to_string()))?;
    let order_id = event.order.order_id.as_bytes();
    if key != Some(order_id) {
        let what = if key.is_some() {
            "the record key is not the orderId"
        } else {
            "the record has no key; it must be the orderId"
        };
        return Err(Rejection::new(Code::KeyMismatch, what));
    }
    if place.partitioning.of_key(order_id) != place.partition {
        return Err(Rejection::new(Code::WrongPartition, misplaced(order_id, place)));
    }
    Ok(())
}

/// Why a record of that key must not lie there, and what its writer is to set.
fn misplaced(key: &[u8], place: Place) -> String {
    let Place {
        partition,
        partitioning: Partitioning {
            partitioner: ours,
            partitions,
        },
    } = place;
    let home = place.partitioning.of_key(key);
    let would_lie_here = |other: &Partitioner| *other != ours && other.of_key(key, partitions) == partition;
    let (others, ours_too) = match Partitioner::ALL.into_iter().find(would_lie_here) {
        Some(other) => (
            format!(
                " (it lies where {other} lays it, librdkafka's partitioner={})",
                other.librdkafka_name()
            ),
            format!("; where all writers use {other}, start both services with KAFKA_PARTITIONER={other}"),
        ),
        None => Default::default(),
    };
    format!(
        "the record lies in partition {partition}; its key belongs to {home} of {partitions}, as the topic is partitioned by {ours}{others}. Its writer must set partitioner={} (librdkafka's name) or the like{ours_too}",
        ours.librdkafka_name()
    )
}

#[cfg(test)]
mod tests {
    use orderlog_contract::encode::record_value;
    use orderlog_contract::testing::an_event;
    use orderlog_contract::{frame, lineage};

    use super::*;

    const SIX: Partitioning = Partitioning {
        partitioner: Partitioner::Murmur2,
        partitions: 6,
    };

    fn home(key: &str) -> Place {
        Place {
            partition: SIX.of_key(key.as_bytes()),
            partitioning: SIX,
        }
    }

    fn ours(schema: SchemaRef) -> Option<Known> {
        let writer = Arc::new(WriterSchema::of(&lineage::newest_text()));
        Some(Known::Writer(schema.id().unwrap_or(u32::MAX), writer))
    }

    fn framed(value: &[u8]) -> Option<Result<(SchemaRef, &[u8]), Rejection>> {
        Some(frame::read(value, |_| None))
    }

    fn code(judged: Judged) -> (Code, Option<u32>) {
        match judged {
            Judged::Rejection(fault) => (fault.code, fault.schema_id),
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
            partition: (home("A-1").partition + 1) % 6,
            partitioning: SIX,
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

    #[test]
    fn a_record_belongs_where_the_topics_own_rule_lays_it() {
        let value = record_value(9, &an_event("A-1", 1)).expect("encodes");
        for partitioner in Partitioner::ALL {
            let partitioning = Partitioning { partitioner, ..SIX };
            for partition in 0..6 {
                let place = Place {
                    partition,
                    partitioning,
                };
                let judged = judge(Some(b"A-1"), framed(&value), place, ours);
                let is_event = matches!(judged, Judged::Event(..));
                assert_eq!(is_event, partition == partitioning.of_key(b"A-1"), "{place:?}");
            }
        }
    }

    #[test]
    fn the_reason_of_a_misplaced_record_tells_writer_and_reader_what_to_set() {
        let key = b"A-1";
        let place = |partition| Place {
            partition,
            partitioning: SIX,
        };
        let by_crc32 = misplaced(key, place(Partitioner::Crc32.of_key(key, 6)));
        for part in [
            "belongs to 3 of 6",
            "where crc32 lays it",
            "partitioner=consistent_random",
            "set partitioner=murmur2_random",
            "KAFKA_PARTITIONER=crc32",
        ] {
            assert!(by_crc32.contains(part), "{part} in {by_crc32}");
        }
        let is_nobodys = |partition: &i32| Partitioner::ALL.iter().all(|rule| rule.of_key(key, 6) != *partition);
        let by_nobody = misplaced(
            key,
            place((0..6).find(is_nobodys).expect("three rules, six partitions")),
        );
        assert!(by_nobody.contains("set partitioner=murmur2_random"), "{by_nobody}");
        assert!(!by_nobody.contains("KAFKA_PARTITIONER"), "{by_nobody}");
    }
}
