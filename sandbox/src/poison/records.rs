//! The records of each kind. Pure, except for the time and the ids of the events.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use orderlog_contract::encode::record_value;
use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::lineage;
use orderlog_contract::testing::{an_event, next_event};
use orderlog_kafka::partition::Partitioner;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Kind;

/// An id that no registry of this size assigns.
const UNKNOWN_ID: u32 = 987_654_321;

/// An id for [`TopicInfo::next_schema_id`] that the registry will not give to any schema, for tests that share theirs with
/// others.
pub const FAR_SCHEMA_ID: u32 = 987_654_000;

/// The header in which some producers send the text of the schema that they wrote a record with.
const WRITER_SCHEMA: &str = "writer.schema";

/// A record to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// Its partition.
    pub partition: i32,
    /// Id of the event that it holds, if it can be decoded.
    pub event_id: Option<Uuid>,
    /// Its headers.
    pub headers: Vec<(&'static str, Vec<u8>)>,
    /// Whether it is valid (some kinds need a valid record first).
    pub is_good: bool,
}

/// What records are made from: the topic's partitions, and ids of schemas.
#[derive(Clone, Copy, Debug)]
pub struct TopicInfo {
    /// How many partitions the topic has.
    pub partitions: i32,
    /// Its partitioner.
    pub partitioner: Partitioner,
    /// Id of our newest schema.
    pub schema_id: u32,
    /// The id that the registry gives to the next schema.
    pub next_schema_id: u32,
    /// Id of a schema for something else.
    pub other_schema_id: u32,
}

/// A valid event of that order, dated now.
fn event(order_id: &str) -> OrderEvent {
    let mut event = an_event(order_id, 1);
    (event.order.order_date, event.occurred_at) = (now(), now());
    event
}

/// Our newest schema with one more field at its end, which is optional: every level of compatibility accepts it. The field
/// is named after the id that the schema gets, so that it is one that nobody has registered; as long as nobody does, it
/// stays the same.
fn schema_of_tomorrow(id: u32) -> anyhow::Result<String> {
    let mut schema: Value = serde_json::from_str(&lineage::newest_text().text)?;
    let fields = schema["fields"].as_array_mut().context("our schema has no fields")?;
    fields.push(json!({
        "name": format!("giftWrap{id}"), "type": ["null", "string"], "default": null, "doc": "How to wrap it, if it is a gift.",
    }));
    Ok(schema.to_string())
}

/// The records of that kind, in order, for that order id; the last one is invalid.
///
/// # Errors
/// If the topic has only one partition, so that none is the wrong one; or if an event cannot be encoded, which would be a bug.
pub fn records(kind: Kind, order_id: &str, topic: TopicInfo) -> anyhow::Result<Vec<Record>> {
    anyhow::ensure!(
        kind != Kind::WrongPartition || topic.partitions > 1,
        "the topic has only one partition, so no record can be in the wrong one; choose another --kind"
    );
    let home = topic.partitioner.of_key(order_id.as_bytes(), topic.partitions);
    let record = |value: Vec<u8>| Record {
        key: order_id.as_bytes().to_vec(),
        value,
        partition: home,
        event_id: None,
        headers: Vec::new(),
        is_good: false,
    };
    let of_event = |event: &OrderEvent| {
        anyhow::Ok(Record {
            event_id: Some(event.event_id),
            ..record(record_value(topic.schema_id, event)?)
        })
    };
    let event = event(order_id);
    let good = record_value(topic.schema_id, &event)?;
    let bad = match kind {
        Kind::Empty => record(Vec::new()),
        Kind::NotAvro => record(b"this is not Avro".to_vec()),
        Kind::Short => record(vec![0, 0, 0]),
        Kind::UnknownSchemaId => record(record_value(UNKNOWN_ID, &event)?),
        Kind::UnregisteredSchema => {
            let id = topic.next_schema_id;
            let datum_of_its_last_field = [2, 8, b'C', b'A', b'R', b'D']; // branch 1 of the union, then a string of length 4
            let value = record_value(id, &event)?;
            Record {
                event_id: Some(event.event_id),
                headers: vec![(WRITER_SCHEMA, schema_of_tomorrow(id)?.into_bytes())],
                ..record([&value[..], &datum_of_its_last_field].concat())
            }
        }
        // A datum of the other schema, which has one string field: length 2, "hi".
        Kind::OtherSchema => record(
            [
                &orderlog_contract::frame::header(topic.other_schema_id)[..],
                &[4, b'h', b'i'],
            ]
            .concat(),
        ),
        Kind::CutOff => record(good[..good.len() - 1].to_vec()),
        Kind::Longer => record([&good[..], &[0]].concat()),
        Kind::WrongTotal => {
            let mut event = event;
            event.order.total_minor += 1;
            of_event(&event)?
        }
        Kind::WrongKey => Record {
            key: format!("{order_id}-not").into_bytes(),
            ..of_event(&event)?
        },
        Kind::WrongPartition => Record {
            partition: (home + 1) % topic.partitions,
            ..of_event(&event)?
        },
        Kind::IllegalStep => {
            let mut delivered = event;
            delivered.order.status = OrderStatus::Delivered;
            let again = next_event(&delivered, OrderStatus::New);
            let first = Record {
                is_good: true,
                ..of_event(&delivered)?
            };
            return Ok(vec![first, of_event(&again)?]);
        }
    };
    Ok(vec![bad])
}

/// Milliseconds since 1970-01-01 UTC.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topic(partitions: i32) -> TopicInfo {
        TopicInfo {
            partitions,
            partitioner: Partitioner::default(),
            schema_id: 1,
            next_schema_id: 3,
            other_schema_id: 2,
        }
    }

    #[test]
    fn a_record_of_an_unregistered_schema_is_one_datum_of_the_schema_in_its_header() {
        let records = records(Kind::UnregisteredSchema, "1", topic(6)).expect("records");
        let [record] = &records[..] else {
            panic!("one record: {records:?}")
        };
        let [(name, schema)] = &record.headers[..] else {
            panic!("one header: {record:?}")
        };
        assert_eq!(*name, "writer.schema");
        assert_eq!(record.value[..5], orderlog_contract::frame::header(3));
        let schema = apache_avro::Schema::parse_str(std::str::from_utf8(schema).expect("text")).expect("a schema");
        let mut datum = &record.value[5..];
        let read = apache_avro::reader::datum::GenericDatumReader::builder(&schema)
            .build()
            .and_then(|reader| reader.read_value(&mut datum))
            .expect("a datum");
        assert!(datum.is_empty(), "nothing follows it");
        assert!(format!("{read:?}").contains("CARD"), "{read:?}");
    }

    #[test]
    fn a_topic_with_one_partition_has_no_wrong_partition() {
        assert!(records(Kind::WrongPartition, "1", topic(1)).is_err());
        let two = records(Kind::WrongPartition, "1", topic(2)).expect("records");
        let home = Partitioner::default().of_key(b"1", 2);
        assert_eq!(two[0].partition, 1 - home);
    }
}
