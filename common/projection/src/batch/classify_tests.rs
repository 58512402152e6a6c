use std::sync::Arc;

use orderlog_contract::decode::WriterSchema;
use orderlog_contract::encode::record_value;
use orderlog_contract::frame;
use orderlog_contract::lineage;
use orderlog_contract::testing::an_event;
use orderlog_kafka::partition::{Partitioner, Partitioning};

use super::*;
use crate::batch::testing::{SIX, home, record};

fn ours(schema: SchemaRef) -> Option<KnownSchema> {
    let writer = Arc::new(WriterSchema::new(&lineage::newest_text()));
    Some(KnownSchema::Writer(schema.id().unwrap_or(u32::MAX), writer))
}

fn code(classified: Result<Classified, SchemaUnknown>) -> (Code, Option<u32>) {
    match classified {
        Ok(Classified::Rejected(rejection)) => (rejection.code, rejection.schema_id),
        other => panic!("the record should be rejected: {other:?}"),
    }
}

#[test]
fn a_good_record_is_an_event() {
    let event = an_event("A-1", 1);
    let value = record_value(9, &event).expect("encodes");
    let expected = Classified::Event {
        event: Box::new(event),
        schema_id: 9,
        partial: false,
    };
    assert_eq!(
        classify(&record(7, Some(b"A-1"), Some(&value)), home("A-1"), ours),
        Ok(expected)
    );
}

#[test]
fn a_schema_that_is_named_by_a_guid_has_an_id_in_the_store_and_none_in_rejections() {
    let guid = SchemaRef::Guid(uuid::Uuid::from_u128(7));
    let event = an_event("A-1", 1);
    let value = record_value(9, &event).expect("encodes");
    let named = |key| LogRecord {
        framed: Some(Ok((guid, &value[frame::HEADER_LEN..]))),
        ..record(7, Some(key), Some(&value))
    };
    let classified = classify(&named(b"A-1"), home("A-1"), ours);
    let Ok(Classified::Event {
        event: read, schema_id, ..
    }) = classified
    else {
        panic!("an event: {classified:?}")
    };
    assert_eq!((*read, schema_id), (event, u32::MAX));
    for known in [ours(guid), Some(KnownSchema::Missing("why".into()))] {
        let (_, schema_id) = code(classify(&named(b"A-2"), home("A-1"), |_| known));
        assert_eq!(schema_id, None);
    }
}

#[test]
fn a_null_value_has_no_effect() {
    let null = record(7, Some(b"A-1"), None);
    assert_eq!(classify(&null, home("A-1"), ours), Ok(Classified::NoValue));
}

#[test]
fn a_record_waits_for_its_schema() {
    let value = record_value(9, &an_event("A-1", 1)).expect("encodes");
    assert_eq!(
        classify(&record(7, Some(b"A-1"), Some(&value)), home("A-1"), |_| None),
        Err(SchemaUnknown(SchemaRef::Id(9)))
    );
}

#[test]
fn every_fault_has_its_code() {
    let event = an_event("A-1", 1);
    let value = record_value(9, &event).expect("encodes");
    let mut wrong_total = event.clone();
    wrong_total.order.total_minor += 1;
    let wrong_total = record_value(9, &wrong_total).expect("encodes");
    let here = home("A-1");
    let elsewhere = Placement {
        partition: (here.partition + 1) % 6,
        ..here
    };
    let a_1: Option<&[u8]> = Some(b"A-1");
    let missing = |_| Some(KnownSchema::Missing("why".into()));
    let wrong = |_| {
        Some(KnownSchema::Writer(
            9,
            Arc::new(WriterSchema::Incompatible("another".into())),
        ))
    };
    let ours = &ours as &dyn Fn(SchemaRef) -> Option<KnownSchema>;
    let (missing, wrong) = (&missing as &dyn Fn(_) -> _, &wrong as &dyn Fn(_) -> _);

    for (key, value, placement, known, expected) in [
        (a_1, &b""[..], here, ours, (Code::NotFramed, None)),
        (a_1, &value, here, missing, (Code::UnknownSchemaId, Some(9))),
        (a_1, &value, here, wrong, (Code::WrongSchema, Some(9))),
        (a_1, &value[..20], here, ours, (Code::Undecodable, Some(9))),
        (a_1, &wrong_total, here, ours, (Code::InvalidOrder, Some(9))),
        (Some(b"A-2"), &value, here, ours, (Code::KeyMismatch, Some(9))),
        (None, &value, here, ours, (Code::KeyMismatch, Some(9))),
        (a_1, &value, elsewhere, ours, (Code::WrongPartition, Some(9))),
    ] {
        assert_eq!(code(classify(&record(7, key, Some(value)), placement, known)), expected);
    }
}

#[test]
fn a_record_belongs_where_the_topics_own_partitioner_places_it() {
    let value = record_value(9, &an_event("A-1", 1)).expect("encodes");
    for partitioner in Partitioner::ALL {
        let partitioning = Partitioning { partitioner, ..SIX };
        for partition in 0..6 {
            let placement = Placement {
                partition,
                partitioning,
            };
            let classified = classify(&record(7, Some(b"A-1"), Some(&value)), placement, ours);
            let is_event = matches!(classified, Ok(Classified::Event { .. }));
            assert_eq!(is_event, partition == partitioning.of_key(b"A-1"), "{placement:?}");
        }
    }
}
