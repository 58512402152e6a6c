//! Invalid records, one of each kind that occurs in practice. For the demo, for tests, and to try out dead letters.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::ValueEnum;
use orderlog_contract::encode::record_value;
use orderlog_contract::event::{OrderEvent, OrderStatus};
use orderlog_contract::lineage;
use orderlog_contract::rejection::Code;
use orderlog_contract::testing::{an_event, next_event};
use orderlog_kafka::partition::Partitioner;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::json;

use crate::third_party;

const TIMEOUT: Duration = Duration::from_secs(10);
/// An id that no registry of this size hands out.
const UNKNOWN_ID: u32 = 987_654_321;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// An empty value
    Empty,
    /// Plain text instead of Avro
    NotAvro,
    /// Three bytes
    Short,
    /// An unknown schema id
    UnknownSchemaId,
    /// A record of another schema
    OtherSchema,
    /// A valid record without its last byte
    CutOff,
    /// A valid record with one more byte
    Longer,
    /// A total that does not add up
    WrongTotal,
    /// A key that is not the order id
    WrongKey,
    /// A valid record in another order's partition
    WrongPartition,
    /// A delivered order that becomes new again
    IllegalStep,
}

impl Kind {
    /// The code that such a record is dead-lettered with.
    pub fn code(self) -> Code {
        match self {
            Self::Empty | Self::NotAvro | Self::Short => Code::NotFramed,
            Self::UnknownSchemaId => Code::UnknownSchemaId,
            Self::OtherSchema => Code::WrongSchema,
            Self::CutOff | Self::Longer => Code::Undecodable,
            Self::WrongTotal => Code::InvalidOrder,
            Self::WrongKey => Code::KeyMismatch,
            Self::WrongPartition => Code::WrongPartition,
            Self::IllegalStep => Code::IllegalTransition,
        }
    }
}

/// A record to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// Its partition.
    pub partition: i32,
    /// Whether it is usable (some faults need a valid record first).
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

/// A valid event of that order, of now.
fn event(order_id: &str) -> OrderEvent {
    let mut event = an_event(order_id, 1);
    (event.order.order_date, event.occurred_at) = (now(), now());
    event
}

/// The records of that kind, in order, for that order id; the last one is invalid.
///
/// # Errors
/// If an event cannot be encoded, which would be a bug.
pub fn records(kind: Kind, order_id: &str, facts: TopicInfo) -> anyhow::Result<Vec<Record>> {
    let home = facts.partitioner.of_key(order_id.as_bytes(), facts.partitions);
    let record = |value: Vec<u8>| Record {
        key: order_id.as_bytes().to_vec(),
        value,
        partition: home,
        is_good: false,
    };
    let event = event(order_id);
    let good = record_value(facts.schema_id, &event)?;
    let bad = match kind {
        Kind::Empty => record(Vec::new()),
        Kind::NotAvro => record(b"this is not Avro".to_vec()),
        Kind::Short => record(vec![0, 0, 0]),
        Kind::UnknownSchemaId => record(record_value(UNKNOWN_ID, &event)?),
        // A datum of the other schema, which has one string field: length 2, "hi".
        Kind::OtherSchema => record(
            [
                &orderlog_contract::frame::header(facts.other_schema_id)[..],
                &[4, b'h', b'i'],
            ]
            .concat(),
        ),
        Kind::CutOff => record(good[..good.len() - 1].to_vec()),
        Kind::Longer => record([&good[..], &[0]].concat()),
        Kind::WrongTotal => {
            let mut event = event;
            event.order.total_minor += 1;
            record(record_value(facts.schema_id, &event)?)
        }
        Kind::WrongKey => Record {
            key: format!("{order_id}-not").into_bytes(),
            ..record(good)
        },
        Kind::WrongPartition => Record {
            partition: (home + 1) % facts.partitions,
            ..record(good)
        },
        Kind::IllegalStep => {
            let mut delivered = event;
            delivered.order.status = OrderStatus::Delivered;
            let again = next_event(&delivered, OrderStatus::New);
            let first = Record {
                is_good: true,
                ..record(record_value(facts.schema_id, &delivered)?)
            };
            return Ok(vec![first, record(record_value(facts.schema_id, &again)?)]);
        }
    };
    Ok(vec![bad])
}

/// Milliseconds since 1970-01-01 UTC.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or_default()
}

/// Writes invalid records to a topic.
pub struct Poisoner {
    producer: BaseProducer,
    topic: String,
    facts: TopicInfo,
}

impl Poisoner {
    /// Connects to that broker and that registry, and registers a schema for something else under its own subject.
    ///
    /// # Errors
    /// If the broker or the registry does not answer.
    pub async fn connect(bootstrap_servers: &str, topic: &str, registry_url: &str) -> anyhow::Result<Self> {
        let config = || {
            let mut config = ClientConfig::new();
            config.set("bootstrap.servers", bootstrap_servers);
            config
        };
        let other = r#"{"type":"record","name":"Greeting","namespace":"com.ecommerce.other","fields":[{"name":"text","type":"string"}]}"#;
        let newest = lineage::LINEAGE.last().context("the lineage is empty")?;
        let none = json!([]);
        let schema_id = third_party::register(registry_url, &lineage::subject(topic), newest, &none)
            .await
            .with_context(|| {
                format!("no registry answers at {registry_url}; use the address that the running sandbox prints")
            })?;
        let other_schema_id = third_party::register(registry_url, "greetings-value", other, &none).await?;
        let consumer: BaseConsumer = config().set("group.id", "poison").create()?;
        let metadata = consumer
            .fetch_metadata(Some(topic), TIMEOUT)
            .with_context(|| {
            format!("no broker answers at {bootstrap_servers}; use the address that the running sandbox prints; it changes at every start")
        })?;
        let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        anyhow::ensure!(partitions > 0, "the broker at {bootstrap_servers} has no topic {topic}");
        let facts = TopicInfo {
            partitions: i32::try_from(partitions)?,
            partitioner: Partitioner::default(),
            schema_id,
            other_schema_id,
        };
        let producer = config().create()?;
        Ok(Self {
            producer,
            topic: topic.to_owned(),
            facts,
        })
    }

    /// The same for a topic with that partitioner.
    pub fn partitioned_by(mut self, partitioner: Partitioner) -> Self {
        self.facts.partitioner = partitioner;
        self
    }

    /// Writes a record of that kind for that order id, and waits until the broker has acknowledged it. Returns what was
    /// written.
    ///
    /// # Errors
    /// If the broker refuses it.
    pub fn write(&self, kind: Kind, order_id: &str) -> anyhow::Result<Vec<Record>> {
        let records = records(kind, order_id, self.facts)?;
        for record in &records {
            let sent = BaseRecord::to(&self.topic)
                .key(&record.key)
                .payload(&record.value)
                .partition(record.partition);
            self.producer
                .send(sent)
                .map_err(|(error, _)| error)
                .context("writing the record")?;
            self.producer.flush(TIMEOUT).context("writing the record")?;
        }
        Ok(records)
    }
}
