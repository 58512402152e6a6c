//! Sends dead letters, and collects the reports on their delivery. [`super::deliveries`] decides what is sent, and
//! when.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use orderlog_kafka::cluster::{Cluster, ProducerOptions};
use orderlog_kafka::producer::{Delivered, Producer, Record, WriteError};
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;

use super::form::Form;
use super::outgoing::DeadLetter;

/// How long the client library retries a delivery.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest request, in bytes: a copy carries headers on top of a record that may already be as large as the source
/// topic allows.
const MAX_REQUEST_BYTES: u32 = 10 * 1024 * 1024;

/// The delivery report of one dead letter.
pub(super) struct Report {
    /// What was sent.
    pub sent: Sent,
    /// The partition that it is in, or why it was not written (as far as is known).
    pub result: Result<i32, WriteError>,
}

/// Identifies a dead letter that was sent.
pub(super) struct Sent {
    /// Position of its record.
    pub position: String,
    /// How much of the record it carried.
    pub form: Form,
    /// Whether it had a request of its own.
    pub alone: bool,
}

/// A producer of dead letters.
pub(super) struct Sender {
    topic: String,
    producer: Arc<Producer>,
    reporter: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    one_per_request: bool,
}

impl Sender {
    /// A producer for that topic. Call it within a tokio runtime.
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn new(cluster: Cluster, topic: String, supervisor: Supervisor) -> anyhow::Result<Self> {
        let (reporter, reports) = mpsc::channel();
        Ok(Self {
            producer: Producer::new(cluster, &topic, options(false), supervisor)?,
            topic,
            reporter,
            reports,
            one_per_request: false,
        })
    }

    /// Queues a dead letter. A report follows, unless there is an error.
    ///
    /// # Errors
    /// Why it was not queued.
    pub fn send(&self, dead_letter: &DeadLetter<'_>, form: Form) -> Result<(), WriteError> {
        let sent = Sent {
            position: dead_letter.position_text().to_owned(),
            form,
            alone: self.one_per_request,
        };
        let record = Record {
            key: dead_letter.key(form),
            value: dead_letter.value(form),
            headers: Some(dead_letter.headers(form)),
            partition: None,
        };
        let reporter = self.reporter.clone();
        let on_delivery = move |result: Result<Delivered, WriteError>| {
            crash_point::reached(Point::DeadLetterReported);
            let result = result.map(|delivered| delivered.partition);
            // At shutdown, nobody receives it.
            let _ = reporter.send(Report { sent, result });
        };
        self.producer.send(record, on_delivery)?;
        crash_point::reached(Point::DeadLetterSent);
        Ok(())
    }

    /// The next report, if there is one by then.
    pub fn next_report(&self, until: Instant) -> Option<Report> {
        let wait = until.saturating_duration_since(Instant::now());
        let Report { sent, result } = self.reports.recv_timeout(wait).ok()?;
        Some(Report {
            sent,
            result: result.map_err(|error| self.producer.explain(error)),
        })
    }

    /// From now on, sends each dead letter in a request of its own: the topic does not accept a full request.
    pub fn send_one_by_one(&mut self) {
        if self.one_per_request {
            return;
        }
        // Dead letters in flight are delivered as they are; those that are not delivered by then are sent again.
        let _ = self.producer.flush(DELIVERY_TIMEOUT);
        match self.producer.reconfigure(options(true)) {
            Ok(()) => {
                tracing::info!(
                    kafka.topic = self.topic,
                    "request too large for the topic; sending dead letters one by one"
                );
                self.one_per_request = true;
            }
            Err(error) => {
                tracing::error!(
                    kafka.topic = self.topic,
                    error = format!("{error:#}"),
                    "kafka producer not reconfigured"
                );
            }
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        // A dead letter in flight may still be written; without a report, its record is read again and found in the
        // index.
        let _ = self.producer.flush(Duration::from_secs(1));
    }
}

/// A batch's dead letters are sent together and awaited once.
fn options(one_per_request: bool) -> ProducerOptions {
    ProducerOptions {
        max_message_bytes: Some(MAX_REQUEST_BYTES),
        one_per_request,
        ..ProducerOptions::within(DELIVERY_TIMEOUT)
    }
}
