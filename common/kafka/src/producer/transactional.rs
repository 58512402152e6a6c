//! A producer that writes records to several topics in one transaction: readers see all of them or none. Of all producers
//! with one transactional id, only the one that [began](TransactionalProducer::begin_epoch) last can commit.
//!
//! After an error, whatever it is, the caller drops the producer and begins again with a new one: that aborts what the old
//! one left open, which is right in every case, and cheap. The exception is [`TransactionError::TooLarge`].

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Context;
use orderlog_runtime::crash_point::{self, Point};
use orderlog_runtime::supervisor::Supervisor;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer as _, ThreadedProducer};

use super::context::{Report, ReportContext};
use super::{Delivered, Record, WriteError};
use crate::closing::CloseInBackground;
use crate::cluster::{Cluster, ProducerOptions};
use crate::permissions::{Permission, is_denial};

/// How long a broker waits for the end of a transaction before it aborts it. It looks only every
/// `transaction.abort.timed.out.transaction.cleanup.interval.ms`, by default every 10 s, so what a killed process leaves
/// behind blocks readers for up to 20 s, unless a producer with the same id begins before.
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a record is retried. It must be below the transaction's time.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(8);
/// The largest request, in bytes: as for dead letters, which are what is written.
const MAX_REQUEST_BYTES: u32 = 10 * 1024 * 1024;
/// How long a full queue is given to empty.
const QUEUE_WAIT: Duration = Duration::from_millis(50);

/// A record of a transaction.
#[derive(Clone, Debug)]
pub struct TransactionRecord<'a> {
    /// The topic to write it to.
    pub topic: &'a str,
    /// The record.
    pub record: Record<'a>,
}

/// Why a transaction was not committed, or not for all that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// Another producer with the same transactional id began after this one. Nothing was written.
    #[error("another instance took over")]
    Fenced,
    /// A record is larger than a topic allows. Nothing was written, and the producer goes on.
    #[error("a record is larger than its topic allows (max.message.bytes)")]
    TooLarge,
    /// The account may not do that. Nothing was written.
    #[error("{0}")]
    Denied(Permission),
    /// The brokers have no transactions.
    #[error("the brokers do not support transactions, which Kafka has had since 0.11: {0}")]
    Unsupported(RDKafkaErrorCode),
    /// Anything else. Only the log knows whether the transaction was committed.
    #[error("{0}")]
    Failed(String),
}

/// A producer that writes in transactions. All of it blocks.
pub struct TransactionalProducer {
    producer: CloseInBackground<ThreadedProducer<ReportContext>>,
    id: String,
}

impl TransactionalProducer {
    /// A producer with that transactional id; `topic` is the one it is named after in the log. It has to
    /// [begin](Self::begin_epoch).
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn new(cluster: &Cluster, id: &str, topic: &str, supervisor: Supervisor) -> anyhow::Result<Self> {
        let options = ProducerOptions {
            max_message_bytes: Some(MAX_REQUEST_BYTES),
            ..ProducerOptions::within(DELIVERY_TIMEOUT)
        };
        let producer = cluster
            .transactional_producer(id, TRANSACTION_TIMEOUT, &options)
            .create_with_context(ReportContext::new(cluster, topic, supervisor)?)
            .context("creating the transactional Kafka producer: check KAFKA_BOOTSTRAP_SERVERS and KAFKA_CONFIG")?;
        Ok(Self {
            producer: CloseInBackground::new(producer),
            id: id.to_owned(),
        })
    }

    /// Fences all other producers with this id, and waits until what they left behind is committed or aborted. May be
    /// called again after it took too long.
    ///
    /// # Errors
    /// [`TransactionError`]; with [`Failed`](TransactionError::Failed), it may be called again.
    pub fn begin_epoch(&self, timeout: Duration) -> Result<(), TransactionError> {
        self.bootstrap();
        self.producer
            .init_transactions(timeout)
            .map_err(|error| self.explain(&error))
    }

