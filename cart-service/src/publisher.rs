//! Puts events on the topic, and barriers. Whether an event won is not known here: that is read back from the log.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_contract::event::OrderEvent;
use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::{barrier, encode};
use orderlog_kafka::brokers::{KnownBrokers, tend};
use orderlog_kafka::closing::Aside;
use orderlog_kafka::config::Cluster;
use orderlog_kafka::context;
use orderlog_kafka::headers::text_headers;
use orderlog_kafka::rights::Rights;
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::Message;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::statistics::Statistics;
use tokio::sync::oneshot;

use crate::quorum::{Acknowledgements, Quorum};

/// Why an event was not taken. It is certain that it is not on the topic.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The client library did not take it: its queue is full, or it is broken.
    #[error("the event was not sent: {0}")]
    NotTaken(String),
    /// It does not fit our own schema, which tests rule out. (The encoder's reason repeats the schema.)
    #[error("an own event does not fit the newest schema")]
    DoesNotFit,
}

/// Tells when a delivery failed. Closed without a word when the broker acknowledged it.
pub type Delivery = oneshot::Receiver<KafkaError>;

type Record<'a> = BaseRecord<'a, [u8], [u8], Box<Report>>;

/// How old a producer is that is replaced because it was not allowed to write: a new one asks the broker again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// A producer of order events.
pub struct Publisher {
    cluster: Cluster,
    topic: String,
    delivery_timeout: Duration,
    life: Supervisor,
    quorum: Quorum,
    /// Sending holds it shared, and only for as long as it takes to queue a record.
    producer: RwLock<Aside<ThreadedProducer<Reports>>>,
}

impl Publisher {
    /// A producer for that topic. `delivery_timeout` must be below the deadline of a request. Call it within a tokio
    /// runtime.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(
        cluster: Cluster,
        topic: &str,
        delivery_timeout: Duration,
        life: Supervisor,
    ) -> anyhow::Result<Arc<Self>> {
        let publisher = Arc::new(Self {
            producer: RwLock::new(make(&cluster, topic, delivery_timeout, life.clone())?),
            cluster,
            topic: topic.to_owned(),
            delivery_timeout,
            life,
            quorum: Quorum::default(),
        });
        tend(
            &publisher,
            &publisher.life,
            "the Kafka producer's brokers",
            Self::see_to_producer,
        );
        Ok(publisher)
    }

    /// Hands an event to the client library, for that partition, with the request that it is written for. From here on it
    /// may land on the topic at any time.
    ///
    /// # Errors
    /// [`NotSent`].
    pub fn send(
        &self,
        event: &OrderEvent,
        keyed: Option<&KeyedRequest>,
        schema_id: u32,
        partition: i32,
    ) -> Result<Delivery, NotSent> {
        let value = encode::record_value(schema_id, event).map_err(|_| NotSent::DoesNotFit)?;
        let (report, delivery) = oneshot::channel();
        let acknowledgements = self.quorum.of(partition);
        let report = Report {
            sent: acknowledgements.sending(),
            acknowledgements,
            failure: Some(report),
        };
        // The partition is given, so that it is certain to be the one whose projection was found ready.
        let record = Record::with_opaque_to(&self.topic, Box::new(report))
            .key(event.order.order_id.as_bytes())
            .payload(&value)
            .partition(partition);
        let record = match keyed {
            Some(keyed) => record.headers(text_headers(keyed.headers())),
            None => record,
        };
        self.hand_over(record)
            .map_err(|error| NotSent::NotTaken(error.to_string()))?;
        crash_point::reached(Point::EventSent);
        Ok(delivery)
    }

    /// Waits until the partition's replicas have acknowledged a record that was sent after a request came, and returns its
    /// offset. Where no event is written meanwhile, that is a barrier.
    ///
    /// # Errors
    /// Why they have not acknowledged the barrier.
    pub async fn acknowledged_since(&self, partition: i32, came: Instant) -> Result<i64, String> {
        let acknowledgements = self.quorum.of(partition);
        let send = |sent| self.send_barrier(partition, acknowledgements.clone(), sent);
        acknowledgements.since(came, send).await
    }

    /// Partitions whose replicas acknowledge nothing, one sentence each.
    pub fn trouble(&self) -> Vec<String> {
        self.quorum.trouble()
    }

    fn send_barrier(
        &self,
        partition: i32,
        acknowledgements: Arc<Acknowledgements>,
        sent: Instant,
    ) -> Result<(), String> {
        let report = Report {
            acknowledgements,
            sent,
            failure: None,
        };
        let record = Record::with_opaque_to(&self.topic, Box::new(report))
            .headers(text_headers([(barrier::HEADER, crate::SERVICE)]))
            .partition(partition);
        metrics::counter!("orderlog_barriers_total", "service" => crate::SERVICE).increment(1);
        self.hand_over(record).map_err(|error| error.to_string())
    }

    fn hand_over(&self, record: Record<'_>) -> Result<(), KafkaError> {
        // It may have broken since the last record, which told nobody but those who waited for it.
        if self.is_broken() {
            self.replace();
        }
        let producer = self.producer.read().unwrap_or_else(PoisonError::into_inner);
        producer.send(record).map_err(|(error, _)| error)
    }

    /// Has it find its brokers again, and ask again for what was refused.
    fn see_to_producer(&self) {
        let producer = self.producer.read().unwrap_or_else(PoisonError::into_inner);
        let client = producer.client();
        client.context().brokers.find_again(client);
        let refused = client
            .fatal_error()
            .is_some_and(|(code, _)| self.cluster.rights.hear_fatal(code));
        let is_old = client.context().made.elapsed() > ASK_AGAIN;
        drop(producer);
        if refused && is_old {
            self.replace();
        }
    }

    /// Whether the producer has met a fatal error: it will never send again (librdkafka, "Fatal errors").
    fn is_broken(&self) -> bool {
        let producer = self.producer.read().unwrap_or_else(PoisonError::into_inner);
        producer.client().fatal_error().is_some()
    }

    /// Puts a new producer in the place of one that is broken.
    fn replace(&self) {
        let new = match make(&self.cluster, &self.topic, self.delivery_timeout, self.life.clone()) {
            Ok(new) => new,
            Err(error) => return tracing::error!(%error, "the kafka producer met a fatal error and cannot be replaced"),
        };
        let mut producer = self.producer.write().unwrap_or_else(PoisonError::into_inner);
        let Some((code, reason)) = producer.client().fatal_error() else {
            // Another request was faster.
            return;
        };
        let old = std::mem::replace(&mut *producer, new);
        drop(producer);
        if self.cluster.rights.hear_fatal(code) {
            // That it may not write was told once.
            tracing::debug!(%code, reason, "the kafka producer asks again");
        } else {
            tracing::warn!(%code, reason, "the kafka producer met a fatal error and was replaced");
        }
        metrics::counter!("orderlog_producers_replaced_total", "service" => crate::SERVICE).increment(1);
        drop(old);
    }

    /// Waits until nothing is under way any more, or the time is up.
    pub fn flush(&self, patience: Duration) {
        let producer = self.producer.read().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = producer.flush(patience) {
            tracing::warn!(%error, "events were still under way at the end");
        }
    }
}

