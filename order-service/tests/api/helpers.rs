//! Starts order-services on one broker and one registry, writes to their topic, and talks to them.

mod app;
mod events;
mod raw;
mod stored;

use std::path::Path;
use std::time::Duration;

pub use app::App;
use clap::Parser;
pub use events::{created, event, home, id_where};
use order_service::Config;
use orderlog_contract::encode::record_value;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::lineage;
use orderlog_kafka::partition::Partitioner;
use orderlog_registry::config::RegistryConfig;
pub use raw::produce;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sandbox::broker::Broker;
use sandbox::foreign;
use sandbox::poison::{Facts, Kind, Record, records};
use sandbox::registry::{Contents, Registry};
pub use sandbox::wait::{becomes_true, fields};
use serde_json::Value;
pub use stored::Stored;

pub const TOPIC: &str = "order-events";
pub const DLQ: &str = "order-events-dlq";
pub const PARTITIONS: i32 = 6;
const TIMEOUT: Duration = Duration::from_secs(10);

/// A broker, a registry that knows our schema and another one, and somebody who writes to the topic.
pub struct World {
    pub broker: Broker,
    pub registry_url: String,
    pub facts: Facts,
    registry: Option<Registry>,
    registry_port: u16,
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
        // Tests of one process share the provider; the first one installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let broker = Broker::start().expect("a broker");
        let registry = Registry::start(("127.0.0.1", 0)).expect("a registry");
        let (registry_url, registry_port) = (registry.url(), registry.port());
        let client = orderlog_registry::Registry::at(&registry_url).expect("a client");
        let schema_id = client
            .register_lineage(&lineage::subject(TOPIC), lineage::LINEAGE)
            .await
            .expect("registers");
        let other = r#"{"type":"record","name":"Greeting","namespace":"com.ecommerce.other","fields":[{"name":"text","type":"string"}]}"#;
        let other_schema_id = register(&registry_url, "greetings-value", other).await;
        let producer = ClientConfig::new()
            .set("bootstrap.servers", broker.bootstrap_servers())
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", "4000000")
            .create()
            .expect("a producer");
        let facts = Facts {
            partitions: PARTITIONS,
            partitioner: Partitioner::default(),
            schema_id,
            other_schema_id,
        };
        Self {
            broker,
            registry_url,
            facts,
            registry: Some(registry),
            registry_port,
            producer,
        }
    }

    /// Ends the registry, but keeps what it holds.
    pub async fn registry_down(&mut self) -> Contents {
        self.registry.take().expect("a running registry").stop().await
    }

    /// Starts the registry again, on the same port.
    pub fn registry_up(&mut self, contents: Contents) {
        self.registry =
            Some(Registry::start_with(("127.0.0.1", self.registry_port), contents).expect("the port is free again"));
    }

    pub fn config(&self, store: &Path) -> Config {
        let mut config = Config::parse_from(["order-service", "--api-port=0"]);
        config.pipeline.kafka.bootstrap_servers = self.broker.bootstrap_servers();
        config.pipeline.registry = RegistryConfig::at(&self.registry_url).expect("an address");
        config.pipeline.kafka.has_admin_api = false;
        config.pipeline.kafka.kafka_extra = vec![("fetch.wait.max.ms".into(), "3".into())];
        config.store = format!("embedded:{}", store.display()).parse().expect("a store");
        config.unknown_schema_grace_ms = 200;
        config
    }

    /// An order-service that is ready, on a store of its own.
    pub async fn spawn_app(&self) -> App {
        let app = self
            .spawn_unready(tempfile::tempdir().expect("a directory"), |_| ())
            .await;
        app.await_ready().await;
        app
    }

    /// The same on a given store, with settings of its own.
    pub async fn respawn_app(&self, store: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> App {
        let app = self.spawn_unready(store, change).await;
        app.await_ready().await;
        app
    }

    pub async fn spawn_unready(&self, store: tempfile::TempDir, change: impl FnOnce(&mut Config)) -> App {
        let mut config = self.config(store.path());
        change(&mut config);
        App::start(config, store).await
    }

    /// Writes a record to the topic, with those headers, and waits until the broker has it.
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

    /// Sends a record to the topic; [`Self::flush`] waits for all that were sent.
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
        self.write_with(TOPIC, home(&event.order.order_id), Some(key), Some(&value), &[]);
    }

    /// Writes data of that schema, under that id, for an order.
    pub fn write_data_as(&self, schema_id: u32, schema: &str, order_id: &str, data: Value) {
        let value = foreign::value(schema_id, schema, data).expect("encodes");
        self.write_with(TOPIC, home(order_id), Some(order_id.as_bytes()), Some(&value), &[]);
    }

    /// Writes a record that cannot be used. Returns what was written, and how many good records were written before it.
    pub fn write_poison(&self, kind: Kind, order_id: &str) -> (Record, u64) {
        let mut records = records(kind, order_id, self.facts).expect("encodes");
        records.iter().for_each(|record| self.write(record));
        let poison = records.pop().expect("a record");
        (poison, records.len() as u64)
    }

    /// Everything that a topic holds.
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

/// Registers a schema. Returns its id.
pub async fn register(registry_url: &str, subject: &str, schema: &str) -> u32 {
    register_with(registry_url, subject, schema, &serde_json::json!([])).await
}

/// Registers a schema that refers to others. Returns its id.
pub async fn register_with(registry_url: &str, subject: &str, schema: &str, references: &Value) -> u32 {
    let id = foreign::register(registry_url, subject, schema, references).await;
    id.expect("registers")
}
