//! The records of each kind. Pure, except for the time and the ids of the events.

use std::time::{SystemTime, UNIX_EPOCH};

use orderlog_contract::encode::record_value;
use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::testing::{an_event, next_event};
use orderlog_kafka::partition::Partitioner;
use uuid::Uuid;

use super::Kind;

/// An id that no registry of this size assigns.
const UNKNOWN_ID: u32 = 987_654_321;

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
    /// Whether it is valid (some kinds need a valid record first).
    pub is_good: bool,
}

/// What records are made from: the topic's partitions, and ids of our schema and of another one.
#[derive(Clone, Copy, Debug)]
pub struct TopicInfo {
    /// How many partitions the topic has.
    pub partitions: i32,
    /// Its partitioner.
    pub partitioner: Partitioner,
    /// Id of our newest schema.
    pub schema_id: u32,
    /// Id of a schema for something else.
    pub other_schema_id: u32,
}

/// A valid event of that order, dated now.
fn event(order_id: &str) -> OrderEvent {
    let mut event = an_event(order_id, 1);
    (event.order.order_date, event.occurred_at) = (now(), now());
    event
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

    #[test]
    fn a_topic_with_one_partition_has_no_wrong_partition() {
        let topic = |partitions| TopicInfo {
            partitions,
            partitioner: Partitioner::default(),
            schema_id: 1,
            other_schema_id: 2,
        };
        assert!(records(Kind::WrongPartition, "1", topic(1)).is_err());
        let two = records(Kind::WrongPartition, "1", topic(2)).expect("records");
        let home = Partitioner::default().of_key(b"1", 2);
        assert_eq!(two[0].partition, 1 - home);
    }
}
