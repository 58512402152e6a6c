//! Records of other producers: other releases, other instances.

use std::time::Duration;

use orderlog_contract::event::OrderEvent;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sandbox::testing::{ids_where, partition_of};
use sandbox::third_party;
use serde_json::Value;

use crate::helpers::{TOPIC, World};

/// Writes data of a schema under an id, like another release.
pub fn write(world: &World, schema_id: u32, schema: &str, order_id: &str, data: Value) {
    append(
        world,
        order_id,
        &third_party::value(schema_id, schema, data).expect("encodes"),
    );
}

/// Writes a record to its key's partition.
pub fn append(world: &World, order_id: &str, value: &[u8]) {
    send(world, partition_of(order_id), order_id, value);
}

/// Writes a record to a partition.
pub fn send(world: &World, partition: i32, order_id: &str, value: &[u8]) {
    send_with(world, partition, order_id, value, OwnedHeaders::new());
}

pub fn send_with(world: &World, partition: i32, order_id: &str, value: &[u8], headers: OwnedHeaders) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", world.broker.bootstrap_servers())
        .create()
        .expect("a producer");
    let record = BaseRecord::to(TOPIC).partition(partition).key(order_id).payload(value);
    let record = record.headers(headers);
    producer.send(record).map_err(|(error, _)| error).expect("sent");
    producer.flush(Duration::from_secs(10)).expect("written");
}

/// Writes every record of an order again, unchanged. Returns how many there were.
pub fn copy_records(world: &World, order_id: &str) -> usize {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", world.broker.bootstrap_servers())
        .set("group.id", "copies")
        .set("enable.partition.eof", "true")
        .create()
        .expect("a consumer");
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(TOPIC, partition_of(order_id), Offset::Beginning)
        .expect("a place");
    consumer.assign(&from).expect("assigned");
    let mut copies = Vec::new();
    // An error says that the end was reached.
    while let Some(Ok(record)) = consumer.poll(Duration::from_secs(10)) {
        if record.key() == Some(order_id.as_bytes()) {
            let headers = record.headers().map(|headers| headers.detach()).unwrap_or_default();
            copies.push((record.payload().expect("a value").to_vec(), headers));
        }
    }
    let count = copies.len();
    for (value, headers) in copies {
        send_with(world, partition_of(order_id), order_id, &value, headers);
    }
    count
}

/// An event with a field that we lack, under the id that the registry will assign to the next schema: the returned one.
pub async fn of_the_next_schema(world: &World, event: &OrderEvent) -> (String, Vec<u8>) {
    // Ids are consecutive.
    let newest = world.register("probe-value", r#""string""#).await;
    let schema = third_party::with_a_new_field().expect("a schema");
    let data = serde_json::to_value(event).expect("JSON");
    let value = third_party::value(newest + 1, &schema, data).expect("encodes");
    (schema, value)
}

/// Another order of the same partition.
pub fn neighbour(order_id: &str) -> String {
    neighbours(order_id).next().expect("an id")
}

/// Other orders of the same partition.
pub fn neighbours(order_id: &str) -> impl Iterator<Item = String> + use<> {
    let own = partition_of(order_id);
    ids_where("B", move |partition| partition == own)
}
