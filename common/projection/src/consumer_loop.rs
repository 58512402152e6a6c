//! The projection's thread: it starts, reads, and handles control messages. The phases and the steps between them are
//! in [`phase`](crate::phase); batches are processed in [`topic_reader`](crate::topic_reader).

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use orderlog_kafka::log_reader::{LogEvent, LogReader};
use orderlog_runtime::crash_point::{self, Point};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::control_message::ControlMessage;
use crate::phase::{PhaseOwner, RestartReason};
use crate::prepare::{Prepared, prepare};
use crate::progress::Progress;
use crate::rejections::RejectionHandler;
use crate::schema_id_audit::Verdict;
use crate::settings::Settings;
use crate::start_error::StartError;
use crate::store::Store;
use crate::topic_conflict::TopicConflict;
use crate::topic_reader::TopicReader;

/// Maximum number of records in a batch: bounds how long a commit takes and how much is held in memory: the records,
/// and the state of each order that they name.
const MAX_BATCH_RECORDS: usize = 2_000;
/// How long to wait for the registry at startup. After that, records are read with the schemas that their ids meant
/// before.
const FIRST_AUDIT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long no broker may be connected at the start before that is logged.
const CONNECT_GRACE: Duration = Duration::from_secs(1);
/// Delay between two attempts to start.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// The projection's thread, except for the Kafka client, whose records are borrowed while the rest changes.
pub(crate) struct ConsumerLoop<H> {
    pub settings: Settings,
    pub runtime: Handle,
    pub store: Store,
    pub progress: watch::Sender<Progress>,
    pub phase: PhaseOwner,
    pub topic: TopicReader<H>,
    /// When it was created.
    pub created: Instant,
}

/// Why reading ended.
enum LoopExit {
    /// A control message said so.
    Stopped,
    /// Consumption has to be restarted.
    Restart(RestartReason),
}

impl<H: RejectionHandler> ConsumerLoop<H> {
    /// Runs until it is stopped. A panic is reported as the reason for the halt until the service has exited.
    ///
    /// # Panics
    /// When anything in it panics.
    pub fn run(mut self, reader: &LogReader, control: &Receiver<ControlMessage>) {
        let ran = catch_unwind(AssertUnwindSafe(|| self.start_and_read(reader, control)));
        if ran.is_err() {
            self.phase
                .halt("the projection panicked; see the log. Restart the service".to_owned());
        }
        self.phase.end();
        if let Err(panic) = ran {
            resume_unwind(panic);
        }
    }

    fn start_and_read(&mut self, reader: &LogReader, control: &Receiver<ControlMessage>) {
        let mut delay = FIRST_AUDIT_TIMEOUT;
        while self.start(reader, control, delay).is_continue() {
            match self.read(reader, control) {
                LoopExit::Stopped => return,
                LoopExit::Restart(reason) => {
                    tracing::warn!(kafka.topic = reader.topic(), %reason, "restarting consumption");
                }
            }
            // A request to a broker is queued behind a long-polling fetch, for up to half a second each time.
            if let Err(error) = self.topic.stop(reader) {
                tracing::warn!(
                    kafka.topic = reader.topic(),
                    error = format!("{error:#}"),
                    "unassigning partitions failed"
                );
            }
            // These permissions apply to startup only: if a topic is truncated or deleted while we run, an operator
            // has to decide.
            self.settings.accept_truncated = false;
            self.settings.rebuild = false;
            self.settings.create_topics = false;
            delay = RETRY_DELAY;
        }
    }

    /// Retries until reading has begun or is halted; waits for a control message before each attempt. Breaks on `Stop`.
    fn start(
        &mut self,
        reader: &LogReader,
        control: &Receiver<ControlMessage>,
        first_delay: Duration,
    ) -> ControlFlow<()> {
        let mut delay = first_delay;
        while self.phase.is_starting() {
            match control.recv_timeout(delay) {
                Ok(ControlMessage::Stop) | Err(RecvTimeoutError::Disconnected) => return ControlFlow::Break(()),
                Ok(ControlMessage::Halt(reason)) => {
                    self.phase.halt(reason);
                    break;
                }
                // Every audit ends with this message, so the first one is done.
                Ok(ControlMessage::Audited(verdict)) => self.audited(verdict),
                Ok(ControlMessage::Rewind(_) | ControlMessage::Resume(_)) | Err(RecvTimeoutError::Timeout) => {}
            }
            delay = RETRY_DELAY;
            self.try_start(reader);
        }
        ControlFlow::Continue(())
    }

