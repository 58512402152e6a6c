//! The producers. [`Producer`], of events and dead letters, delivers records and reports on each; it replaces its client after a
//! fatal error, bootstraps it again when no brokers are known, and closes it without blocking. Which records are sent, and
//! what follows from a report, is the business of its owner. The one in [`transactional`], of replays, writes several
//! records as one.
//!
//! ```no_run
//! # use std::time::Duration;
//! # use orderlog_kafka::cluster::{Cluster, ProducerOptions};
//! # use orderlog_kafka::producer::{Producer, Record};
//! # fn example(cluster: Cluster, supervisor: orderlog_runtime::supervisor::Supervisor) -> anyhow::Result<()> {
//! let producer = Producer::new(cluster, "topic", ProducerOptions::within(Duration::from_secs(4)), supervisor)?;
//! let record = Record { value: Some(b"value"), ..Record::default() };
//! producer.send(record, |result| println!("{result:?}"))?;
//! producer.flush(Duration::from_millis(500))?;
//! # Ok(())
//! # }
//! ```

mod client;
mod context;
mod error;
pub mod transactional;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use orderlog_runtime::metrics::PRODUCERS_REPLACED;
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::error::KafkaError;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseRecord, Producer as _};

use client::Client;
pub use context::Delivered;
use context::Report;
pub use error::WriteError;

use crate::cluster::{Cluster, ProducerOptions};
use crate::upkeep::every_second;

/// A record to send.
#[derive(Clone, Debug, Default)]
pub struct Record<'a> {
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Option<OwnedHeaders>,
    /// Its partition; `None`: the cluster's partitioner chooses.
    pub partition: Option<i32>,
}

/// A producer for one topic.
pub struct Producer {
    cluster: Cluster,
    topic: String,
    supervisor: Supervisor,
    replaced: metrics::Counter,
    /// Locked only for as long as it takes to clone or replace it.
    client: RwLock<Arc<Client>>,
}

impl Producer {
    /// Creates a producer. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn new(
        cluster: Cluster,
        topic: &str,
        options: ProducerOptions,
        supervisor: Supervisor,
    ) -> anyhow::Result<Arc<Self>> {
        let producer = Arc::new(Self {
            client: RwLock::new(Arc::new(Client::new(&cluster, topic, options, supervisor.clone())?)),
            replaced: metrics::counter!(PRODUCERS_REPLACED, "service" => cluster.client_id.clone()),
            cluster,
            topic: topic.to_owned(),
            supervisor,
        });
        every_second(
            &producer,
            &producer.supervisor,
            "the upkeep of a kafka producer",
            Self::maintain,
        );
        Ok(producer)
    }

    /// Queues a record. From here on it may land on the topic at any time. `on_delivery` is called once, on a thread of the
    /// client, when it was acknowledged or has failed; not at all if it could not be queued.
    ///
    /// # Errors
    /// [`WriteError`]; then it is certain that the record is not on the topic.
    pub fn send(
        &self,
        record: Record<'_>,
        on_delivery: impl FnOnce(Result<Delivered, WriteError>) + Send + Sync + 'static,
    ) -> Result<(), WriteError> {
        // It may have failed since the last record, which only those who waited for that record know.
        let client = self.working_client();
        // No timestamp is set: a record's time is that of its writing.
        let queued = BaseRecord {
            topic: &self.topic,
            partition: record.partition,
            payload: record.value,
            key: record.key,
            timestamp: None,
            headers: record.headers,
            delivery_opaque: Box::new(Report(Box::new(on_delivery))),
        };
        let sent = client.producer.send::<[u8], [u8]>(queued);
        sent.map_err(|(error, _)| client.explain(WriteError::from(error)))
    }

    /// That error; or, if the client is broken, why that is, which explains more.
    pub fn explain(&self, error: WriteError) -> WriteError {
        self.client().explain(error)
    }

    /// Waits until every queued record was acknowledged or has failed.
    ///
    /// # Errors
    /// That takes longer than `timeout`.
    pub fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        self.client().producer.flush(timeout)
    }

    /// Continues with other options. What is queued is dropped: [flush](Self::flush) first.
    ///
    /// # Errors
    /// The client cannot be created; then nothing changes.
    pub fn reconfigure(&self, options: ProducerOptions) -> anyhow::Result<()> {
        let new = Client::new(&self.cluster, &self.topic, options, self.supervisor.clone())?;
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
        Ok(())
    }

    /// Has the client find brokers again, and ask again for what was denied.
    fn maintain(&self) {
        self.working_client().bootstrap();
    }

    /// The client, after replacing one that met a fatal error: it never sends again (librdkafka, "Fatal errors"). Still that
    /// one if it cannot be replaced yet.
    fn working_client(&self) -> Arc<Client> {
        let broken = self.client();
        let Some((code, reason)) = broken.fatal_error() else {
            return broken;
        };
        let denied = self.cluster.permissions.observe_fatal(code);
        if denied && broken.is_young() {
            return broken;
        }
        let new = Client::new(
            &self.cluster,
            &self.topic,
            broken.options.clone(),
            self.supervisor.clone(),
        );
        let new = match new {
            Ok(new) => Arc::new(new),
            Err(error) => {
                tracing::error!(
                    kafka.topic = self.topic,
                    error = format!("{error:#}"),
                    "kafka producer not replaced"
                );
                return broken;
            }
        };
        let mut client = self.client.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&client, &broken) {
            // Another thread was faster.
            return client.clone();
        }
        *client = new.clone();
        drop(client);
        if denied {
            // That it may not write was logged once.
            tracing::debug!(kafka.topic = self.topic, %code, reason, "kafka producer asks for permission again");
        } else {
            tracing::warn!(kafka.topic = self.topic, %code, reason, "kafka producer replaced after a fatal error");
        }
        self.replaced.increment(1);
        new
    }

    fn client(&self) -> Arc<Client> {
        self.client.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
