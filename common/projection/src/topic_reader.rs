//! The topic while it is read: its partitions, the schemas that they wait for, and the processing of a batch. Whether
//! it is read at all is up to the consumer loop.

use std::time::Duration;

use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::log_reader::{LogEvent, LogReader};
use orderlog_kafka::partition::{Partitioner, Partitioning};
use tokio::sync::watch;

use crate::batch::{BatchProcessor, Committed};
use crate::collect::{Collected, collect};
use crate::control_message::{Resume, Rewind};
use crate::markers;
use crate::partitions::Partitions;
use crate::pause::{Pause, PauseReason};
use crate::pauses;
use crate::phase::RestartReason;
use crate::prepare::PartitionStart;
use crate::progress::Progress;
use crate::progress_reporter::{ProgressReporter, commit_offsets};
use crate::rejections::RejectionHandler;
use crate::resume::resume;
use crate::rewind::rewind;
use crate::schema_lookup::SchemaLookup;
use crate::settings::Settings;
use crate::store::LearnError;
use crate::topic_conflict::TopicConflict;

/// The topic while it is read.
pub(crate) struct TopicReader<H> {
    topic: String,
    partitioner: Partitioner,
    unknown_schema_grace: Duration,
    connection: ConnectionState,
    lookup: SchemaLookup,
    partitions: Partitions,
    processor: BatchProcessor<H>,
    reporter: ProgressReporter,
}

impl<H: RejectionHandler> TopicReader<H> {
    /// A reader that knows no partitions yet. What it learns about them is published in `progress`.
    pub fn new(
        settings: &Settings,
        processor: BatchProcessor<H>,
        lookup: SchemaLookup,
        progress: watch::Sender<Progress>,
        connection: ConnectionState,
    ) -> Self {
        Self {
            topic: settings.topic.name.clone(),
            partitioner: settings.cluster.partitioner,
            unknown_schema_grace: settings.unknown_schema_grace,
            connection,
            lookup,
            partitions: Partitions::new(progress),
            processor,
            reporter: ProgressReporter::new(settings),
        }
    }

    /// What handles rejected records.
    pub fn handler(&mut self) -> &mut H {
        &mut self.processor.handler
    }

