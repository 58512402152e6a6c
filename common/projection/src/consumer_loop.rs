//! The projection's thread: start, read, obey. What a batch does is in [`batch`](crate::batch), which phase it is in says
//! [`phase`](crate::phase), what waits and is read on [`pauses`].

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::time::Duration;

use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::log_reader::{LogEvent, LogReader};
use orderlog_kafka::partition::Partitioning;
use orderlog_runtime::crash_point::{self, Point};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::batch::{BatchProcessor, Collected, Committed, collect};
use crate::partitions::Partitions;
use crate::pauses::{self, Pause, PauseReason};
use crate::phase::{PhaseOwner, RestartReason};
use crate::prepare::{NotReady, PartitionStart, Prepared, prepare};
use crate::progress::Progress;
use crate::progress_reporter::{ProgressReporter, commit_offsets};
use crate::rejections::RejectionHandler;
use crate::rewind::{Rewind, rewind};
use crate::schema_id_audit::Verdict;
use crate::schema_lookup::SchemaLookup;
use crate::store::Store;
use crate::topic_conflict::TopicConflict;
use crate::waiters::Waiters;
use crate::{Command, Settings, markers};

/// Most records of one batch: bounds what is held in memory and how long a commit takes.
const MAX_BATCH_RECORDS: usize = 2_000;
/// How long the registry is waited for at the start, before the first record is read as what its schema id meant before.
const FIRST_AUDIT_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two tries to start.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// The projection's thread, but for the reader: its records are borrowed while the rest changes.
pub(crate) struct ConsumerLoop<H> {
    settings: Settings,
    runtime: Handle,
    store: Store,
    progress: watch::Sender<Progress>,
    waiters: Waiters,
    connection: ConnectionState,
    lookup: SchemaLookup,
    phase: PhaseOwner,
    partitions: Partitions,
    processor: BatchProcessor<H>,
    reporter: ProgressReporter,
}

/// Why reading ended.
enum LoopExit {
    /// It was told to.
    Stopped,
    /// It has to start again.
    Restart(RestartReason),
}

impl<H: RejectionHandler> ConsumerLoop<H> {
    pub fn new(
        settings: Settings,
        runtime: Handle,
        store: Store,
        lookup: SchemaLookup,
        waiters: Waiters,
        progress: watch::Sender<Progress>,
        connection: ConnectionState,
        handler: H,
    ) -> Self {
        Self {
            phase: PhaseOwner::starting(settings.topic.name.clone(), progress.clone(), waiters.clone()),
            partitions: Partitions::new(progress.clone()),
            processor: BatchProcessor {
                service: settings.service,
                store: store.clone(),
                runtime: runtime.clone(),
                waiters: waiters.clone(),
                handler,
                max_keys: settings.max_idempotency_keys,
            },
            reporter: ProgressReporter::new(settings.service, settings.topic.name.clone()),
            settings,
            runtime,
            store,
            progress,
            waiters,
            connection,
            lookup,
        }
    }

    /// Runs until it is told to stop. A panic leaves a reason behind for those who ask until the service has ended.
    ///
    /// # Panics
    /// When a part of it has.
    pub fn run(mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>) {
        let ran = catch_unwind(AssertUnwindSafe(|| self.start_and_read(reader, commands)));
        if ran.is_err() {
            self.phase
                .halt("the projection panicked; see the log. Restart the service".to_owned());
        }
        self.waiters.close();
        if let Err(panic) = ran {
            resume_unwind(panic);
        }
    }

    fn start_and_read(&mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>) {
        let mut delay = FIRST_AUDIT_TIMEOUT;
        while self.start(reader, commands, delay) {
            match self.read(reader, commands) {
                LoopExit::Stopped => return,
                LoopExit::Restart(reason) => {
                    tracing::warn!(kafka.topic = reader.topic(), %reason, "restarting consumption");
                }
            }
            // What is asked of a broker waits behind a fetch that waits for records, half a second each time.
            if let Err(error) = reader.assign([]) {
                tracing::warn!(
                    kafka.topic = reader.topic(),
                    error = format!("{error:#}"),
                    "unassigning partitions failed"
                );
            }
            // What an operator has allowed, or the start may do, holds for the start only: a topic that is cut off or
            // deleted while we run is for an operator to judge.
            self.settings.accept_truncated = false;
            self.settings.create_topics = false;
            delay = RETRY_DELAY;
        }
    }

