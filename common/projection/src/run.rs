//! The projection's thread: begin, read, obey. What a batch does is in [`super::batch`], what
//! waits and goes on in [`super::holds`], what is shown in [`super::show`].

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use orderlog_kafka::connection::ConnectionState;
use orderlog_kafka::log_reader::{LogEvent, LogReader};
use orderlog_runtime::crash_point::{self, Point};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::lookup::Lookup;
use super::part::Part;
use super::prepare::{NotReady, Prepared, prepare};
use super::progress::Progress;
use super::rejections::RejectionHandler;
use super::waiters::Waiters;
use super::{Command, Settings};
use crate::schema_id_audit::Verdict;
use crate::store::Store;

/// Most records of one batch: bounds what is held in memory and how long a commit takes.
const MOST: usize = 2_000;
/// How long the registry is waited for at the start, before the first record is read as what its schema id meant before.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// Between two tries to begin.
const RETRY: Duration = Duration::from_millis(500);
/// Between two times that progress is shown in Kafka and in metrics.
const SHOW_EVERY: Duration = Duration::from_secs(2);

/// All that the thread owns, but for the reader: its records are borrowed while the rest changes.
pub(super) struct Runner<U> {
    pub(super) settings: Settings,
    pub(super) store: Store,
    pub(super) lookup: Lookup,
    pub(super) waiters: Waiters,
    pub(super) progress: watch::Sender<Progress>,
    pub(super) connection: ConnectionState,
    pub(super) unusables: U,
    pub(super) parts: Vec<Part>,
    pub(super) halted: bool,
    /// Whether nothing is read for now, because the schema registry contradicts the store.
    pub(super) suspended: bool,
    /// Why to begin anew: the broker has refused an offset or has not got the topic, or what came was dropped for a while.
    pub(super) lost: Option<&'static str>,
    /// Whether it was told that every partition's end was met.
    pub(super) told_caught_up: bool,
    /// Whether the broker was heard when that was last looked at.
    pub(super) heard: bool,
    pub(super) shown: Instant,
}

/// Why reading ended.
enum Ended {
    /// It was told to.
    Stopped,
    /// It has to begin anew.
    Lost(&'static str),
}

impl<U: RejectionHandler> Runner<U> {
    pub fn new(
        settings: Settings,
        store: Store,
        lookup: Lookup,
        waiters: Waiters,
        progress: watch::Sender<Progress>,
        connection: ConnectionState,
        unusables: U,
    ) -> Self {
        progress.send_modify(|progress| progress.starting = Some("starting".to_owned()));
        Self {
            settings,
            store,
            lookup,
            waiters,
            progress,
            connection,
            unusables,
            parts: Vec::new(),
            halted: false,
            suspended: false,
            lost: None,
            told_caught_up: false,
            heard: false,
            shown: Instant::now(),
        }
    }

    /// Runs until it is told to stop. A panic leaves a reason behind for those who ask until the service has ended.
    ///
    /// # Panics
    /// When a part of it has.
    pub fn run(mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>, runtime: &Handle) {
        let ran = catch_unwind(AssertUnwindSafe(|| self.read_on(reader, commands, runtime)));
        if ran.is_err() {
            self.halt("the projection panicked; see the log. Restart the service".to_owned());
        }
        self.waiters.close();
        if let Err(panic) = ran {
            resume_unwind(panic);
        }
    }

    fn read_on(&mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>, runtime: &Handle) {
        let mut patience = FIRST_LOOK;
        while self.begin(reader, commands, runtime, patience) {
            match self.read(reader, commands) {
                Ended::Stopped => return,
                Ended::Lost(why) => tracing::warn!(kafka.topic = reader.topic(), why, "looking for the topic anew"),
            }
            // What is asked of a broker waits behind a fetch that waits for records, half a second each time.
            if let Err(error) = reader.assign([]) {
                tracing::warn!(
                    kafka.topic = reader.topic(),
                    error = format!("{error:#}"),
                    "reading goes on meanwhile"
                );
            }
            // What an operator has allowed, or the start may do, holds for the start only: a topic that is cut off or
            // deleted while we run is for an operator to judge.
            self.settings.accept_truncated = false;
            self.settings.create_topics = false;
            patience = RETRY;
        }
    }

