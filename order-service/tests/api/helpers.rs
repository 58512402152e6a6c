//! Starts order-services on one broker and one registry, writes to their topic, and sends requests to them.

mod app;
mod raw;
mod stored;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

pub use app::App;
use clap::Parser;
use order_service::Config;
use orderlog_contract::encode::record_value;
use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::lineage;
use orderlog_kafka::partition::Partitioner;
pub use raw::produce;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sandbox::poison::{FAR_SCHEMA_ID, Kind, Record, TopicInfo, records};
use sandbox::testing::{Outside, ids_where};
pub use sandbox::testing::{PARTITIONS, event, eventually, fields, partition_of};
use sandbox::third_party;
use serde_json::Value;
pub use stored::Stored;

pub const TOPIC: &str = "order-events";
pub const DLQ: &str = "order-events-dlq";
const TIMEOUT: Duration = Duration::from_secs(10);

/// A broker, a registry that knows our schema and another one, and a producer for the topic.
pub struct World {
    pub facts: TopicInfo,
    outside: Outside,
    producer: BaseProducer,
}

impl World {
    /// A world with both topics.
    pub async fn new() -> Self {
        let world = Self::without_topics().await;
        world.broker.create_topic(TOPIC, PARTITIONS).expect("a topic");
        world.broker.create_topic(DLQ, 1).expect("a topic");
        world
    }

    pub async fn without_topics() -> Self {
        let outside = Outside::start(1);
        let client = orderlog_registry::Registry::at(&outside.registry_url).expect("a client");
        let schema_id = client
            .register_lineage(&lineage::subject(TOPIC), lineage::LINEAGE)
            .await
            .expect("registers");
        let other = r#"{"type":"record","name":"Greeting","namespace":"com.ecommerce.other","fields":[{"name":"text","type":"string"}]}"#;
        let other_schema_id = outside.register("greetings-value", other).await;
        let producer = ClientConfig::new()
            .set("bootstrap.servers", outside.broker.bootstrap_servers())
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", "4000000")
            .create()
            .expect("a producer");
        let facts = TopicInfo {
            partitions: PARTITIONS,
            partitioner: Partitioner::default(),
            schema_id,
            next_schema_id: FAR_SCHEMA_ID,
            other_schema_id,
        };
        Self {
            facts,
            outside,
            producer,
        }
    }

    pub fn config(&self, store: &Path) -> Config {
        let mut config = Config::parse_from(["order-service", "--api-port=0"]);
        self.configure(&mut config.pipeline);
        config.store = format!("embedded:{}", store.display()).parse().expect("a store");
        config.unknown_schema_grace_ms = 200;
        config
    }

    /// An order-service that is ready, on its own store.
    pub async fn spawn_app(&self) -> App {
        let app = self
            .spawn_unready(tempfile::tempdir().expect("a directory"), |_| ())
            .await;
        app.await_ready().await;
        app
    }