    /// Tries until reading can begin, or is halted; before each try, waits so long for a command. Returns false when it is
    /// told to stop.
    fn start(&mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>, first_delay: Duration) -> bool {
        let mut delay = first_delay;
        while !self.phase.is_halted() {
            match commands.recv_timeout(delay) {
                Ok(Command::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return false,
                Ok(Command::Halt(reason)) => {
                    self.phase.halt(reason);
                    break;
                }
                // Every look at the registry ends with this, so the first one is over then.
                Ok(Command::Audited(verdict)) => self.audited(verdict),
                Ok(Command::Rewind(_)) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            delay = RETRY_DELAY;
            // Where the registry contradicts the store, nothing is read from the first record on.
            let prepared = match self.phase.is_suspended() {
                true => None,
                false => Some(self.prepare(reader)),
            };
            if let Some(Err(NotReady::Halt(conflict))) = prepared {
                self.phase.halt(format!("{conflict:#}"));
                break;
            }
            // Told by the client on the way.
            if reader.serve() {
                self.topic_recreated();
            }
            match prepared {
                Some(Ok(prepared)) if !self.phase.is_halted() => {
                    self.start_reading(reader, prepared);
                    break;
                }
                Some(Err(not_ready)) if !self.phase.is_halted() => self.phase.not_ready(format!("{not_ready:#}")),
                _ => {}
            }
        }
        true
    }

    fn prepare(&mut self, reader: &LogReader) -> Result<Prepared, NotReady> {
        self.processor.handler.prepare().map_err(NotReady::Retry)?;
        prepare(&self.settings, reader, &self.store, &self.runtime)
    }

    fn start_reading(&mut self, reader: &LogReader, prepared: Prepared) {
        // Some may be paused from before; where they start now, they are judged afresh.
        for (partition, _) in self.partitions.iter().filter(|(_, state)| state.pause().is_some()) {
            reader.resume(partition);
        }
        let from = |(partition, start): (i32, &PartitionStart)| (partition, start.from);
        let from: Vec<_> = (0..).zip(&prepared.starts).map(from).collect();
        self.progress
            .send_modify(|progress| progress.warnings = prepared.warnings);
        // Before the phase: what was known of the partitions before is not shown as what is read now.
        self.partitions.start(prepared.starts);
        self.phase.reading();
        if let Err(error) = reader.assign(from) {
            self.phase.halt(format!("the topic cannot be consumed: {error:#}"));
        }
    }

    /// Reads until it is told to stop, or has to start again.
    fn read(&mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>) -> LoopExit {
        loop {
            if self.obey(reader, commands).is_break() {
                self.report(reader);
                return LoopExit::Stopped;
            }
            // Before anything is read: the client stands behind what came while nothing was read.
            if let Some(reason) = self.phase.restart() {
                return LoopExit::Restart(reason);
            }
            crash_point::reached(Point::ProjectionTurn);
            self.resume_due(reader);
            let batch = reader.next_batch(MAX_BATCH_RECORDS, pauses::poll_timeout(&self.partitions));
            let is_recreated = batch.iter().any(|event| matches!(event, LogEvent::TopicRecreated));
            // A projection that has stopped reading goes on polling, which keeps the connection to the broker known, and drops what
            // it reads.
            if is_recreated && !self.phase.is_halted() {
                // It is told once.
                self.topic_recreated();
            } else if !batch.is_empty() && self.phase.is_reading() {
                self.process(reader, &batch);
            }
            drop(batch);
            if !self.phase.is_halted() {
                markers::skip(&mut self.partitions, &self.store, &self.runtime);
            }
            if let Some(reason) = self.phase.restart() {
                return LoopExit::Restart(reason);
            }
            self.processor.handler.tick();
            if self.reporter.is_due() {
                self.report(reader);
                self.check_partition_count();
            }
        }
    }

    /// Carries out what has been asked of it meanwhile. Returns whether that is to stop.
    fn obey(&mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>) -> ControlFlow<()> {
        loop {
            match commands.try_recv() {
                Ok(Command::Rewind(request)) => self.rewind(reader, request),
                Ok(Command::Audited(verdict)) => self.audited(verdict),
                Ok(Command::Halt(reason)) => self.phase.halt(reason),
                Ok(Command::Stop) | Err(mpsc::TryRecvError::Disconnected) => return ControlFlow::Break(()),
                Err(mpsc::TryRecvError::Empty) => return ControlFlow::Continue(()),
            }
        }
    }

    /// Goes by what was found of the registry: nothing is read while it contradicts the store.
    fn audited(&mut self, verdict: Verdict) {
        let lost = verdict.lost().to_vec();
        self.progress.send_if_modified(|progress| {
            let changed = progress.lost_schemas != lost;
            progress.lost_schemas = lost;
            changed
        });
        match verdict {
            Verdict::Conflicts { reason } => self.phase.suspend(reason),
            Verdict::NotChecked => {}
            Verdict::Matches { .. } | Verdict::SchemasLost { .. } => self.phase.resume(),
        }
    }

    /// What is known came from the old topic, so nothing of the new one may be read or written on the strength of it. Where
    /// nothing was read yet, there is nothing to mistake.
    fn topic_recreated(&mut self) {
        match self.runtime.block_on(self.store.partitions()) {
            Ok(rows) if rows.values().all(|row| row.next == 0) => {
                self.phase.request_restart(RestartReason::TopicRecreated);
            }
            Ok(_) => {
                let topic = self.settings.topic.name.clone();
                self.phase.halt(TopicConflict::Recreated { topic }.to_string());
            }
            Err(error) => self.phase.halt(format!(
                "the topic was recreated, and the store cannot be read: {error:#}"
            )),
        }
    }

    fn rewind(&mut self, reader: &LogReader, request: Rewind) {
        if self.phase.is_reading() {
            rewind(
                request,
                &mut self.partitions,
                &self.store,
                &self.runtime,
                &mut self.processor.handler,
                reader,
            );
        }
    }

    fn resume_due(&mut self, reader: &LogReader) {
        let answers = self.lookup.take_answers().unwrap_or_else(|conflict| {
            self.phase.suspend(conflict.to_string());
            Vec::new()
        });
        pauses::resume_due(
            &mut self.partitions,
            &answers,
            &mut self.lookup,
            &self.connection,
            self.settings.unknown_schema_grace,
            reader,
        );
    }

    fn process(&mut self, reader: &LogReader, batch: &[LogEvent<'_>]) {
        let partitioning = Partitioning {
            partitioner: self.settings.cluster.partitioner,
            partitions: i32::try_from(self.partitions.count()).unwrap_or(i32::MAX),
        };
        let remembers_keys = self.settings.max_idempotency_keys > 0;
        let collected = collect(
            batch,
            reader.topic(),
            partitioning,
            remembers_keys,
            &mut self.partitions,
            &self.lookup,
        );
        let Collected { batches, restart } = match collected {
            Ok(collected) => collected,
            Err(conflict) => return self.phase.halt(conflict.to_string()),
        };
        if let Some(reason) = restart {
            self.phase.request_restart(reason);
        }
        for (partition, result) in self.processor.process(batch, batches, partitioning) {
            match result {
                Ok(committed) => self.accept(reader, partition, committed),
                Err(failure) => {
                    let pause = Pause::new(PauseReason::failure(failure.to_string()), None);
                    self.partitions.pause(partition, pause, reader);
                }
            }
        }
    }

    /// Takes over what was committed, and then notifies those who wait for it.
    fn accept(&mut self, reader: &LogReader, partition: i32, committed: Committed) {
        let Some(state) = self.partitions.get(partition) else {
            return;
        };
        let (before, after) = (state.row().counters, committed.row.counters);
        let wait = state.commit(committed.row, committed.ending);
        self.reporter.count(&before, &after);
        self.reporter.log_caught_up(&self.partitions);
        match wait {
            Some(wait) => pauses::await_schemas(&mut self.partitions, partition, wait, &mut self.lookup, reader),
            None => self.partitions.publish(partition),
        }
        self.waiters.notify(committed.outcomes, committed.versions);
    }

    fn report(&mut self, reader: &LogReader) {
        if !self.phase.is_halted() {
            commit_offsets(&self.partitions, reader);
        }
        let keys = (self.settings.max_idempotency_keys > 0).then(|| self.store.key_count());
        let registry = self.lookup.registry().reachability();
        self.reporter.report(&self.partitions, &self.connection, registry, keys);
    }

    /// A topic to which partitions were added has orders in two of them.
    fn check_partition_count(&mut self) {
        let had = self.partitions.count();
        if let Some(has) = self.connection.partition_count().filter(|has| had > 0 && *has > had) {
            let count = |partitions| i32::try_from(partitions).unwrap_or(i32::MAX);
            let conflict = TopicConflict::PartitionCount {
                topic: self.settings.topic.name.clone(),
                has: count(has),
                had: count(had),
            };
            self.phase.halt(conflict.to_string());
        }
    }
}