    /// Starts reading the partitions at these positions.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn start(&mut self, starts: Vec<PartitionStart>, reader: &LogReader) -> anyhow::Result<()> {
        // Some may still be paused; their records are classified again from where they start now.
        for (partition, _) in self.partitions.iter().filter(|(_, state)| state.pause().is_some()) {
            reader.resume(partition);
        }
        let from = |(partition, start): (i32, &PartitionStart)| (partition, start.from);
        let from: Vec<_> = (0..).zip(&starts).map(from).collect();
        self.partitions.start(starts);
        reader.assign(from)?;
        let open = self
            .partitions
            .iter()
            .filter(|(_, state)| state.row().is_breaker_open());
        let open: Vec<i32> = open.map(|(partition, _)| partition).collect();
        for partition in open {
            self.partitions.pause_for_breaker(partition, reader);
        }
        Ok(())
    }

    /// Stops reading, until it is started again.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn stop(&mut self, reader: &LogReader) -> anyhow::Result<()> {
        self.partitions.interrupt();
        reader.assign([])
    }

    /// How long to wait for the first record of the next batch.
    pub fn poll_timeout(&self) -> Duration {
        pauses::poll_timeout(&self.partitions)
    }

    /// Resumes partitions whose schema has arrived or whose time is up.
    ///
    /// # Errors
    /// A schema id means a different schema than before.
    pub fn resume_due(&mut self, reader: &LogReader) -> Result<(), LearnError> {
        let (answers, conflict) = match self.lookup.take_answers() {
            Ok(answers) => (answers, Ok(())),
            Err(conflict) => (Vec::new(), Err(conflict)),
        };
        pauses::resume_due(
            &mut self.partitions,
            &answers,
            &mut self.lookup,
            &self.connection,
            self.unknown_schema_grace,
            reader,
        );
        conflict
    }

    /// Processes a batch. Returns why consumption has to restart after it, if it has to.
    ///
    /// # Errors
    /// The topic is not the one that the store was built from.
    pub fn process(
        &mut self,
        batch: &[LogEvent<'_>],
        reader: &LogReader,
    ) -> Result<Option<RestartReason>, TopicConflict> {
        let partitioning = Partitioning {
            partitioner: self.partitioner,
            partitions: i32::try_from(self.partitions.count()).unwrap_or(i32::MAX),
        };
        let Collected { batches, restart } = collect(
            batch,
            &self.topic,
            partitioning,
            self.processor.max_keys > 0,
            &mut self.partitions,
            &self.lookup,
        )?;
        for (partition, result) in self.processor.process(batch, batches, partitioning) {
            match result {
                Ok(committed) => self.accept(partition, committed, reader),
                Err(failure) => {
                    let pause = Pause::new(PauseReason::failure(failure.to_string()), None);
                    self.partitions.pause(partition, pause, reader);
                }
            }
        }
        Ok(restart)
    }

    /// Applies what was committed, and then notifies the waiters.
    fn accept(&mut self, partition: i32, committed: Committed, reader: &LogReader) {
        let Some(state) = self.partitions.get(partition) else {
            return;
        };
        let (before, after) = (state.row().counters, committed.row.counters);
        let wait = state.commit(committed.row, committed.ending);
        let is_breaker_open = state.row().is_breaker_open();
        self.reporter.count(&before, &after);
        self.reporter.log_caught_up(&self.partitions);
        match wait {
            _ if is_breaker_open => self.partitions.pause_for_breaker(partition, reader),
            Some(wait) => pauses::await_schemas(&mut self.partitions, partition, wait, &mut self.lookup, reader),
            None => self.partitions.publish(partition),
        }
        self.processor.waiters.notify(committed.outcomes, committed.versions);
    }

    /// Moves partitions that were read to their end past the transaction markers there.
    pub fn skip_markers(&mut self) {
        let BatchProcessor { store, runtime, .. } = &self.processor;
        markers::skip(&mut self.partitions, store, runtime);
    }

    /// Re-reads records that were skipped.
    pub fn rewind(&mut self, request: Rewind, reader: &LogReader) {
        let BatchProcessor {
            store,
            runtime,
            handler,
            ..
        } = &mut self.processor;
        rewind(request, &mut self.partitions, store, runtime, handler, reader);
    }

    /// Resumes partitions whose breaker is open.
    pub fn resume(&mut self, request: Resume, reader: &LogReader) {
        let BatchProcessor { store, runtime, .. } = &self.processor;
        resume(request, &mut self.partitions, store, runtime, reader);
    }

    /// Whether it is time for a report.
    pub fn is_report_due(&self) -> bool {
        self.reporter.is_due()
    }

    /// Reports the state of the connection and, if `for_lag_tools`, its progress in Kafka.
    pub fn report(&mut self, for_lag_tools: bool, reader: &LogReader) {
        if for_lag_tools {
            commit_offsets(&self.partitions, reader);
        }
        self.reporter.report(&self.connection);
    }

    /// Checks that the topic has not been given more partitions.
    ///
    /// # Errors
    /// It has been given more, so an order's events may be in two of them.
    pub fn check_partition_count(&self) -> Result<(), TopicConflict> {
        let had = self.partitions.count();
        match self.connection.partition_count() {
            Some(has) if had > 0 && has > had => {
                let count = |partitions| i32::try_from(partitions).unwrap_or(i32::MAX);
                Err(TopicConflict::PartitionCount {
                    topic: self.topic.clone(),
                    has: count(has),
                    had: count(had),
                })
            }
            _ => Ok(()),
        }
    }
}
