//! Writes events to the topic, and barriers. Whether an event won is not known here: that is read back from the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use orderlog_contract::event::OrderEvent;
use orderlog_contract::idempotency::KeyedRequest;
use orderlog_contract::{barrier, encode};
use orderlog_kafka::cluster::{Cluster, ProducerOptions};
use orderlog_kafka::headers::text_headers;
use orderlog_kafka::producer::{Delivered, Producer, Record, WriteError};
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::metrics::BARRIERS;
use orderlog_runtime::supervisor::Supervisor;
use tokio::sync::oneshot;

use crate::quorum::{Acknowledgments, BarrierError, Quorum};

/// Why an event was not sent. It is certain that it is not on the topic.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The producer did not take it: its queue is full, or it is broken.
    #[error("the event was not sent: {0}")]
    NotQueued(#[source] WriteError),
    /// It does not match our own schema, which tests rule out. (The encoder's reason repeats the schema.)
    #[error("one of our events does not match the newest schema")]
    EncodeFailed,
}

/// Resolves with the error when a delivery fails, and without one when the broker has acknowledged it.
pub type Delivery = oneshot::Receiver<WriteError>;

/// A producer of order events.
pub struct Publisher {
    producer: Arc<Producer>,
    quorum: Quorum,
    barriers: metrics::Counter,
}

impl Publisher {
    /// A producer for that topic. `delivery_timeout` must be below the deadline of a request. Call it within a tokio
    /// runtime.
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn new(
        cluster: Cluster,
        topic: &str,
        delivery_timeout: Duration,
        supervisor: Supervisor,
    ) -> anyhow::Result<Self> {
        let options = ProducerOptions {
            compression: Some("lz4"),
            ..ProducerOptions::within(delivery_timeout)
        };
        Ok(Self {
            producer: Producer::new(cluster, topic, options, supervisor)?,
            quorum: Quorum::default(),
            barriers: metrics::counter!(BARRIERS, "service" => crate::SERVICE),
        })
    }

    /// Sends an event to that partition, with the request that it is written for. From here on it may land on the topic at
    /// any time.
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
        let value = encode::record_value(schema_id, event).map_err(|_| NotSent::EncodeFailed)?;
        let record = Record {
            key: Some(event.order.order_id.as_bytes()),
            value: Some(&value),
            headers: keyed.map(|keyed| text_headers(keyed.headers())),
            // Set explicitly: it must be the very partition whose projection was found ready.
            partition: Some(partition),
        };
        let (failure, delivery) = oneshot::channel();
        let acknowledgments = self.quorum.of(partition);
        let sent = acknowledgments.sending();
        let on_delivery = move |result: Result<Delivered, WriteError>| {
            crash_point::reached(Point::EventReported);
            match result {
                Ok(Delivered { offset, .. }) => {
                    if let Some(offset) = offset {
                        acknowledgments.acknowledged(sent, offset);
                    }
                }
                // The request may have reached its deadline and stopped waiting.
                Err(error) => drop(failure.send(error)),
            }
        };
        self.producer.send(record, on_delivery).map_err(NotSent::NotQueued)?;
        crash_point::reached(Point::EventSent);
        Ok(delivery)
    }

    /// Waits until the partition's replicas have acknowledged a record that was sent after a request arrived, and returns
    /// its offset. If no event is written meanwhile, that is a barrier.
    ///
    /// # Errors
    /// Why they have not acknowledged the barrier.
    pub async fn acknowledged_since(&self, partition: i32, arrived: Instant) -> Result<i64, BarrierError> {
        let acknowledgments = self.quorum.of(partition);
        let send = |sent| self.send_barrier(partition, acknowledgments.clone(), sent);
        acknowledgments.wait_for_ack_after(arrived, send).await
    }

    /// One sentence for each partition whose replicas acknowledge nothing.
    pub fn problems(&self) -> Vec<String> {
        self.quorum.problems()
    }

    fn send_barrier(
        &self,
        partition: i32,
        acknowledgments: Arc<Acknowledgments>,
        sent: Instant,
    ) -> Result<(), WriteError> {
        let record = Record {
            headers: Some(text_headers([(barrier::HEADER, crate::SERVICE)])),
            partition: Some(partition),
            ..Record::default()
        };
        self.barriers.increment(1);
        self.producer.send(record, move |result| {
            crash_point::reached(Point::EventReported);
            match result.map(|delivered| delivered.offset) {
                Ok(Some(offset)) => acknowledgments.acknowledged(sent, offset),
                Ok(None) => acknowledgments.barrier_failed(sent, BarrierError::NoOffset),
                Err(error) => acknowledgments.barrier_failed(sent, error.into()),
            }
        })
    }

    /// Waits until every record was acknowledged or has failed, at most for that long.
    pub fn flush(&self, timeout: Duration) {
        if let Err(error) = self.producer.flush(timeout) {
            tracing::warn!(%error, "events still in flight at shutdown");
        }
    }
}