    /// Tries until reading can begin, and waits so long for a command before. Returns whether it can.
    fn begin(
        &mut self,
        reader: &LogReader,
        commands: &mpsc::Receiver<Command>,
        runtime: &Handle,
        mut patience: Duration,
    ) -> bool {
        loop {
            match commands.recv_timeout(patience) {
                Ok(Command::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return false,
                Ok(Command::Halt(reason)) => {
                    self.progress.send_modify(|progress| progress.starting = None);
                    self.halt(reason);
                    return true;
                }
                // Every look at the registry ends with this, so the first one is over then.
                Ok(Command::Audited(verdict)) => self.audited(verdict),
                Ok(Command::Reread(_)) | Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
            patience = RETRY;
            // Where the registry contradicts the store, nothing is read from the first record on.
            let prepared = if self.suspended {
                None
            } else {
                Some(self.prepare(reader, runtime))
            };
            match prepared {
                None => {}
                Some(Ok(prepared)) => {
                    // Told by the client on the way. Where nothing was read, this is the new topic, and there is nothing to
                    // begin anew for.
                    if reader.serve() {
                        self.meet_new_topic();
                        self.lost = None;
                    }
                    if self.halted {
                        self.progress.send_modify(|progress| progress.starting = None);
                    } else {
                        self.start_reading(reader, prepared);
                    }
                    return true;
                }
                Some(Err(NotReady::Yet(reason))) => {
                    let news = self.progress.borrow().starting.as_ref() != Some(&reason);
                    if news {
                        tracing::warn!(kafka.topic = self.settings.topic.name, reason, "not reading yet");
                    }
                    self.progress.send_modify(|progress| progress.starting = Some(reason));
                }
                Some(Err(NotReady::Halt(reason))) => {
                    self.progress.send_modify(|progress| progress.starting = None);
                    self.halt(reason);
                    return true;
                }
            }
            if reader.serve() {
                self.meet_new_topic();
                self.lost = None;
            }
            if self.halted {
                self.progress.send_modify(|progress| progress.starting = None);
                return true;
            }
        }
    }

    fn prepare(&mut self, reader: &LogReader, runtime: &Handle) -> Result<Prepared, NotReady> {
        self.unusables.prepare().map_err(|e| NotReady::Yet(format!("{e:#}")))?;
        prepare(&self.settings, reader, &self.store, runtime)
    }

    fn start_reading(&mut self, reader: &LogReader, prepared: Prepared) {
        let from: Vec<_> = (0..)
            .zip(&prepared.begins)
            .map(|(partition, begin)| (partition, begin.from))
            .collect();
        // Some may be on hold from before; where they begin now, they are judged anew.
        for (partition, _) in (0..).zip(&self.parts).filter(|(_, part)| part.hold.is_some()) {
            reader.resume(partition);
        }
        // Whatever made it begin anew.
        self.lost = None;
        let caught_up: Vec<bool> = self.parts.iter().map(Part::is_caught_up).collect();
        let was = |n: usize| caught_up.get(n).copied().unwrap_or(false);
        self.parts = prepared
            .begins
            .into_iter()
            .enumerate()
            .map(|(n, begin)| Part::new(begin, was(n)))
            .collect();
        self.progress.send_modify(|progress| {
            progress.starting = None;
            progress.warnings = prepared.warnings;
            progress.partitions = self.parts.iter().map(Part::progress).collect();
        });
        if let Err(error) = reader.assign(from) {
            self.halt(format!("the topic cannot be read: {error:#}"));
        }
    }

    /// Reads until it is told to stop, or has to begin anew.
    fn read(&mut self, reader: &LogReader, commands: &mpsc::Receiver<Command>) -> Ended {
        loop {
            loop {
                match commands.try_recv() {
                    Ok(Command::Reread(reread)) => self.reread(reader, reread),
                    Ok(Command::Audited(verdict)) => self.audited(verdict),
                    Ok(Command::Halt(reason)) => self.halt(reason),
                    Ok(Command::Stop) | Err(mpsc::TryRecvError::Disconnected) => {
                        self.show(reader);
                        return Ended::Stopped;
                    }
                    Err(mpsc::TryRecvError::Empty) => break,
                }
            }
            // Before anything is read: the client stands behind what came while nothing was read.
            if let Some(why) = self.begins_anew() {
                return Ended::Lost(why);
            }
            crash_point::reached(Point::ProjectionTurn);
            self.release(reader);
            let batch = reader.next_batch(MOST, self.patience());
            // A projection that has stopped reading goes on polling, which keeps the link to the broker known, and drops what
            // it reads.
            if !batch.is_empty() && self.reads() {
                self.process(reader, &batch);
            } else if !self.halted && batch.iter().any(|seen| matches!(seen, LogEvent::TopicRecreated)) {
                // It is told once.
                self.meet_new_topic();
            }
            drop(batch);
            self.pass_over_markers();
            if let Some(why) = self.begins_anew() {
                return Ended::Lost(why);
            }
            self.unusables.tick();
            if self.shown.elapsed() > SHOW_EVERY {
                self.show(reader);
                self.check_partition_count();
            }
        }
    }

    /// A topic that has got more partitions has orders in two of them.
    fn check_partition_count(&mut self) {
        let had = self.parts.len();
        if let Some(has) = self.connection.partition_count().filter(|has| had > 0 && *has > had) {
            self.halt(super::prepare::other_count(&self.settings.topic.name, has, had));
        }
    }

    /// Why to begin anew now. It is for when reading goes on.
    fn begins_anew(&mut self) -> Option<&'static str> {
        if self.reads() { self.lost.take() } else { None }
    }

    /// Whether what comes is read: it is neither halted nor suspended.
    pub(super) fn reads(&self) -> bool {
        !self.halted && !self.suspended
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
            Verdict::Conflicts { reason } => self.suspend(reason),
            Verdict::NotChecked => {}
            Verdict::Matches { .. } | Verdict::SchemasLost { .. } if self.suspended => {
                tracing::info!(kafka.topic = self.settings.topic.name, "consumption resumed");
                self.suspended = false;
                self.progress.send_modify(|progress| progress.suspended = None);
                // What came meanwhile was dropped.
                self.lost = Some("the schema registry agrees with the store again");
            }
            Verdict::Matches { .. } | Verdict::SchemasLost { .. } => {}
        }
    }

