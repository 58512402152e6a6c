//! Writes given records, bypassing the services: what another producer, or a broken one, would write.

use std::time::Duration;

use anyhow::Context;
use rdkafka::client::ClientContext;
use rdkafka::message::{DeliveryResult, Header as KafkaHeader, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, Message};
use tokio::sync::oneshot;

use crate::log::Header;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A record to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// Its partition; `None` for that of its key, as Java producers compute it.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Vec<Header>,
}

impl NewRecord {
    /// A record with that key and value.
    pub fn of(key: &str, value: impl Into<Vec<u8>>) -> Self {
        Self {
            key: Some(key.as_bytes().to_vec()),
            value: Some(value.into()),
            ..Self::default()
        }
    }
}

/// A writer of one topic.
pub struct Writer {
    producer: ThreadedProducer<Reports>,
    topic: String,
}

impl Writer {
    /// A writer without guarantees about order or transactions.
    ///
    /// # Errors
    /// If the client cannot be created.
    pub fn new(kafka: &str, topic: &str) -> anyhow::Result<Self> {
        Self::with(kafka, topic, &[])
    }

    /// A writer whose records belong to a transaction, which is begun here.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn in_transaction(kafka: &str, topic: &str) -> anyhow::Result<Self> {
        let writer = Self::with(kafka, topic, &[("transactional.id", topic)])?;
        writer
            .producer
            .init_transactions(Duration::from_secs(30))
            .context("preparing transactions")?;
        writer.producer.begin_transaction().context("beginning a transaction")?;
        Ok(writer)
    }

    /// A writer with that transactional id: from now on, no other one with it can commit.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn fencing(kafka: &str, topic: &str, transactional_id: &str) -> anyhow::Result<Self> {
        let writer = Self::with(kafka, topic, &[("transactional.id", transactional_id)])?;
        let fenced = writer.producer.init_transactions(Duration::from_secs(30));
        fenced.context("fencing other producers")?;
        Ok(writer)
    }

    /// A writer with those librdkafka settings.
    ///
    /// # Errors
    /// If the client cannot be created.
    pub fn with(kafka: &str, topic: &str, options: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", kafka)
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "0");
        config.set("message.max.bytes", "20000000");
        for (name, value) in options {
            config.set(*name, *value);
        }
        let producer = config.create_with_context(Reports).context("a Kafka producer")?;
        Ok(Self {
            producer,
            topic: topic.to_owned(),
        })
    }

    /// Writes a record, and returns partition and offset once the broker has acknowledged it.
    ///
    /// # Errors
    /// If the broker refuses it.
    pub async fn write(&self, record: &NewRecord) -> anyhow::Result<(i32, i64)> {
        self.send(record)?.await.context("no report")?
    }

    /// Enqueues a record, and returns at once. Records of one partition are written in the order in which they are
    /// enqueued.
    ///
    /// # Errors
    /// If the client refuses it.
    pub fn send(&self, record: &NewRecord) -> anyhow::Result<oneshot::Receiver<anyhow::Result<(i32, i64)>>> {
        let insert = |headers: OwnedHeaders, (name, value): &Header| {
            headers.insert(KafkaHeader {
                key: name,
                value: value.as_ref(),
            })
        };
        let headers = record.headers.iter().fold(OwnedHeaders::new(), insert);
        let (report, reported) = oneshot::channel();
        let mut sent = BaseRecord::with_opaque_to(&self.topic, Box::new(report)).headers(headers);
        sent.key = record.key.as_deref();
        sent.payload = record.value.as_deref();
        sent.partition = record.partition;
        self.producer
            .send::<[u8], [u8]>(sent)
            .map_err(|(error, _)| error)
            .context("writing a record")?;
        Ok(reported)
    }

    /// Aborts the transaction.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn abort(self) -> anyhow::Result<()> {
        self.producer
            .abort_transaction(TIMEOUT)
            .context("aborting a transaction")
    }

    /// Commits the transaction.
    ///
    /// # Errors
    /// If the broker refuses.
    pub fn commit(self) -> anyhow::Result<()> {
        self.producer
            .commit_transaction(TIMEOUT)
            .context("committing a transaction")
    }
}

/// Reports where each record was written.
struct Reports;

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<oneshot::Sender<anyhow::Result<(i32, i64)>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, report: Self::DeliveryOpaque) {
        let place = match result {
            Ok(record) => Ok((record.partition(), record.offset())),
            Err((error, _)) => Err(error.clone().into()),
        };
        // The receiver may have given up waiting.
        let _ = report.send(place);
    }
}