fn make(
    cluster: &Cluster,
    topic: &str,
    delivery_timeout: Duration,
    life: Supervisor,
) -> anyhow::Result<Aside<ThreadedProducer<Reports>>> {
    let millis = u64::try_from(delivery_timeout.as_millis()).unwrap_or(u64::MAX);
    cluster
        .event_producer(millis)
        .create_with_context(Reports {
            life,
            brokers: KnownBrokers::new(cluster)?,
            rights: cluster.rights.clone(),
            topic: topic.to_owned(),
            made: Instant::now(),
        })
        // Its end waits for its reports and its threads, and neither a request nor the service's end must.
        .map(Aside::new)
        .context("making the Kafka producer: check KAFKA_BOOTSTRAP_SERVERS and KAFKA_CONFIG")
}

/// Whom to tell what became of a record.
struct Report {
    acknowledgements: Arc<Acknowledgements>,
    /// When the record counts as sent.
    sent: Instant,
    /// Who waits for an event's failure; nobody for a barrier's.
    failure: Option<oneshot::Sender<KafkaError>>,
}

impl Report {
    fn acknowledged(self, offset: i64) {
        // A repetition that the broker has recognised long after may come without an offset.
        if offset >= 0 {
            self.acknowledgements.acknowledged(self.sent, offset);
        } else if self.failure.is_none() {
            let why = "the broker did not say where it lies";
            self.acknowledgements.barrier_failed(self.sent, why.to_owned());
        }
    }

    fn failed(self, error: &KafkaError) {
        match self.failure {
            // Whoever waited may have met its deadline.
            Some(event) => drop(event.send(error.clone())),
            None => {
                let code = error.rdkafka_error_code();
                let why = code.map_or_else(|| error.to_string(), |code| code.to_string());
                self.acknowledgements.barrier_failed(self.sent, why);
            }
        }
    }
}

/// Passes on what became of each record, and logs failures once.
struct Reports {
    life: Supervisor,
    brokers: KnownBrokers,
    rights: Rights,
    topic: String,
    made: Instant,
}

impl ClientContext for Reports {
    fn stats(&self, statistics: Statistics) {
        self.brokers.learn(&statistics);
        self.rights.hear_producer(&statistics);
    }

    fn log(&self, level: RDKafkaLogLevel, fac: &str, log_message: &str) {
        context::log(level, fac, log_message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka producer");
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Report>;

    fn delivery(&self, result: &DeliveryResult<'_>, report: Self::DeliveryOpaque) {
        let _guard = self.life.panic_guard("the Kafka producer");
        crash_point::reached(Point::EventReported);
        match result {
            Ok(record) => report.acknowledged(record.offset()),
            Err((error, _)) => {
                let code = error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown);
                metrics::counter!("orderlog_deliveries_failed_total", "service" => crate::SERVICE, "error" => format!("{code:?}")).increment(1);
                if code == RDKafkaErrorCode::TopicAuthorizationFailed {
                    self.rights.lack_write(&self.topic);
                }
                report.failed(error);
            }
        }
    }
}