    /// Writes the records in one transaction. Returns where each is.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn write(&self, records: &[TransactionRecord<'_>]) -> Result<Vec<Delivered>, TransactionError> {
        let deadline = Instant::now() + TRANSACTION_TIMEOUT;
        crash_point::reached(Point::ReplayNotBegun);
        self.producer
            .begin_transaction()
            .map_err(|error| self.explain(&error))?;
        match self.deliver(records, deadline) {
            Ok(delivered) => {
                crash_point::reached(Point::ReplayProduced);
                self.commit(deadline)?;
                crash_point::reached(Point::ReplayCommitted);
                Ok(delivered)
            }
            Err(error) => {
                let error = self.cause(error);
                let aborted = self.producer.abort_transaction(TRANSACTION_TIMEOUT);
                match (error, aborted) {
                    (TransactionError::TooLarge, Err(error)) => Err(self.explain(&error)),
                    (error, _) => Err(error),
                }
            }
        }
    }

    fn deliver(
        &self,
        records: &[TransactionRecord<'_>],
        deadline: Instant,
    ) -> Result<Vec<Delivered>, TransactionError> {
        let (reporter, reports) = mpsc::channel();
        for (n, record) in records.iter().enumerate() {
            self.send(record, n, &reporter, deadline)?;
        }
        drop(reporter);
        let mut delivered = BTreeMap::new();
        while delivered.len() < records.len() {
            let wait = deadline.saturating_duration_since(Instant::now());
            let late = || TransactionError::Failed("the brokers did not acknowledge the records in time".to_owned());
            let (n, result): (usize, Result<Delivered, WriteError>) = reports.recv_timeout(wait).map_err(|_| late())?;
            delivered.insert(n, result.map_err(|error| self.explain_write(error))?);
        }
        Ok(delivered.into_values().collect())
    }

    fn send(
        &self,
        TransactionRecord { topic, record }: &TransactionRecord<'_>,
        n: usize,
        reporter: &mpsc::Sender<(usize, Result<Delivered, WriteError>)>,
        deadline: Instant,
    ) -> Result<(), TransactionError> {
        loop {
            let reporter = reporter.clone();
            // The receiver is gone after an error of another record.
            let on_delivery = move |result| drop(reporter.send((n, result)));
            let queued = BaseRecord {
                topic,
                partition: record.partition,
                payload: record.value,
                key: record.key,
                timestamp: None,
                headers: record.headers.clone(),
                delivery_opaque: Box::new(Report(Box::new(on_delivery))),
            };
            match self
                .producer
                .send::<[u8], [u8]>(queued)
                .map_err(|(error, _)| WriteError::from(error))
            {
                Ok(()) => return Ok(()),
                Err(WriteError::QueueFull) if Instant::now() < deadline => {
                    // Not empty after that: it is asked again.
                    let _ = self.producer.flush(QUEUE_WAIT);
                }
                Err(error) => return Err(self.explain_write(error)),
            }
        }
    }

    /// Commits, and asks again while that takes long: the operation goes on in the background meanwhile.
    fn commit(&self, deadline: Instant) -> Result<(), TransactionError> {
        let deadline = deadline + TRANSACTION_TIMEOUT;
        loop {
            let Err(error) = self.producer.commit_transaction(TRANSACTION_TIMEOUT) else {
                return Ok(());
            };
            let is_retriable = matches!(&error, KafkaError::Transaction(error) if error.is_retriable());
            if !is_retriable || Instant::now() >= deadline {
                return Err(self.explain(&error));
            }
        }
    }

    /// Records that were dropped because of another one, or because their partition could not be added to the transaction, do
    /// not say why. An attempt to commit does; it cannot succeed.
    fn cause(&self, error: TransactionError) -> TransactionError {
        let TransactionError::Failed(reason) = &error else {
            return error;
        };
        let is_consequence = [RDKafkaErrorCode::PurgeQueue, RDKafkaErrorCode::PurgeInflight]
            .iter()
            .any(|code| *reason == KafkaError::MessageProduction(*code).to_string());
        if !is_consequence {
            return error;
        }
        match self.producer.commit_transaction(DELIVERY_TIMEOUT) {
            Err(cause) => self.explain(&cause),
            Ok(()) => error,
        }
    }

    fn bootstrap(&self) {
        let client = self.producer.client();
        client.context().bootstrap.retry(client);
    }

    fn explain_write(&self, error: WriteError) -> TransactionError {
        match error {
            WriteError::TooLarge => TransactionError::TooLarge,
            WriteError::Denied(permission) => TransactionError::Denied(permission),
            WriteError::Failed(error) => self.explain(&error),
            error => TransactionError::Failed(error.to_string()),
        }
    }

    /// That error; or, if it is only a consequence, the fatal one before it.
    fn explain(&self, error: &KafkaError) -> TransactionError {
        let fatal = self.producer.client().fatal_error();
        let (code, reason) = match (fatal, error) {
            (Some((code, reason)), _) => (code, reason),
            (None, KafkaError::Transaction(error)) => (error.code(), error.string()),
            (None, error) => (
                error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown),
                error.to_string(),
            ),
        };
        match code {
            RDKafkaErrorCode::Fenced | RDKafkaErrorCode::ProducerFenced | RDKafkaErrorCode::InvalidProducerEpoch => {
                TransactionError::Fenced
            }
            RDKafkaErrorCode::UnsupportedFeature | RDKafkaErrorCode::UnsupportedVersion => {
                TransactionError::Unsupported(code)
            }
            RDKafkaErrorCode::ClusterAuthorizationFailed => TransactionError::Denied(Permission::WriteIdempotently),
            // Which of the topics it is, the reason does not say.
            RDKafkaErrorCode::TopicAuthorizationFailed => TransactionError::Denied(Permission::WriteInTransaction),
            code if is_denial(code) => TransactionError::Denied(Permission::WriteTransactionally(self.id.clone())),
            _ => TransactionError::Failed(reason),
        }
    }
}