    /// The same on a given store, with its own settings.
    pub async fn respawn_app(&self, store: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> App {
        let app = self.spawn_unready(store, change).await;
        app.await_ready().await;
        app
    }

    /// An order-service that checks the registry every second.
    pub async fn spawn_watchful(&self) -> App {
        let dir = tempfile::tempdir().expect("a directory");
        self.respawn_app(dir, |config| config.pipeline.schema_check_seconds = 1)
            .await
    }

    pub async fn spawn_unready(&self, store: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> App {
        let mut config = self.config(store.path());
        change(&mut config);
        App::start(config, store).await
    }

    /// Writes a record to the topic, with those headers, and waits until the broker has acknowledged it.
    pub fn write_with(
        &self,
        topic: &str,
        partition: i32,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&str, Option<&[u8]>)],
    ) {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic)
            .partition(partition)
            .timestamp(1_700_000_000_123);
        (record.key, record.payload) = (key, value);
        if !headers.is_empty() {
            let insert =
                |all: OwnedHeaders, (key, value): &(&str, Option<&[u8]>)| all.insert(Header { key, value: *value });
            record = record.headers(headers.iter().fold(OwnedHeaders::new(), insert));
        }
        self.producer
            .send(record)
            .map_err(|(error, _)| error)
            .expect("the record is taken");
        self.producer.flush(TIMEOUT).expect("the record is written");
    }

    /// Enqueues a record for the topic; [`Self::flush`] waits for all of them.
    pub fn send(&self, partition: i32, key: &[u8], value: &[u8]) {
        let record = BaseRecord::to(TOPIC).partition(partition).key(key).payload(value);
        self.producer
            .send(record)
            .map_err(|(error, _)| error)
            .expect("the record is taken");
    }

    pub fn flush(&self) {
        self.producer.flush(TIMEOUT).expect("the records are written");
    }

    pub fn write(&self, record: &Record) {
        self.write_with(TOPIC, record.partition, Some(&record.key), Some(&record.value), &[]);
    }

    /// Writes an event with our schema.
    pub fn write_event(&self, event: &OrderEvent) {
        self.write_event_as(self.facts.schema_id, event);
    }

    pub fn write_event_as(&self, schema_id: u32, event: &OrderEvent) {
        let key = event.order.order_id.as_bytes();
        let value = record_value(schema_id, event).expect("encodes");
        self.write_with(TOPIC, partition_of(&event.order.order_id), Some(key), Some(&value), &[]);
    }

    /// Writes data of that schema, under that id, for an order.
    pub fn write_data_as(&self, schema_id: u32, schema: &str, order_id: &str, data: Value) {
        let value = third_party::value(schema_id, schema, data).expect("encodes");
        self.write_with(
            TOPIC,
            partition_of(order_id),
            Some(order_id.as_bytes()),
            Some(&value),
            &[],
        );
    }

    /// Writes an invalid record. Returns what was written, and how many good records were written before it.
    pub fn write_poison(&self, kind: Kind, order_id: &str) -> (Record, u64) {
        let mut records = records(kind, order_id, self.facts).expect("encodes");
        records.iter().for_each(|record| self.write(record));
        let poison = records.pop().expect("a record");
        (poison, records.len() as u64)
    }

    /// All records of a topic.
    pub fn read(&self, topic: &str) -> Vec<Stored> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.broker.bootstrap_servers())
            .set("group.id", "test")
            .set("fetch.wait.max.ms", "3")
            .create()
            .expect("a consumer");
        let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT).expect("metadata");
        let partitions = i32::try_from(metadata.topics()[0].partitions().len()).expect("a count");
        let mut list = TopicPartitionList::new();
        let mut left = 0;
        for partition in 0..partitions {
            let (first, end) = consumer.fetch_watermarks(topic, partition, TIMEOUT).expect("bounds");
            list.add_partition_offset(topic, partition, Offset::Offset(first))
                .expect("an offset");
            left += end - first;
        }
        consumer.assign(&list).expect("assigned");
        (0..left)
            .map(|_| stored::stored(&consumer.poll(TIMEOUT).expect("a record in time").expect("a record")))
            .collect()
    }
}

impl Deref for World {
    type Target = Outside;

    fn deref(&self) -> &Outside {
        &self.outside
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Outside {
        &mut self.outside
    }
}

/// A new order.
pub fn created(order_id: &str) -> OrderEvent {
    event(order_id, 1, OrderStatus::New)
}

/// An order id whose partition satisfies the predicate.
pub fn id_where(wanted: impl Fn(i32) -> bool) -> String {
    ids_where("ORD", wanted).next().expect("an id")
}

/// Waits until nothing is read because of another schema. The registration may report one a moment earlier.
pub async fn await_suspended(app: &App) {
    let suspended = || async {
        let (_, stats) = app.get("/stats").await;
        stats["partitions"].to_string().contains("a different schema")
    };
    assert!(eventually(suspended).await, "{}", app.get("/stats").await.1);
}