    /// Reads nothing more until the registry agrees with the store again.
    pub(super) fn suspend(&mut self, reason: String) {
        let begins = !std::mem::replace(&mut self.suspended, true);
        if begins {
            tracing::error!(kafka.topic = self.settings.topic.name, reason, "consumption suspended");
        }
        self.progress.send_if_modified(|progress| {
            let news = progress.suspended.as_ref() != Some(&reason);
            progress.suspended = Some(reason);
            progress.starting = None;
            news
        });
        if begins {
            // What they wait for may be read after the registry is back, and after their time. They are told why.
            self.waiters.give_up_events();
        }
    }

    pub(super) fn halt(&mut self, reason: String) {
        if !std::mem::replace(&mut self.halted, true) {
            // Whoever keeps the store has said it already when it is about that.
            if self.progress.borrow().halted.as_ref() != Some(&reason) {
                tracing::error!(kafka.topic = self.settings.topic.name, reason, "consumption halted");
            }
            self.progress.send_modify(|progress| progress.halted = Some(reason));
            self.waiters.close();
        }
    }

    pub(super) fn part(&mut self, partition: i32) -> Option<&mut Part> {
        self.parts.get_mut(usize::try_from(partition).ok()?)
    }

    pub(super) fn publish(&mut self, partition: i32) {
        let Some(now) = self.part(partition).map(|part| part.progress()) else {
            return;
        };
        self.progress.send_modify(|progress| {
            if let Some(shown) = usize::try_from(partition)
                .ok()
                .and_then(|n| progress.partitions.get_mut(n))
            {
                *shown = now;
            }
        });
    }
}