    fn try_start(&mut self, reader: &LogReader) {
        // While the registry contradicts the store, not even the first record is read.
        let prepared = if self.phase.is_suspended() {
            None
        } else {
            Some(self.prepare(reader))
        };
        if let Some(Err(StartError::Halt(error))) = prepared {
            return self.phase.halt(format!("{error:#}"));
        }
        if !matches!(prepared, Some(Ok(_))) {
            self.topic.handler().idle();
        }
        // The client may have noticed it in the meantime.
        if reader.serve() {
            self.topic_recreated();
        }
        match prepared {
            _ if self.phase.is_halted() => {}
            None => {}
            Some(Ok(prepared)) => self.start_reading(reader, prepared),
            // Connecting may take a moment; health says so meanwhile.
            Some(Err(StartError::Disconnected(_))) if self.created.elapsed() < CONNECT_GRACE => {}
            Some(Err(start_error)) => self.phase.start_failed(format!("{start_error:#}")),
        }
    }

    fn prepare(&mut self, reader: &LogReader) -> Result<Prepared, StartError> {
        let handler = self.topic.handler();
        prepare(&self.settings, reader, &self.store, &self.runtime, || handler.prepare())
    }

    fn start_reading(&mut self, reader: &LogReader, prepared: Prepared) {
        let Prepared { starts, warnings } = prepared;
        self.progress.send_modify(|progress| progress.warnings = warnings);
        let started = self.topic.start(starts, reader);
        // Only after the partitions: what was known about them before must not pass for what has been read now.
        self.phase.reading();
        if let Err(error) = started {
            self.phase.halt(format!("the topic cannot be consumed: {error:#}"));
        }
    }

    /// Reads until it is stopped or has to restart.
    fn read(&mut self, reader: &LogReader, control: &Receiver<ControlMessage>) -> LoopExit {
        loop {
            if self.handle_control(reader, control).is_break() {
                self.report(reader);
                return LoopExit::Stopped;
            }
            // Before anything is read: the client has moved past the records that were dropped meanwhile.
            if let Some(reason) = self.phase.restart() {
                return LoopExit::Restart(reason);
            }
            crash_point::reached(Point::ProjectionTurn);
            if let Err(conflict) = self.topic.resume_due(reader) {
                self.phase.suspend(conflict.to_string());
            }
            let batch = reader.next_batch(MAX_BATCH_RECORDS, self.topic.poll_timeout());
            self.take(reader, &batch);
            drop(batch);
            if !self.phase.is_halted() {
                self.topic.skip_markers();
            }
            if let Some(reason) = self.phase.restart() {
                return LoopExit::Restart(reason);
            }
            self.topic.handler().tick();
            if self.topic.is_report_due() {
                self.report(reader);
                if let Err(conflict) = self.topic.check_partition_count() {
                    self.phase.halt(conflict.to_string());
                }
            }
        }
    }

    /// Handles pending control messages. Breaks on `Stop`.
    fn handle_control(&mut self, reader: &LogReader, control: &Receiver<ControlMessage>) -> ControlFlow<()> {
        loop {
            match control.try_recv() {
                Ok(ControlMessage::Rewind(request)) if self.phase.is_reading() => self.topic.rewind(request, reader),
                Ok(ControlMessage::Resume(request)) if self.phase.is_reading() => self.topic.resume(request, reader),
                Ok(ControlMessage::Rewind(_) | ControlMessage::Resume(_)) => {}
                Ok(ControlMessage::Audited(verdict)) => self.audited(verdict),
                Ok(ControlMessage::Halt(reason)) => self.phase.halt(reason),
                Ok(ControlMessage::Stop) | Err(TryRecvError::Disconnected) => return ControlFlow::Break(()),
                Err(TryRecvError::Empty) => return ControlFlow::Continue(()),
            }
        }
    }

    /// Processes a batch. While nothing is to be read, polling continues to keep the connection's state up to date, and
    /// the records are dropped.
    fn take(&mut self, reader: &LogReader, batch: &[LogEvent<'_>]) {
        // The client reports this only once, so it is not dropped.
        let is_recreated = batch.iter().any(|event| matches!(event, LogEvent::TopicRecreated));
        if is_recreated && !self.phase.is_halted() {
            return self.topic_recreated();
        }
        if batch.is_empty() || !self.phase.is_reading() {
            return;
        }
        match self.topic.process(batch, reader) {
            Ok(None) => {}
            Ok(Some(reason)) => self.phase.request_restart(reason),
            Err(conflict) => self.phase.halt(conflict.to_string()),
        }
    }

    /// Acts on the result of an audit: nothing is read while the registry contradicts the store.
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

    /// The store's content comes from the old topic, so the new one must be neither read nor written based on it. If
    /// nothing was read yet, there is nothing to confuse.
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

    fn report(&mut self, reader: &LogReader) {
        let for_lag_tools = !self.phase.is_halted();
        self.topic.report(for_lag_tools, reader);
    }
}
