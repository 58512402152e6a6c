//! Writes invalid records to a topic. Creates nothing else: no topic, and no subject except that of the foreign
//! schema, for the kinds that need it or the next id.

use std::time::Duration;

use anyhow::Context;
use orderlog_contract::lineage;
use orderlog_kafka::partition::Partitioner;
use orderlog_registry::{RegisterError, Registry};
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use uuid::Uuid;

use super::next_id::next_schema_id;
use super::{Kind, Record, TopicInfo, records, topic};

const TIMEOUT: Duration = Duration::from_secs(10);
/// A schema for something else.
const GREETING: &str = r#"{"type":"record","name":"Greeting","namespace":"com.ecommerce.other","fields":[{"name":"text","type":"string"}]}"#;
const GREETING_SUBJECT: &str = "greetings-value";

/// Writes invalid records to a topic.
pub struct Poisoner {
    producer: FutureProducer,
    topic: String,
    partitions: i32,
    partitioner: Partitioner,
    registry_url: String,
}

/// What was written, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The kind of the invalid record.
    pub kind: Kind,
    /// Its topic.
    pub topic: String,
    /// The order that it is written for.
    pub order_id: String,
    /// The event that it holds, if it can be decoded.
    pub event_id: Option<Uuid>,
    /// Its key.
    pub key: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

impl Poisoner {
    /// Connects to that broker and looks for the topic. The registry is asked later, and only for kinds that need it.
    ///
    /// # Errors
    /// If the broker does not answer or does not have the topic.
    pub async fn connect(
        bootstrap_servers: &str,
        topic: &str,
        partitioner: Partitioner,
        registry_url: &str,
    ) -> anyhow::Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", bootstrap_servers)
            .set("message.timeout.ms", TIMEOUT.as_millis().to_string());
        let (client, servers, name) = (config.clone(), bootstrap_servers.to_owned(), topic.to_owned());
        let partitions =
            tokio::task::spawn_blocking(move || topic::partitions(&client, &servers, &name, TIMEOUT)).await??;
        Ok(Self {
            producer: config.create()?,
            topic: topic.to_owned(),
            partitions,
            partitioner,
            registry_url: registry_url.to_owned(),
        })
    }

    /// A new id for the order of a record.
    pub fn an_order_id() -> String {
        format!("POISON-{}", fastrand::u32(1..1_000_000))
    }

    /// Writes a record of that kind for that order id, after a valid one if the kind needs it, and waits until the broker has
    /// acknowledged it.
    ///
    /// # Errors
    /// If the kind needs a schema id and the registry does not have it, or the broker refuses the record.
    pub async fn write(&self, kind: Kind, order_id: &str) -> anyhow::Result<Written> {
        let (schema_id, next_schema_id, other_schema_id) = self.schema_ids(kind).await?;
        let topic = TopicInfo {
            partitions: self.partitions,
            partitioner: self.partitioner,
            schema_id,
            next_schema_id,
            other_schema_id,
        };
        let mut last = None;
        for record in records(kind, order_id, topic)? {
            let offset = self.send(&record).await?;
            last = Some(Written {
                kind,
                topic: self.topic.clone(),
                order_id: order_id.to_owned(),
                event_id: record.event_id,
                key: String::from_utf8_lossy(&record.key).into_owned(),
                partition: record.partition,
                offset,
            });
        }
        last.with_context(|| format!("{kind} has no records"))
    }

    async fn send(&self, record: &Record) -> anyhow::Result<i64> {
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value),
                })
            });
        let sent = FutureRecord::to(&self.topic)
            .key(&record.key)
            .headers(headers)
            .payload(&record.value)
            .partition(record.partition);
        let delivery = self.producer.send(sent, TIMEOUT).await;
        let delivery = delivery.map_err(|(error, _)| error);
        Ok(delivery
            .with_context(|| format!("cannot write to topic {}", self.topic))?
            .offset)
    }

    /// The ids of our schema, of the next one and of the other one, as far as that kind needs them; else 0.
    async fn schema_ids(&self, kind: Kind) -> anyhow::Result<(u32, u32, u32)> {
        match kind {
            Kind::Empty | Kind::NotAvro | Kind::Short | Kind::UnknownSchemaId => Ok((0, 0, 0)),
            Kind::UnregisteredSchema => {
                // The other schema must not take the next id when somebody asks for a record of it.
                self.other_schema_id(kind).await?;
                let next = next_schema_id(&self.registry_url).await;
                Ok((0, next.with_context(|| needs_an_id(kind))?, 0))
            }
            Kind::OtherSchema => Ok((0, 0, self.other_schema_id(kind).await?)),
            Kind::CutOff
            | Kind::Longer
            | Kind::WrongTotal
            | Kind::WrongKey
            | Kind::WrongPartition
            | Kind::IllegalStep => {
                let registry = self.registry()?;
                let subject = lineage::subject(&self.topic);
                let newest = lineage::LINEAGE.last().context("the lineage is empty")?;
                match registry.verify_lineage(&subject, &[newest]).await {
                    Ok(id) => Ok((id, 0, 0)),
                    Err(RegisterError::Refused(_)) => anyhow::bail!(
                        "subject {subject} of the registry at {} does not have the schema of the order events; start a service on topic {}, which registers it, or set --schema-registry-url / SCHEMA_REGISTRY_URL",
                        registry.urls(),
                        self.topic
                    ),
                    Err(error) => Err(unanswered(kind, error)),
                }
            }
        }
    }

    /// The id of the other schema, which is registered if it has none yet.
    async fn other_schema_id(&self, kind: Kind) -> anyhow::Result<u32> {
        let id = self.registry()?.register_lineage(GREETING_SUBJECT, &[GREETING]).await;
        id.map_err(|error| unanswered(kind, error))
    }

    fn registry(&self) -> anyhow::Result<Registry> {
        Registry::at(&self.registry_url).context("--schema-registry-url / SCHEMA_REGISTRY_URL")
    }
}

fn unanswered(kind: Kind, error: RegisterError) -> anyhow::Error {
    anyhow::Error::new(error).context(needs_an_id(kind))
}

fn needs_an_id(kind: Kind) -> String {
    format!(
        "{kind} needs a schema id from the registry; set --schema-registry-url / SCHEMA_REGISTRY_URL, or choose a --kind that needs none, such as not-avro"
    )
}
