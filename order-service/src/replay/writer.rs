//! Writes replayed records and the marks that say so, in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use orderlog_kafka::cluster::Cluster;
use orderlog_kafka::headers::owned;
use orderlog_kafka::producer::Record;
use orderlog_kafka::producer::transactional::{TransactionError, TransactionRecord, TransactionalProducer};
use orderlog_runtime::supervisor::Supervisor;
use uuid::Uuid;

use super::plan::ReplayRecord;
use super::thread::on_thread;
use crate::dead_letter::DeadLetterId;
use crate::dead_letter::marks::{self, Mark};

/// How long the coordinator may take to end what a predecessor left behind.
const BEGIN_TIMEOUT: Duration = Duration::from_secs(5);

/// A writer that has fenced all others. Clones share it.
#[derive(Clone)]
pub(super) struct ReplayWriter {
    producer: Arc<TransactionalProducer>,
    supervisor: Supervisor,
    topic: String,
    dead_letter_topic: String,
}

impl ReplayWriter {
    /// Fences all other writers, of any instance, and ends what they left behind.
    ///
    /// # Errors
    /// Why that failed.
    pub async fn begin(
        cluster: Cluster,
        topic: &str,
        dead_letter_topic: &str,
        supervisor: &Supervisor,
    ) -> Result<Self, TransactionError> {
        let id = format!("{dead_letter_topic}-replay");
        let (named, client_supervisor) = (dead_letter_topic.to_owned(), supervisor.clone());
        let producer = on_writing_thread(supervisor, move || {
            let producer = TransactionalProducer::new(&cluster, &id, &named, client_supervisor)
                .map_err(|error| TransactionError::Failed(format!("{error:#}")))?;
            producer.begin_epoch(BEGIN_TIMEOUT).map_err(explain_begin)?;
            Ok(producer)
        });
        Ok(Self {
            producer: Arc::new(producer.await?),
            supervisor: supervisor.clone(),
            topic: topic.to_owned(),
            dead_letter_topic: dead_letter_topic.to_owned(),
        })
    }

    /// Writes records to the event topic, and to the dead-letter topic that `job` has done so: all or nothing.
    ///
    /// # Errors
    /// Why they were not written, or not for all that is known.
    pub async fn write(&self, records: Arc<Vec<ReplayRecord>>, job: Uuid, by: String) -> Result<(), TransactionError> {
        let Self {
            producer,
            topic,
            dead_letter_topic,
            ..
        } = self.clone();
        on_writing_thread(&self.supervisor, move || {
            let copies = records.iter().map(|record| TransactionRecord {
                topic: &topic,
                record: Record {
                    key: record.key.as_deref(),
                    value: Some(&record.value),
                    headers: Some(owned(&record.headers)),
                    partition: None,
                },
            });
            let marks = by_partition(records.iter().map(|record| record.id));
            let marks = marks.into_iter().map(|(partition, ids)| {
                let by = by.clone();
                TransactionRecord {
                    topic: &dead_letter_topic,
                    record: mark(partition, &Mark::Replayed { ids, job, by }),
                }
            });
            let all: Vec<TransactionRecord<'_>> = copies.chain(marks).collect();
            producer.write(&all)?;
            Ok(())
        })
        .await
    }
}

/// Adds what is usually the reason.
fn explain_begin(error: TransactionError) -> TransactionError {
    match error {
        TransactionError::Failed(reason) => TransactionError::Failed(format!(
            "no transaction coordinator answers ({reason}); if the brokers are up, check that there are at least as many as their transaction.state.log.replication.factor says"
        )),
        error => error,
    }
}

/// A mark as a record. It goes to the partition of the dead letters that it names: of two marks of one letter, the log decides
/// which came first.
pub(super) fn mark(partition: i32, mark: &Mark) -> Record<'static> {
    Record {
        headers: Some(owned(&marks::headers(mark))),
        partition: Some(partition),
        ..Record::default()
    }
}

/// Dead letters by their partitions.
pub(super) fn by_partition(ids: impl IntoIterator<Item = DeadLetterId>) -> BTreeMap<i32, Vec<DeadLetterId>> {
    let mut partitions: BTreeMap<i32, Vec<DeadLetterId>> = BTreeMap::new();
    for id in ids {
        partitions.entry(id.partition).or_default().push(id);
    }
    partitions
}

async fn on_writing_thread<T: Send + 'static>(
    supervisor: &Supervisor,
    work: impl FnOnce() -> Result<T, TransactionError> + Send + 'static,
) -> Result<T, TransactionError> {
    let done = on_thread(supervisor, "writing replayed records", work).await;
    done.unwrap_or_else(|error| Err(TransactionError::Failed(format!("{error:#}"))))
}
