//! Puts letters on the dead-letter topic and passes on what became of them. What is sent, and when, decides
//! [`super::deliveries`].

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_kafka::brokers::KnownBrokers;
use orderlog_kafka::config::Cluster;
use orderlog_kafka::context;
use orderlog_kafka::rights::{Right, Rights, is_refusal};
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::Message;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::statistics::Statistics;

use super::letter::{Form, Letter};
use crate::SERVICE;

/// How long the library tries to deliver a letter before it gives up, in milliseconds.
const DELIVERY_TIMEOUT_MS: u64 = 5_000;

/// How old a producer is that is replaced because it was not allowed to write: a new one asks the broker again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// What became of one letter.
pub(super) struct Report {
    /// What was sent.
    pub sent: Sent,
    /// The partition that it lies in, or why it lies nowhere (for all that is known).
    pub result: Result<i32, NotWritten>,
}

/// What identifies a letter that was sent.
pub(super) struct Sent {
    /// Coordinates of its record.
    pub coordinates: String,
    /// How much of the record it carried.
    pub form: Form,
    /// Whether it had a request of its own.
    pub alone: bool,
}

/// Why a letter was not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NotWritten {
    /// The library's queue is full: try again when reports have come.
    QueueFull,
    /// The library or the broker will not have a record, or a request, of that size.
    TooLarge,
    /// Anything else, in words.
    Failed(String),
}

/// A producer of dead letters.
pub(super) struct Writer {
    cluster: Cluster,
    topic: String,
    life: Supervisor,
    producer: ThreadedProducer<Reports>,
    sender: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    /// Whether each letter has a request of its own.
    one_by_one: bool,
}

impl Writer {
    /// A producer for that topic.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn new(cluster: Cluster, topic: String, life: Supervisor) -> anyhow::Result<Self> {
        let (sender, reports) = mpsc::channel();
        Ok(Self {
            producer: make(&cluster, &topic, sender.clone(), &life, false)?,
            cluster,
            topic,
            life,
            sender,
            reports,
            one_by_one: false,
        })
    }

    /// Hands a letter to the library. A report follows, unless there is an error.
    ///
    /// # Errors
    /// Why the library did not take it.
    pub fn send(&mut self, letter: &Letter<'_>, form: Form) -> Result<(), NotWritten> {
        let sent = Sent {
            coordinates: letter.coordinates().to_owned(),
            form,
            alone: self.one_by_one,
        };
        let mut record = BaseRecord::with_opaque_to(&self.topic, Box::new(sent)).headers(letter.headers(form));
        // No timestamp is set: the letter's own is the time of its writing, the record's is in the headers.
        record.key = letter.key(form);
        record.payload = letter.value(form);
        match self.producer.send::<[u8], [u8]>(record) {
            Ok(()) => {
                crash_point::reached(Point::DeadLetterSent);
                Ok(())
            }
            Err((error, _)) => {
                let why = self.explained(not_written(&error));
                if let Some((code, _)) = self.producer.client().fatal_error()
                    && !self.cluster.rights.hear_fatal(code)
                {
                    tracing::warn!(%code, "the producer of dead letters met a fatal error");
                    metrics::counter!("orderlog_producers_replaced_total", "service" => SERVICE).increment(1);
                    self.replace();
                }
                Err(why)
            }
        }
    }

    /// The same reason, unless it says only that the producer is broken: then why it is.
    fn explained(&self, why: NotWritten) -> NotWritten {
        match (why, self.producer.client().fatal_error()) {
            (NotWritten::Failed(_), Some((code, _))) => NotWritten::Failed(Right::WriteIdempotently.explain(code)),
            (why, _) => why,
        }
    }

    /// The next report, if there is one until then.
    pub fn next_report(&mut self, until: Instant) -> Option<Report> {
        self.see_to_producer();
        let wait = until.saturating_duration_since(Instant::now());
        let report = self.reports.recv_timeout(wait).ok()?;
        Some(Report {
            result: report.result.map_err(|why| self.explained(why)),
            ..report
        })
    }

    /// Has it find its brokers again, and ask again for what was refused.
    fn see_to_producer(&mut self) {
        let client = self.producer.client();
        client.context().brokers.find_again(client);
        let refused = client
            .fatal_error()
            .is_some_and(|(code, _)| self.cluster.rights.hear_fatal(code));
        if refused && client.context().made.elapsed() > ASK_AGAIN {
            self.replace();
        }
    }

    /// From now on gives each letter a request of its own: the topic takes less than a full request.
    pub fn send_one_by_one(&mut self) {
        if !self.one_by_one {
            tracing::info!(
                kafka.topic = self.topic,
                "the dead-letter topic takes no large requests: sending letters one by one"
            );
            self.one_by_one = true;
            // What is under way goes on as it is; what is not done then is sent anew.
            let _ = self.producer.flush(Duration::from_millis(DELIVERY_TIMEOUT_MS));
            self.replace();
        }
    }

    /// Makes a new producer. One that has met a fatal error will never send again (librdkafka, "Fatal errors").
    fn replace(&mut self) {
        match make(
            &self.cluster,
            &self.topic,
            self.sender.clone(),
            &self.life,
            self.one_by_one,
        ) {
            Ok(producer) => self.producer = producer,
            Err(error) => tracing::error!(%error, "the producer of dead letters cannot be replaced"),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // What is under way may still land; without a report its record is read again, and found by the index.
        let _ = self.producer.flush(Duration::from_secs(1));
    }
}

fn make(
    cluster: &Cluster,
    topic: &str,
    sender: mpsc::Sender<Report>,
    life: &Supervisor,
    one_by_one: bool,
) -> anyhow::Result<ThreadedProducer<Reports>> {
    cluster
        .dead_letter_producer(DELIVERY_TIMEOUT_MS, one_by_one)
        .create_with_context(Reports {
            sender,
            life: life.clone(),
            brokers: KnownBrokers::new(cluster)?,
            rights: cluster.rights.clone(),
            write: Right::Write(topic.to_owned()),
            made: Instant::now(),
        })
        .context("making the Kafka producer of dead letters: check KAFKA_BOOTSTRAP_SERVERS and KAFKA_CONFIG")
}

fn not_written(error: &KafkaError) -> NotWritten {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => NotWritten::QueueFull,
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::MessageBatchTooLarge) => NotWritten::TooLarge,
        Some(code) => NotWritten::Failed(code.to_string()),
        None => NotWritten::Failed(error.to_string()),
    }
}

/// Passes on what became of each letter.
struct Reports {
    sender: mpsc::Sender<Report>,
    life: Supervisor,
    brokers: KnownBrokers,
    rights: Rights,
    write: Right,
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
        tracing::debug!(%error, reason, "kafka producer of dead letters");
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<Sent>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Self::DeliveryOpaque) {
        let result = match result {
            Ok(record) => Ok(record.partition()),
            Err((error, _)) => Err(match error.rdkafka_error_code() {
                Some(code) if is_refusal(code) => NotWritten::Failed(self.write.to_string()),
                _ => not_written(error),
            }),
        };
        let _guard = self.life.panic_guard("the Kafka producer of dead letters");
        crash_point::reached(Point::DeadLetterReported);
        // At the end of the process nobody listens any more.
        let _ = self.sender.send(Report { sent: *sent, result });
    }
}
